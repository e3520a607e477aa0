package dev.sluice.runtime;

import dev.sluice.models.CausalLm;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.TokenEvent.Failed;
import dev.sluice.runtime.TokenEvent.Failure;
import dev.sluice.runtime.TokenEvent.Finished;
import dev.sluice.runtime.cache.KvCache;
import dev.sluice.runtime.cache.KvSequence;
import dev.sluice.runtime.schedule.Job;
import dev.sluice.runtime.schedule.Scheduler;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/// The token loop: from accepted requests to the events that end them. Engine thread only.
///
///     one step   who left or is too late ends; who waited for another's prefix may go on
///                choose    the scheduler's jobs, in serving order
///                plan      a row for each decode, then guesses, then chunks of started prompts,
///                          then new ones with what the cache has of them
///                reserve   pages for these rows; under pressure someone gives its pages up
///                forward   one ragged batch of (token, position, slot)
///                settle    keep what was computed; draw, tell the reader, see if it ends
///
/// A chunk of a prompt, a decoded token and the check of a guess go the same way. What a sequence
/// gets does not depend on its company: the model's rows are independent bit for bit, and draws are
/// keyed by position (kv-cache.md section 9).
final class TokenLoop {
    /// A step of so many rows is mostly prompts, and tells what recomputing them costs.
    private static final int PROMPT_ROWS = 64;
    private final LoopSetup setup;
    private final KvCache cache;
    private final Scheduler scheduler;
    private final StepRows rows;
    private final Starts starts;
    private final StepPlanner planner;
    private final TokenWriter writer;
    private final StatsBoard stats;
    /// Accepted and not ended, oldest first.
    private final List<Generation> open = new ArrayList<>();
    private final Map<Job, Generation> byJob = new IdentityHashMap<>();
    private final Job[] chosen;
    private final Job[] expired;
    private final Generation[] serving;

    TokenLoop(CausalLm model, Tokenizer tokenizer, LoopSetup setup) {
        this.setup = setup;
        cache = setup.cache();
        scheduler = setup.scheduler();
        stats = setup.stats();
        rows = new StepRows(model, setup.parallel());
        starts = new Starts(setup, open, model.kvPlan().pageSize());
        writer = new TokenWriter(model, tokenizer, setup, rows.logits());
        var guesses = new Guesses(setup.drafter(), cache.contextLimit(), setup.parallel(),
                writer.vocab());
        model.pauseBetweenLayers(setup.turn()::pause);
        planner = new StepPlanner(this, setup, new StepPlanner.Limits(
                model.maxRows(), rows.logitsRowsMax()), starts, guesses);
        chosen = new Job[setup.parallel()];
        expired = new Job[setup.parallel()];
        serving = new Generation[setup.parallel()];
    }

    /// Token ids that may occur, from 0 to this, exclusive.
    int vocab() { return writer.vocab(); }

    /// Ends the threads that draw, and its turns.
    void close() {
        setup.turn().close();
        writer.close();
    }

    /// Takes a request with all its choices: the first computes the prompt, the others go on from
    /// there.
    void accept(Generation first, List<Generation> siblings) {
        Branches.resume(cache, first.branch());
        first.siblings(siblings);
        open.add(first);
        open.addAll(siblings);
        arrive(first);
    }

    private void arrive(Generation g) {
        byJob.put(g.job(), g);
        int room = cache.contextLimit() - g.history().size();
        int decoded = scheduler.decodeEstimate(
                g.job().hints(), Math.min(room, g.request().maxTokens()));
        g.expect(decoded);
        scheduler.arrive(g.job(), g.missing(), decoded);
    }

    boolean idle() { return open.isEmpty(); }

    /// Accepted and not ended, oldest first.
    List<Generation> open() { return open; }

    Generation of(Job job) { return byJob.get(job); }

    /// One step, when it is this engine's turn. Returns whether any row ran; if none did and the
    /// loop is not idle, everyone waits for a tier.
    boolean step() {
        setup.turn().begin();
        boolean ran = runStep();
        setup.turn().end(ran && !idle());
        return ran;
    }

    private boolean runStep() {
        long now = setup.clock().getAsLong();
        endLeavers(now);
        starts.refresh();
        for (int i = 0; i < rows.count(); i++) {
            rows.generation(i).plan().clear();
        }
        rows.clear();
        int count = scheduler.choose(now, chosen);
        for (int i = 0; i < count; i++) {
            serving[i] = byJob.get(chosen[i]);
        }
        planner.plan(serving, count, now);
        for (int i = 0; i < count; i++) {
            if (serving[i].plan().rows > 0) {
                rows.add(serving[i]);
            }
        }
        if (rows.count() > 0) {
            long begin = setup.clock().getAsLong();
            long away = setup.turn().awayNanos();
            rows.forward();
            away = setup.turn().awayNanos() - away;
            long ran = setup.clock().getAsLong() - begin - away;
            stats.modelRan(ran);
            charge(ran);
            if (rows.rowCount() >= PROMPT_ROWS) {
                cache.prefillMeasured(rows.rowCount(), ran);
            }
            setup.pace().measured(rows.rowCount(), setup.clock().getAsLong() - now - away);
            writer.draw(rows);
            for (int i = 0; i < rows.count(); i++) {
                settle(rows.generation(i));
            }
        }
        stats.stepped(setup.clock().getAsLong() - now, rows, open.size());
        setup.observer().stepped(this);
        return rows.count() > 0;
    }

    private void charge(long nanos) {
        for (int i = 0; i < rows.count(); i++) {
            Generation g = rows.generation(i);
            g.progress().ran(nanos, g.plan().rows + g.plan().guesses, rows.rowCount());
        }
    }

