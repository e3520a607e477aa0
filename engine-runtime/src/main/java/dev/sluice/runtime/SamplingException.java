package dev.sluice.runtime;

/// Logits that no token can be drawn from. It ends one request; the engine lives on.
public final class SamplingException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public SamplingException(int position, String reason) {
        super("no token for position " + position + ": " + reason);
    }
}
