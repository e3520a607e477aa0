package dev.sluice.router;

import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.spi.WeightLoader;
import java.util.concurrent.atomic.AtomicReference;

/// Room for one expert, and whose it is.
///
///     FREE -> QUEUED -> LOADING -> READY <-> IN_USE        engine: every arrow but the second
///               ^          |        |                      and third, which belong to whoever
///               |          v        |                      claims the load
///               +------- FAILED ----+--> QUEUED (another expert)
///
/// The plain fields are written by the engine thread while no load is under way; setting the state
/// to QUEUED shows them to the thread that claims the load, and setting it to READY shows that
/// thread's bytes to the engine, which hands them to its compute threads.
final class ExpertSlot {
    /// QUEUED: waits for a thread to load it. LOADING: a thread does. READY: may be used or given
    /// up. IN_USE: pinned until the layer is computed.
    enum State { FREE, QUEUED, LOADING, READY, IN_USE, FAILED }

    final int index;
    final Matrix gate;
    final Matrix up;
    final Matrix down;
    final AtomicReference<State> state = new AtomicReference<>(State.FREE);
    /// Whose room it is, from QUEUED on: index of the cached layer, and expert.
    int layer;
    int expert;
    /// Where its weights come from.
    private ExpertWeights stored;
    /// Time of its last use or prefetch, in requests of the cache.
    long usedAt;
    /// The step needs it: it is not given up, whatever its state.
    boolean pinned;
    /// Loaded on a prediction and not asked for so far.
    boolean predicted;
    /// Set before FAILED.
    private Throwable failure;

    ExpertSlot(int index, Matrix gate, Matrix up, Matrix down) {
        this.index = index;
        this.gate = gate;
        this.up = up;
        this.down = down;
    }

    /// Engine thread: the slot is to hold that expert; from here on a load may be claimed.
    void assign(int newLayer, int newExpert, ExpertWeights newStored) {
        layer = newLayer;
        expert = newExpert;
        stored = newStored;
        state.set(State.QUEUED);
    }

    /// Takes the load, if no other thread has.
    boolean claim() {
        return state.compareAndSet(State.QUEUED, State.LOADING);
    }

    /// Loads the expert after [#claim]. A failure is kept for the engine thread.
    void load(WeightLoader loader) {
        try {
            loader.load(stored.gate().get(expert), gate);
            loader.load(stored.up().get(expert), up);
            loader.load(stored.down().get(expert), down);
            state.set(State.READY);
        } catch (RuntimeException | Error e) {
            failure = e;
            state.set(State.FAILED);
        }
    }

    IllegalStateException failure() {
        return new IllegalStateException("expert %d of cached layer %d can not be loaded: %s"
                .formatted(expert, layer, failure.getMessage()), failure);
    }

    long storedBytes() {
        return gate.byteSize() + up.byteSize() + down.byteSize();
    }
}
