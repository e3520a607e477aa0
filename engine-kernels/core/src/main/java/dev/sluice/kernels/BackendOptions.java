package dev.sluice.kernels;

/// What a caller decides about a backend.
///
/// @param deviceIndex     which of the backend's devices, 0 for the first
/// @param threads         compute threads of a CPU backend, at least 1
/// @param memoryBytesMax  limit on what the backend allocates, Long.MAX_VALUE for none
public record BackendOptions(int deviceIndex, int threads, long memoryBytesMax) {
    public BackendOptions {
        if (deviceIndex < 0 || threads < 1 || memoryBytesMax < 0) {
            throw new IllegalArgumentException("device %d, %d threads, %d bytes"
                    .formatted(deviceIndex, threads, memoryBytesMax));
        }
    }

    /// First device, every processor, no memory limit.
    public static BackendOptions defaults() {
        return new BackendOptions(0, Runtime.getRuntime().availableProcessors(), Long.MAX_VALUE);
    }
}
