package dev.sluice.models;

/// A model that does not fit: says how much it needs and how much there is.
public final class InsufficientMemoryException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public InsufficientMemoryException(String message) {
        super(message);
    }
}
