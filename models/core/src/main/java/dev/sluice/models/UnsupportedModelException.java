package dev.sluice.models;

/// A well-formed model that this version can not run. The message lists what it can.
public final class UnsupportedModelException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public UnsupportedModelException(String message) {
        super(message);
    }
}
