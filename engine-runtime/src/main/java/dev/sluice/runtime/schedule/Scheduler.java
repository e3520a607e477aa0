package dev.sluice.runtime.schedule;

import java.util.Optional;

/// Decides which jobs get a slot in a step. Engine thread only; the same calls give the same
/// choices. An event costs O(log n), a choice O(slots log n), neither allocates.
///
///     5 % of the slots        the oldest job
///     then lane by lane       jobs whose deadline presses, earliest first
///                             else the client with the least service for its weight (VTC)
///                                  and of its jobs the one with the least work left
///
/// The order of a client's jobs is shortest estimated remaining operation first (op-SRPT): a
/// request is one operation of its program, known only when the one before has ended (flow time
/// with gradually revealed jobs, arXiv 2602.12716). The length of the prompt is known, that of the
/// answer estimated, and doubled each time it is overrun. Doubling classes of attained and
/// remaining service were tried on the traces of `FlowTimeTest` and left out: with them the mean
/// flow time was 1.38 instead of 1.31 times that of clairvoyant SRPT (seeds 0 to 4, sigma 0.5,
/// before calls counted for a program's rank).
public final class Scheduler {
    private final SchedulerOptions options;
    private final StepClock clock = new StepClock();
    private final Lane[] lanes;
    private final Programs programs = new Programs();
    private final Lengths lengths = new Lengths();
    private final Oldest oldest;
    private final Victims victims;
    private final Heap<Job> deadlines = new Heap<>(Job.BY_DEADLINE, Job::expiresBefore);
    private int size;
    private long sequence;
    private long step;

    public Scheduler(SchedulerOptions options) {
        this.options = options;
        lanes = new Lane[options.lanes()];
        for (int i = 0; i < lanes.length; i++) {
            lanes[i] = new Lane(options, clock);
        }
        oldest = new Oldest(options.oldestShare());
        victims = new Victims(options.preemptionsMax());
    }

    public SchedulerOptions options() { return options; }

    /// Jobs that arrived and did not leave.
    public int size() { return size; }

    /// How many tokens such a job will decode, learnt from those that finished.
    public int decodeEstimate(JobHints hints, int maxTokens) {
        return lengths.estimate(hints, maxTokens);
    }

    /// A job that may be chosen from now on.
    ///
    /// @param promptTokens   to run through the model before the first token, cache hits deducted
    /// @param decodeEstimate tokens it will decode, as far as known: see [#decodeEstimate]
    public void arrive(Job job, int promptTokens, int decodeEstimate) {
        int lane = job.hints().lane();
        if (lane >= lanes.length) {
            throw new IllegalArgumentException(
                    "lane=" + lane + ", allowed: 0 to " + (lanes.length - 1));
        }
        if (job.present) {
            throw new IllegalStateException("the job has already arrived");
        }
        job.present = true;
        job.sequence = ++sequence;
        job.program = programs.of(job);
        job.share = lanes[lane].share(job.hints().client());
        job.promptLeft = promptTokens;
        job.decodeEstimate = decodeEstimate;
        job.rank = rank(job);
        size++;
        if (job.hints().deadlineNanos() != JobHints.NO_DEADLINE) {
            deadlines.add(job);
        }
        runnable(job);
    }

    private long rank(Job job) {
        return job.program.rank((long) options.promptCost() * job.promptLeft
                + (long) options.decodeCost() * job.decodeLeft());
    }

    private void runnable(Job job) {
        oldest.add(job);
        job.share.lane.add(job);
    }

    private void waiting(Job job) {
        oldest.remove(job);
        job.share.lane.remove(job);
    }

    /// The job is over by itself: its length is learnt, and it leaves.
    public void finish(Job job) {
        check(job);
        lengths.learn(job.hints(), job.decoded);
        leave(job);
    }

