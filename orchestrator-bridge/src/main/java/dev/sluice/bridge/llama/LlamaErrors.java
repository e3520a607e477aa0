package dev.sluice.bridge.llama;

import dev.sluice.bridge.api.ApiException;
import java.util.LinkedHashMap;
import java.util.Map;

/// Errors in llama-server's shape.
final class LlamaErrors {
    private LlamaErrors() { }

    /// `{"error": {"code", "message", "type"}}`, the code being the status.
    static Map<String, Object> body(ApiException error) {
        return body(error.kind().status(), error.getMessage(), type(error.kind()));
    }

    static Map<String, Object> body(int code, String message, String type) {
        var details = new LinkedHashMap<String, Object>();
        details.put("code", code);
        details.put("message", message);
        details.put("type", type);
        return Map.of("error", details);
    }

    private static String type(ApiException.Kind kind) {
        return switch (kind) {
            case INVALID, METHOD, TIMEOUT, TOO_LARGE, HEADERS -> "invalid_request_error";
            case UNAUTHORIZED -> "authentication_error";
            case FORBIDDEN -> "permission_error";
            case NOT_FOUND -> "not_found_error";
            case OVERLOADED, UNAVAILABLE -> "unavailable_error";
            case FAILED -> "server_error";
        };
    }
}
