package dev.sluice.runtime;

import dev.sluice.runtime.TokenEvent.Failure;

/// An answer that broke off. What was read of it before is all there is.
public final class GenerationFailed extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final Failure failure;

    public GenerationFailed(Failure failure, String message) {
        super(message);
        this.failure = failure;
    }

    public Failure failure() { return failure; }
}
