package dev.sluice.runtime;

/// The request was not queued. Nothing was produced and nothing will be.
public final class RequestRejected extends RuntimeException {
    private static final long serialVersionUID = 1;

    public enum Reason {
        /// A field that this model can not honour.
        INVALID_REQUEST,
        /// The prompt leaves no room for a token.
        CONTEXT_LENGTH_EXCEEDED,
        /// Too many requests wait already.
        OVERLOADED,
        /// The engine was closed, or has failed.
        ENGINE_STOPPED
    }

    private final Reason reason;

    public RequestRejected(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() { return reason; }
}
