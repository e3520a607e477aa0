package dev.sluice.bridge.inprocess;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.runtime.EncodingFailed;
import dev.sluice.runtime.RequestRejected;

/// A request that got no answer.
public final class InProcessException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// Why, so that a library can throw its own exception.
    public enum Kind {
        /// A field is wrong or not supported; the same request will never be served.
        INVALID,
        /// There is no model of that name.
        NO_SUCH_MODEL,
        /// Too many wait; later it may be served.
        OVERLOADED,
        /// The engine is closed.
        STOPPED,
        /// The engine failed.
        FAILED
    }

    private final Kind kind;
    private final String field;

    private InProcessException(Kind kind, String field, RuntimeException cause) {
        super(cause.getMessage(), cause);
        this.kind = kind;
        this.field = field;
    }

    private InProcessException(String field, String message) {
        super(message);
        kind = Kind.INVALID;
        this.field = field;
    }

    /// What an adapter refuses before the engine is asked.
    public static InProcessException invalid(String field, String message) {
        return new InProcessException(field, message);
    }

    static InProcessException of(ApiException e) {
        return new InProcessException(switch (e.kind()) {
            case INVALID, TOO_LARGE -> Kind.INVALID;
            case NOT_FOUND -> Kind.NO_SUCH_MODEL;
            case OVERLOADED -> Kind.OVERLOADED;
            case UNAVAILABLE -> Kind.STOPPED;
            // The others are HTTP's, and nothing here speaks it.
            case FAILED, UNAUTHORIZED, FORBIDDEN, METHOD, TIMEOUT, HEADERS -> Kind.FAILED;
        }, e.param(), e);
    }

    /// What an embedder refused.
    public static InProcessException of(RequestRejected e) {
        return new InProcessException(switch (e.reason()) {
            case INVALID_REQUEST, CONTEXT_LENGTH_EXCEEDED -> Kind.INVALID;
            case OVERLOADED -> Kind.OVERLOADED;
            case ENGINE_STOPPED -> Kind.STOPPED;
        }, "input", e);
    }

    /// What an embedder failed at.
    public static InProcessException of(EncodingFailed e) {
        return new InProcessException(Kind.FAILED, "", e);
    }

    public Kind kind() { return kind; }

    /// The field at fault, or an empty text.
    public String field() { return field; }
}
