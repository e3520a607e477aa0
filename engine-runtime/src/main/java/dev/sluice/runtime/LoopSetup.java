package dev.sluice.runtime;

import dev.sluice.models.CausalLm;
import dev.sluice.runtime.cache.KvCache;
import dev.sluice.runtime.schedule.Scheduler;
import dev.sluice.runtime.schedule.SchedulerOptions;
import java.util.function.LongSupplier;

/// What a [TokenLoop] is put together from.
///
/// @param parallel  most sequences in one step
/// @param drafter   where guesses come from that are not looked up
/// @param clock     nanoseconds, as [System#nanoTime] counts them
/// @param ended     called once for each accepted generation, before its last event
record LoopSetup(KvCache cache, Scheduler scheduler, int parallel, Drafter drafter,
        StatsBoard stats, LoopObserver observer, LongSupplier clock, Runnable ended) {

    /// The ordinary parts for a model, on the system's clock.
    static LoopSetup of(CausalLm model, KvCache cache, EngineOptions options, StatsBoard stats,
            LoopObserver observer) {
        int most = Math.min(model.maxSequences(), model.maxRows());
        if (options.parallel() > most) {
            throw new IllegalArgumentException("parallel=%d, the model takes %d sequences a step"
                    .formatted(options.parallel(), most));
        }
        int parallel = options.parallel() > 0 ? options.parallel() : most;
        SchedulerOptions plain = SchedulerOptions.of(parallel);
        var scheduler = new Scheduler(new SchedulerOptions(parallel, RequestHints.LANES,
                plain.oldestShare(), options.clientWeights(), plain.clientSlots(),
                plain.promptCost(), plain.decodeCost(), plain.quantum(),
                plain.preemptionsMax()));
        return new LoopSetup(cache, scheduler, parallel, Drafter.NONE, stats, observer,
                System::nanoTime, () -> { });
    }

    LoopSetup withDrafter(Drafter source) {
        return new LoopSetup(cache, scheduler, parallel, source, stats, observer, clock, ended);
    }

    LoopSetup withEnded(Runnable called) {
        return new LoopSetup(
                cache, scheduler, parallel, drafter, stats, observer, clock, called);
    }
}
