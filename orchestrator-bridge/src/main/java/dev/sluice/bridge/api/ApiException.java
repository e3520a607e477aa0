package dev.sluice.bridge.api;

/// A request that is answered with an error. The protocol of the path gives it its shape.
public final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// What went wrong, in the words of HTTP.
    public enum Kind {
        INVALID(400), UNAUTHORIZED(401), FORBIDDEN(403), NOT_FOUND(404), METHOD(405),
        TIMEOUT(408), TOO_LARGE(413), HEADERS(431), OVERLOADED(429), UNAVAILABLE(503),
        FAILED(500);

        private final int status;

        Kind(int status) {
            this.status = status;
        }

        public int status() { return status; }

        /// The kind of a status that HTTP itself gave.
        public static Kind of(int status) {
            for (Kind kind : values()) {
                if (kind.status == status) {
                    return kind;
                }
            }
            return status >= 500 ? FAILED : INVALID;
        }
    }

    private final Kind kind;
    private final String param;
    private final String code;

    /// @param param the field at fault, or an empty text
    public ApiException(Kind kind, String param, String message) {
        this(kind, param, "", message);
    }

    private ApiException(Kind kind, String param, String code, String message) {
        super(message);
        this.kind = kind;
        this.param = param;
        this.code = code;
    }

    public static ApiException invalid(String param, String message) {
        return new ApiException(Kind.INVALID, param, message);
    }

    /// The same with a name for this very error that programs know, as in
    /// `context_length_exceeded`.
    public ApiException withCode(String name) {
        var named = new ApiException(kind, param, name, getMessage());
        named.setStackTrace(getStackTrace());
        return named;
    }

    public Kind kind() { return kind; }

    public String param() { return param; }

    /// The error's name; empty where its kind says enough.
    public String code() { return code; }
}
