package dev.sluice.kernels.spi;

import dev.sluice.kernels.Matrix;

/// Fills rooms for weights made by [KernelBackend#allocateWeight]. Used by one thread at a time,
/// which need not be the backend's: loads may run beside operations that do not read the room
/// being filled. Whoever hands the room over makes its bytes visible to the other thread.
public interface WeightLoader {
    /// `room` then holds what [KernelBackend#prepare] would have made of `host`, bit for bit. Lets
    /// go of the pages of a mapped file afterwards. Complete when it returns.
    void load(Matrix host, Matrix room);
}
