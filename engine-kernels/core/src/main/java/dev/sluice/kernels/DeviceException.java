package dev.sluice.kernels;

/// A device refused or failed a call. The backend that threw it is of no further use: every later
/// operation throws the same reason. Closing it and opening another is safe.
public final class DeviceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// @param message  the call, the code and its name, and what was asked for
    public DeviceException(String message) {
        super(message);
    }

    public DeviceException(String message, Throwable cause) {
        super(message, cause);
    }
}