    /// The job is over: cancelled, failed, expired. It is not chosen again.
    public void leave(Job job) {
        check(job);
        job.present = false;
        size--;
        job.program.called();
        victims.remove(job);
        deadlines.remove(job);
        if (!job.blocked) {
            waiting(job);
        }
    }

    private static void check(Job job) {
        if (!job.present) {
            throw new IllegalStateException("the job is not there: it has left or never arrived");
        }
    }

    /// Fills `chosen` with the jobs of this step in serving order and returns how many, at most
    /// the number of slots. A job not chosen keeps its pages and gets no row.
    public int choose(long now, Job[] chosen) {
        step++;
        clock.step(now);
        int reserved = oldest.size() > options.slots()
                ? oldest.choose(chosen, options.slots())
                : 0;
        for (int i = 0; i < reserved; i++) {
            chosen[i].share.lane.take(chosen[i].share, chosen[i]);
        }
        int count = reserved;
        for (int i = 0; i < lanes.length; i++) {
            count = lanes[i].choose(now, chosen, count);
        }
        for (int i = 0; i < lanes.length; i++) {
            count = lanes[i].chooseThrottled(chosen, count);
        }
        for (int i = 0; i < count; i++) {
            chosen[i].share.lane.settle(chosen[i]);
        }
        for (int i = 0; i < lanes.length; i++) {
            lanes[i].end();
        }
        oldest.chosen(chosen, reserved, count);
        clock.serving(count > 0);
        return count;
    }

    /// The job has pages from now on: at its start, or again after a preemption. In this step it
    /// is nobody's victim.
    ///
    /// @param promptTokens what is left to run through the model before its next token
    public void attached(Job job, int promptTokens) {
        check(job);
        job.promptLeft = promptTokens;
        job.attachedStep = step;
        victims.add(job);
        reorder(job);
    }

    /// What the model did for the job in this step. A job that left in this step is not reported.
    public void served(Job job, int promptTokens, int decodedTokens) {
        check(job);
        job.promptLeft = Math.max(0, job.promptLeft - promptTokens);
        job.decoded += decodedTokens;
        if (job.decoded >= job.decodeEstimate) {
            job.decodeEstimate = 2 * Math.max(1, job.decoded);
        }
        if (promptTokens > 0) {
            clock.prompt(promptTokens);
        }
        long cost = (long) options.promptCost() * promptTokens
                + (long) options.decodeCost() * decodedTokens;
        job.share.lane.charge(job.share, cost);
        reorder(job);
    }

    private void reorder(Job job) {
        job.rank = rank(job);
        if (!job.blocked) {
            job.share.lane.update(job);
        }
    }

    /// The job cannot go on until [#unblock]: another computes its prefix, a tier is read.
    public void block(Job job) {
        check(job);
        if (!job.blocked) {
            job.blocked = true;
            waiting(job);
        }
    }

    public void unblock(Job job) {
        check(job);
        if (job.blocked) {
            job.blocked = false;
            runnable(job);
        }
    }

    /// Who gives up its pages so that `needy` can go on, empty when `needy` has to wait: the
    /// youngest of the lowest lane of those that have pages and are worth less than `needy`. The
    /// caller takes the pages away and says so with [#preempted].
    public Optional<Job> victim(Job needy) {
        check(needy);
        return victims.choose(needy, step);
    }

    /// The job lost its pages and waits; `promptTokens` as far as known, [#attached] corrects it.
    public void preempted(Job job, int promptTokens) {
        check(job);
        job.preemptions++;
        job.promptLeft = promptTokens;
        victims.remove(job);
        reorder(job);
    }

    /// Fills `expired` with jobs whose deadline is over, each once, and returns how many; what does
    /// not fit comes with the next call. They stay until the caller lets them [#leave].
    public int expired(long now, Job[] expired) {
        int count = 0;
        while (count < expired.length && !deadlines.isEmpty()
                && deadlines.first().hints().deadlineNanos() < now) {
            expired[count++] = deadlines.removeFirst();
        }
        return count;
    }
}
