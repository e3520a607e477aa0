package dev.sluice.models;

/// A batch that the model has no room for: a fault of the caller, not of the model.
public final class MalformedBatchException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public MalformedBatchException(String message) {
        super(message);
    }
}
