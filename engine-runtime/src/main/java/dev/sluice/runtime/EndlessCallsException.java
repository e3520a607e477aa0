package dev.sluice.runtime;

/// A model that calls tools again and again without coming to an answer.
public final class EndlessCallsException extends RuntimeException {
    private static final long serialVersionUID = 1;

    EndlessCallsException(int rounds) {
        super("no answer after " + rounds + " rounds of calls");
    }
}
