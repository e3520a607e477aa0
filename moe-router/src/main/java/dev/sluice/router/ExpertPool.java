package dev.sluice.router;

import dev.sluice.kernels.ExpertTable;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.spi.WeightLoader;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// The slots of a cache for experts of one shape, shared by all layers that have it, and who holds
/// them. Decides what is given up; loads what the engine waits for, together with the fetcher.
/// Engine thread only.
final class ExpertPool {
    private static final int NO_SLOT = -1;
    /// See [ExpertCachePolicy#LFU].
    private static final int REQUESTS_PER_SLOT_AND_AGE = 16;
    /// Polls before a wait for the fetcher sleeps; packing an expert takes 100 us and more.
    private static final int POLLS = 1000;
    private static final long SLEEP_NANOS = TimeUnit.MICROSECONDS.toNanos(20);

    private final List<ExpertSlot> slots;
    private final ExpertCachePolicy policy;
    private final ExpertFetcher fetcher;
    private final WeightLoader loader;
    private final ExpertCacheCounters counters;
    /// By index of the layer in this pool, and expert.
    private final List<ExpertWeights> stored;
    private final int[][] slotOf;
    private final long[][] requestsOf;
    private final ExpertSlot[] pinned;
    private int pinnedCount;
    private long clock;
    private long nextAge;

    /// @param stored  the experts of each layer as the file has them
    ExpertPool(List<ExpertSlot> slots, List<ExpertWeights> stored, ExpertCachePolicy policy,
            ExpertFetcher fetcher, WeightLoader loader, ExpertCacheCounters counters) {
        this.slots = slots;
        this.stored = stored;
        this.policy = policy;
        this.fetcher = fetcher;
        this.loader = loader;
        this.counters = counters;
        slotOf = new int[stored.size()][];
        requestsOf = new long[stored.size()][];
        for (int layer = 0; layer < slotOf.length; layer++) {
            slotOf[layer] = new int[stored.get(layer).experts()];
            Arrays.fill(slotOf[layer], NO_SLOT);
            requestsOf[layer] = new long[stored.get(layer).experts()];
        }
        pinned = new ExpertSlot[slots.size()];
        nextAge = (long) REQUESTS_PER_SLOT_AND_AGE * slots.size();
    }

    int size() { return slots.size(); }

    // ---- a step's experts ---------------------------------------------------------------

    /// Pins as many of `experts[from..to)` as there are slots for, at least one, loads those that
    /// are not there, and enters them in `table`. They are moved to the front, `experts[from..]`;
    /// the result says how many they are. Call [#release] before the next call.
    int acquire(int layer, int[] experts, int from, int to, ExpertTable table) {
        int end = from;
        // Those that are there first: nothing loaded for this wave may push them out.
        for (int i = from; i < to; i++) {
            int slot = slotOf[layer][experts[i]];
            if (slot != NO_SLOT && pinnedCount < slots.size()) {
                pinResident(slots.get(slot));
                swap(experts, i, end++);
            }
        }
        for (int i = end; i < to; i++) {
            Optional<ExpertSlot> slot = victim(NO_SLOT);
            if (slot.isEmpty()) {
                break;
            }
            counters.misses.incrementAndGet();
            assign(slot.get(), layer, experts[i], false);
            pin(slot.get());
            swap(experts, i, end++);
        }
        finishLoads();
        for (int i = 0; i < pinnedCount; i++) {
            table.put(pinned[i].expert, pinned[i].index);
        }
        countRequests(layer, experts, from, end);
        return end - from;
    }

    private static void swap(int[] values, int i, int j) {
        int value = values[i];
        values[i] = values[j];
        values[j] = value;
    }

    /// A slot that holds, or is about to hold, what is asked for.
    private void pinResident(ExpertSlot slot) {
        // QUEUED: predicted too late to help, the load is waited for from its start.
        boolean late = slot.state.get() == ExpertSlot.State.QUEUED;
        (late ? counters.misses : slot.predicted ? counters.prefetchHits : counters.demandHits)
                .incrementAndGet();
        slot.predicted = false;
        pin(slot);
    }

    private void pin(ExpertSlot slot) {
        slot.pinned = true;
        pinned[pinnedCount++] = slot;
    }

    /// Loads what is queued, waits for what another thread loads, and pins all.
    private void finishLoads() {
        long begin = System.nanoTime();
        int queued = 0;
        for (int i = 0; i < pinnedCount; i++) {
            if (pinned[i].state.get() == ExpertSlot.State.QUEUED) {
                queued++;
                fetcher.want(pinned[i]);
            }
        }
        if (queued > 1) {
            fetcher.wake();
        }
        // From the other end than the fetcher, so that the two meet in the middle.
        boolean waited = queued > 0;
        for (int i = pinnedCount - 1; i >= 0; i--) {
            if (pinned[i].claim()) {
                pinned[i].load(loader);
            }
        }
        for (int i = 0; i < pinnedCount; i++) {
            waited |= await(pinned[i]);
            if (!pinned[i].state.compareAndSet(ExpertSlot.State.READY,
                    ExpertSlot.State.IN_USE)) {
                throw pinned[i].failure();
            }
        }
        if (waited) {
            counters.waitNanos.addAndGet(System.nanoTime() - begin);
        }
    }

