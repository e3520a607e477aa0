package dev.sluice.kernels;

/// What was to be allocated does not fit into what is left of a backend's budget
/// ([BackendOptions#memoryBytesMax], or the device's memory). Nothing has been allocated, and the
/// backend is as it was.
public final class DeviceBudgetException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// @param message  what needed how much, the budget, and what is left of it
    public DeviceBudgetException(String message) {
        super(message);
    }
}
