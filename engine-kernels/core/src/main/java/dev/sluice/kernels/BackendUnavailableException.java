package dev.sluice.kernels;

/// The backend that was asked for can not run here; the message says why.
public final class BackendUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public BackendUnavailableException(String message) {
        super(message);
    }
}
