package dev.sluice.runtime;

import dev.sluice.runtime.cache.KvCache;
import dev.sluice.runtime.schedule.Job;
import dev.sluice.runtime.schedule.Scheduler;
import java.util.List;
import java.util.Optional;

/// Which of the chosen generations get how many rows in a step, and the pages for them. Engine
/// thread only.
final class StepPlanner {
    /// @param rows        of a step
    /// @param logitsRows  of those, that may ask for logits
    record Limits(int rows, int logitsRows) {}

    private final TokenLoop loop;
    private final LoopSetup setup;
    private final Limits limits;
    private final KvCache cache;
    private final Scheduler scheduler;
    private final Starts starts;
    private final Guesses guesses;
    /// Rows of this step that nobody has yet.
    private int budget;

    StepPlanner(TokenLoop loop, LoopSetup setup, Limits limits, Starts starts, Guesses guesses) {
        this.loop = loop;
        this.setup = setup;
        this.limits = limits;
        this.starts = starts;
        this.guesses = guesses;
        cache = setup.cache();
        scheduler = setup.scheduler();
    }

    /// Fills the plans of the first `count` generations of `serving`, which are in serving order.
    void plan(Generation[] serving, int count, long now) {
        fill(serving, count, now);
        if (!planned(serving, count)) {
            breakStandstill(serving, count);
        }
    }

    /// Gives rows and the pages for them. The order protects running answers: prompts take the rows
    /// that those leave, and a lane's started prompts go before its new ones.
    private void fill(Generation[] serving, int count, long now) {
        budget = limits.rows();
        for (int i = 0; i < count; i++) {
            if (serving[i].decoding()) {
                give(serving[i]);
            }
        }
        if (budget < limits.rows() || setup.turn().shared()) {
            // Others wait for their next token, or for their turn: a prompt's chunk must not take
            // too long.
            budget = Math.min(budget, setup.pace().rows());
        }
        int guessed = guesses.plan(
                serving, count, Math.min(budget, limits.logitsRows() - count));
        budget -= guessed;
        for (int i = 0; i < count && guessed > 0; i++) {
            reserveGuesses(serving[i]);
        }
        for (int lane = 0; lane < RequestHints.LANES && budget > 0; lane++) {
            for (int i = 0; i < count; i++) {
                Generation g = serving[i];
                if (g.request().hints().lane() == lane && g.attached() && !g.decoding()) {
                    give(g);
                }
            }
            for (int i = 0; i < count && budget > 0; i++) {
                Generation g = serving[i];
                if (g.request().hints().lane() == lane && !g.attached()
                        && starts.admit(g, now)) {
                    give(g);
                }
            }
        }
    }

    /// As many rows as are missing and left, if there are pages for them. Who gets none waits with
    /// what it has; the most worthy one always gets some, because everyone else has to give way.
    private void give(Generation g) {
        int given = Math.min(budget, g.missing());
        int end = g.sequence().length() + given;
        boolean ready = given > 0 && cache.reserve(g.sequence(), end);
        while (given > 0 && !ready) {
            Optional<Job> victim = scheduler.victim(g.job());
            if (victim.isEmpty()) {
                return;
            }
            preempt(loop.of(victim.get()));
            ready = cache.reserve(g.sequence(), end);
        }
        g.plan().rows = given;
        budget -= given;
    }

    private static boolean planned(Generation[] serving, int count) {
        boolean any = false;
        for (int i = 0; i < count; i++) {
            any |= serving[i].plan().rows > 0;
        }
        return any;
    }

    /// Those who were chosen may lack pages that older ones have who were not: the order in which
    /// jobs are served and the order in which they give way differ. Then the first who was chosen
    /// gets its pages from whoever has some, the youngest first.
    private void breakStandstill(Generation[] serving, int count) {
        List<Generation> open = loop.open();
        for (int i = 0; i < count; i++) {
            Generation g = serving[i];
            for (int k = open.size() - 1; k >= 0 && g.attached(); k--) {
                if (open.get(k) != g && open.get(k).attached()) {
                    preempt(open.get(k));
                    give(g);
                }
                if (g.plan().rows > 0) {
                    return;
                }
            }
        }
    }

    /// Nobody gives way to a guess.
    private void reserveGuesses(Generation g) {
        Generation.Plan plan = g.plan();
        if (plan.guesses > 0 && !cache.reserve(
                g.sequence(), g.sequence().length() + plan.rows + plan.guesses)) {
            budget += plan.guesses;
            plan.guesses = 0;
        }
    }

    private void preempt(Generation g) {
        budget += g.plan().rows + g.plan().guesses;
        loop.preempt(g);
    }
}