    /// Until another thread has loaded the slot; false if there was nothing to wait for.
    private static boolean await(ExpertSlot slot) {
        int polls = 0;
        while (slot.state.get() == ExpertSlot.State.LOADING) {
            if (++polls < POLLS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(SLEEP_NANOS);
            }
        }
        return polls > 0;
    }

    private void countRequests(int layer, int[] experts, int from, int to) {
        for (int i = from; i < to; i++) {
            requestsOf[layer][experts[i]]++;
        }
        clock += to - from;
        for (int i = 0; i < pinnedCount; i++) {
            pinned[i].usedAt = clock;
        }
        if (clock >= nextAge) {
            nextAge = clock + (long) REQUESTS_PER_SLOT_AND_AGE * slots.size();
            for (long[] requests : requestsOf) {
                for (int e = 0; e < requests.length; e++) {
                    requests[e] /= 2;
                }
            }
        }
    }

    /// The step has used what [#acquire] pinned.
    void release(ExpertTable table) {
        for (int i = 0; i < pinnedCount; i++) {
            table.remove(pinned[i].expert);
            pinned[i].pinned = false;
            pinned[i].state.set(ExpertSlot.State.READY);
        }
        pinnedCount = 0;
    }

    // ---- prediction ---------------------------------------------------------------------

    /// Begins to load the first `count` of `experts` of a layer that will run soon. Gives up
    /// nothing of that layer for it.
    void prefetch(int layer, int[] experts, int count) {
        boolean any = false;
        for (int i = 0; i < count; i++) {
            int held = slotOf[layer][experts[i]];
            if (held != NO_SLOT) {
                slots.get(held).usedAt = clock;
                continue;
            }
            Optional<ExpertSlot> slot = victim(layer);
            if (slot.isEmpty()) {
                break;
            }
            assign(slot.get(), layer, experts[i], true);
            slot.get().usedAt = clock;
            fetcher.predict(slot.get());
            counters.prefetches.incrementAndGet();
            any = true;
        }
        if (any) {
            fetcher.wake();
        }
    }

    // ---- who goes -----------------------------------------------------------------------

    /// A slot to load into; none when all are pinned, being loaded or of layer `spared`.
    private Optional<ExpertSlot> victim(int spared) {
        int best = NO_SLOT;
        for (int i = 0; i < slots.size(); i++) {
            ExpertSlot slot = slots.get(i);
            switch (slot.state.get()) {
                case FREE -> {
                    return Optional.of(slot);
                }
                case READY, FAILED -> {
                    if (!slot.pinned && slot.layer != spared
                            && (best == NO_SLOT || goesBefore(slot, slots.get(best)))) {
                        best = i;
                    }
                }
                case QUEUED, LOADING, IN_USE -> { }
            }
        }
        return best != NO_SLOT ? Optional.of(slots.get(best))
                : spared == NO_SLOT ? cancelled() : Optional.empty();
    }

    /// The slot of a prediction whose load has not begun: what the engine needs now goes before.
    private Optional<ExpertSlot> cancelled() {
        for (int i = 0; i < slots.size(); i++) {
            ExpertSlot slot = slots.get(i);
            if (slot.predicted && slot.claim()) {
                counters.prefetches.decrementAndGet();
                counters.bytesLoaded.addAndGet(-slot.storedBytes());
                slotOf[slot.layer][slot.expert] = NO_SLOT;
                slot.state.set(ExpertSlot.State.FREE);
                return Optional.of(slot);
            }
        }
        return Optional.empty();
    }

    private boolean goesBefore(ExpertSlot slot, ExpertSlot best) {
        return switch (policy) {
            case LRU, AFFINITY -> slot.usedAt < best.usedAt;
            case LFU -> {
                long a = requestsOf[slot.layer][slot.expert];
                long b = requestsOf[best.layer][best.expert];
                yield a < b || a == b && slot.usedAt < best.usedAt;
            }
        };
    }

    private void assign(ExpertSlot slot, int layer, int expert, boolean predicted) {
        if (slot.state.get() != ExpertSlot.State.FREE) {
            slotOf[slot.layer][slot.expert] = NO_SLOT;
            counters.evictions.incrementAndGet();
            if (slot.predicted) {
                counters.wasted.incrementAndGet();
            }
        }
        slotOf[layer][expert] = slot.index;
        slot.predicted = predicted;
        slot.assign(layer, expert, stored.get(layer));
        counters.bytesLoaded.addAndGet(slot.storedBytes());
    }
}
