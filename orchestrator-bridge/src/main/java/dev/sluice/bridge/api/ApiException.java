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

    /// @param param the field at fault, or an empty text
    public ApiException(Kind kind, String param, String message) {
        super(message);
        this.kind = kind;
        this.param = param;
    }

    public static ApiException invalid(String param, String message) {
        return new ApiException(Kind.INVALID, param, message);
    }

    public Kind kind() { return kind; }

    public String param() { return param; }
}
