package dev.sluice.runtime.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Decides which jobs get a slot in a step. Engine thread only; the same calls give the same
/// choices.
public final class Scheduler {
    private final SchedulerOptions options;
    private final List<Job> jobs = new ArrayList<>();
    private final List<Job> blocked = new ArrayList<>();

    public Scheduler(SchedulerOptions options) {
        this.options = options;
    }

    /// A job that may be chosen from now on.
    ///
    /// @param promptTokens   to run through the model before the first token, cache hits deducted
    /// @param decodeEstimate tokens it will decode, as far as known: see [#decodeEstimate]
    public void arrive(Job job, int promptTokens, int decodeEstimate) {
        jobs.add(job);
    }

    /// The job is over by itself: its length is learnt, and it leaves.
    public void finish(Job job) {
        leave(job);
    }

    /// The job is over: cancelled, failed, expired. It is not chosen again.
    public void leave(Job job) {
        jobs.remove(job);
        blocked.remove(job);
    }

    /// Fills `chosen` with the jobs of this step in serving order and returns how many, at most
    /// the number of slots. A job not chosen keeps its pages and gets no row.
    public int choose(long now, Job[] chosen) {
        int count = 0;
        for (int i = 0; i < jobs.size() && count < options.slots(); i++) {
            if (!blocked.contains(jobs.get(i))) {
                chosen[count++] = jobs.get(i);
            }
        }
        return count;
    }

    /// The job has pages from now on: at its start, or again after a preemption. In this step it
    /// is nobody's victim.
    ///
    /// @param promptTokens what is left to run through the model before its next token
    public void attached(Job job, int promptTokens) { }

    /// What the model did for the job in this step.
    public void served(Job job, int promptTokens, int decodedTokens) { }

    /// The job cannot go on until [#unblock]: another computes its prefix, a tier is read.
    public void block(Job job) {
        blocked.add(job);
    }

    public void unblock(Job job) {
        blocked.remove(job);
    }

    /// Who gives up its pages so that `needy` can go on, empty when `needy` has to wait: the
    /// youngest of the lowest lane of those that have pages and are worth less than `needy`. The
    /// caller takes the pages away and says so with [#preempted].
    public Optional<Job> victim(Job needy) {
        return Optional.empty();
    }

    /// The job lost its pages and waits; `promptTokens` as far as known, [#attached] corrects it.
    public void preempted(Job job, int promptTokens) { }

    /// Fills `expired` with jobs whose deadline is over, each once, and returns how many; what does
    /// not fit comes with the next call. They stay until the caller lets them [#leave].
    public int expired(long now, Job[] expired) {
        return 0;
    }

    /// How many tokens such a job will decode, learnt from those that finished.
    public int decodeEstimate(JobHints hints, int maxTokens) {
        return maxTokens;
    }

    /// Jobs that arrived and did not leave.
    public int size() { return jobs.size(); }
}
