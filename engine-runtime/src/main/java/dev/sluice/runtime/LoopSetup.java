package dev.sluice.runtime;

import dev.sluice.models.CausalLm;
import dev.sluice.runtime.cache.KvCache;
import dev.sluice.runtime.schedule.PageQuotas;
import dev.sluice.runtime.schedule.Scheduler;
import dev.sluice.runtime.schedule.SchedulerOptions;
import dev.sluice.runtime.schedule.TokenBudget;
import java.util.function.LongSupplier;

/// What a [TokenLoop] is put together from.
///
/// @param parallel  most sequences in one step
/// @param samplerThreads  that draw tokens, the engine's among them
/// @param drafter   where guesses come from that are not looked up
/// @param quotas    of clients
/// @param pace      rows of a step that someone waits for the end of
/// @param turn      when steps may run, if other engines share the processors
/// @param clock     nanoseconds, as [System#nanoTime] counts them
/// @param ended     called once for each accepted generation, before its last event
record LoopSetup(KvCache cache, Scheduler scheduler, int parallel, int samplerThreads,
        Drafter drafter, PageQuotas quotas, TokenBudget pace, StepTurns.Turn turn, StatsBoard stats,
        LoopObserver observer, LongSupplier clock, Runnable ended) {

    private static final int SAMPLER_THREADS_MAX = 8;
    /// A smaller chunk of a prompt wastes the reading of the weights.
    private static final int ROWS_MIN = 64;

    /// The ordinary parts for a model, on the system's clock.
    static LoopSetup of(CausalLm model, KvCache cache, EngineOptions options, StatsBoard stats,
            LoopObserver observer) {
        int most = Math.min(model.maxSequences(), model.maxRows());
        if (options.parallel() > most) {
            throw new IllegalArgumentException("parallel=%d, the model takes %d sequences a step"
                    .formatted(options.parallel(), most));
        }
        int parallel = options.parallel() > 0 ? options.parallel() : most;
        var pace = new TokenBudget(options.stepNanos(),
                Math.min(model.maxRows(), ROWS_MIN), model.maxRows());
        SchedulerOptions plain = SchedulerOptions.of(parallel);
        var scheduler = new Scheduler(new SchedulerOptions(parallel, RequestHints.LANES,
                plain.oldestShare(), options.shares().clientWeights(), plain.clientSlots(),
                plain.promptCost(), plain.decodeCost(), plain.quantum(),
                plain.preemptionsMax()));
        return new LoopSetup(cache, scheduler, parallel, samplerThreads(parallel), Drafter.NONE,
                new PageQuotas(options.shares().pageQuotas()), pace, options.turn(), stats,
                observer, System::nanoTime, () -> { });
    }

    /// More threads than rows or processors do nothing, and a few are enough to stay below a
    /// hundredth of a step.
    private static int samplerThreads(int parallel) {
        return Math.clamp(Runtime.getRuntime().availableProcessors(), 1,
                Math.min(parallel, SAMPLER_THREADS_MAX));
    }

    LoopSetup withDrafter(Drafter source) {
        return new LoopSetup(cache, scheduler, parallel, samplerThreads, source, quotas, pace,
                turn, stats, observer, clock, ended);
    }

    LoopSetup withEnded(Runnable called) {
        return new LoopSetup(cache, scheduler, parallel, samplerThreads, drafter, quotas, pace,
                turn, stats, observer, clock, called);
    }
}