    /// Takes a sequence's pages. Nothing is lost: its tokens stay, the tree keeps what it can, and
    /// what is computed again has the same bits.
    void preempt(Generation g) {
        g.plan().clear();
        cache.release(g.sequence());
        g.attached(false);
        g.progress().preempted();
        starts.preempted(g);
        stats.preempted();
        scheduler.preempted(g.job(), g.missing());
    }

    private void settle(Generation g) {
        Generation.Plan plan = g.plan();
        KvSequence sequence = g.sequence();
        int from = sequence.length();
        boolean prompt = g.progress().drawn() == 0;
        if (plan.rows < g.missing()) {
            cache.commit(sequence, g.history().tokenIds(), from, from + plan.rows);
            scheduler.served(g.job(), plan.rows, 0);
            if (prompt) {
                g.stream().computed(sequence.length());
            }
            return;
        }
        int before = g.progress().drawn();
        int right = 0;
        if (plan.guesses == 0) {
            cache.commit(sequence, g.history().tokenIds(), from, from + plan.rows);
            if (prompt) {
                if (g.followed()) {
                    // Only then, because a published page is copied before it is written on.
                    cache.publish(sequence);
                }
                forkSiblings(g, plan.logitsRow);
            }
            writer.draw(g, plan.logitsRow);
        } else {
            right = check(g);
            cache.commit(sequence, g.history().tokenIds(), from, from + plan.rows + right);
            if (right < plan.guesses) {
                cache.truncate(sequence, sequence.length());
            }
        }
        int drawn = g.progress().drawn() - before;
        scheduler.served(g.job(), plan.rows > 1 || prompt ? plan.rows : 0, drawn);
        stats.drawn(drawn, plan.guesses, right);
        endIfDone(g);
    }

    /// Draws behind each guess as long as the guesses are what was drawn, so the tokens are those
    /// of plain decoding (Leviathan and others, arXiv 2211.17192, with the draw itself as the test:
    /// sampling.md section 8). Returns how many were right.
    private int check(Generation g) {
        Generation.Plan plan = g.plan();
        int right = 0;
        boolean more = writer.draw(g, plan.logitsRow);
        while (more && right < plan.guesses
                && g.history().get(g.history().size() - 1) == plan.guessed[right]) {
            right++;
            more = writer.draw(g, plan.logitsRow + right);
        }
        if (!more && right < plan.guesses
                && g.history().get(g.history().size() - 1) == plan.guessed[right]) {
            right++;
        }
        g.progress().guessed(plan.guesses, right);
        return right;
    }

    /// The other choices share the prompt's pages and draw from the same row of logits.
    private void forkSiblings(Generation first, int logitsRow) {
        for (Generation g : first.siblings()) {
            if (g.ended()) {
                continue;
            }
            cache.fork(first.sequence(), g.sequence());
            g.attached(true);
            g.progress().start(setup.clock().getAsLong(), first.request().promptIds().length);
            g.stream().cachedTokens(g.progress().cachedTokens());
            arrive(g);
            scheduler.attached(g.job(), 0);
            writer.draw(g, logitsRow);
            scheduler.served(g.job(), 0, 1);
            stats.drawn(1, 0, 0);
            endIfDone(g);
        }
        first.siblings(List.of());
    }

    private void endIfDone(Generation g) {
        if (g.ending().isPresent()) {
            end(g, g.ending().get());
        }
    }

    private void endLeavers(long now) {
        for (int i = open.size() - 1; i >= 0; i--) {
            Generation g = open.get(i);
            if (g.stream().cancelled()) {
                end(g, new Finished(FinishReason.CANCELLED, "", "", g.usage()));
            }
        }
        int late = scheduler.expired(now, expired);
        for (int i = 0; i < late; i++) {
            Generation g = byJob.get(expired[i]);
            end(g, new Finished(FinishReason.DEADLINE, "", "", g.usage()));
        }
    }

    /// The terminal event of a generation, after its pages are free.
    private void end(Generation g, TokenEvent event) {
        if (g.attached()) {
            starts.ended(g);
            cache.close(g.sequence());
            g.attached(false);
        }
        open.remove(g);
        g.end();
        if (byJob.remove(g.job()) != null) {
            leave(g, event);
        }
        setup.drafter().forget(g);
        passOn(g.siblings());
        g.branch().keep(g.history());
        stats.cache(cache.stats());
        setup.ended().run();
        g.stream().end(event);
    }

    private void leave(Generation g, TokenEvent event) {
        boolean byItself = event instanceof Finished last && switch (last.reason()) {
            case STOP, LENGTH, CONTEXT_FULL -> true;
            case CANCELLED, DEADLINE -> false;
        };
        if (byItself) {
            scheduler.finish(g.job());
        } else {
            scheduler.leave(g.job());
        }
    }

    /// Choices whose first one ended before its prompt was computed: the next takes its place.
    private void passOn(List<Generation> siblings) {
        var left = new ArrayList<Generation>();
        for (Generation g : siblings) {
            if (!g.ended()) {
                left.add(g);
            }
        }
        if (!left.isEmpty()) {
            Generation first = left.removeFirst();
            first.siblings(List.copyOf(left));
            arrive(first);
        }
    }

    /// Ends everything with one event each: the engine closes, or has failed. The readers are told
    /// before anything else is touched, which after a failure may fail too.
    void endAll(Failure failure, String message) {
        for (Generation g : open) {
            g.end();
            setup.ended().run();
            g.stream().end(new Failed(failure, message));
        }
        for (Generation g : open) {
            if (g.attached()) {
                cache.close(g.sequence());
                g.attached(false);
            }
        }
        open.clear();
        byJob.clear();
    }
}
