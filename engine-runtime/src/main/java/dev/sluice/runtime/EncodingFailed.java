package dev.sluice.runtime;

/// Texts that were accepted and got no output.
public final class EncodingFailed extends RuntimeException {
    private static final long serialVersionUID = 1;

    public EncodingFailed(String message) {
        super(message);
    }
}
