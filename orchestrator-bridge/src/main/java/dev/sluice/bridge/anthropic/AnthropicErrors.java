package dev.sluice.bridge.anthropic;

import dev.sluice.bridge.api.ApiException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/// Errors in Anthropic's shape.
final class AnthropicErrors {
    private AnthropicErrors() { }

    /// An id for a request, by which a client and a log can speak of the same one.
    static String newRequestId() {
        return "req_" + UUID.randomUUID().toString().replace("-", "");
    }

    /// `{"type": "error", "error": {"type", "message"}, "request_id"}`
    static Map<String, Object> body(ApiException error, String requestId) {
        var body = new LinkedHashMap<String, Object>();
        body.put("type", "error");
        var details = new LinkedHashMap<String, Object>();
        details.put("type", type(error.kind()));
        details.put("message", error.getMessage());
        body.put("error", details);
        body.put("request_id", requestId);
        return body;
    }

    private static String type(ApiException.Kind kind) {
        return switch (kind) {
            case INVALID, METHOD, HEADERS -> "invalid_request_error";
            case TOO_LARGE -> "request_too_large";
            case UNAUTHORIZED -> "authentication_error";
            case FORBIDDEN -> "permission_error";
            case NOT_FOUND -> "not_found_error";
            case TIMEOUT -> "timeout_error";
            case OVERLOADED -> "rate_limit_error";
            case UNAVAILABLE -> "overloaded_error";
            case FAILED -> "api_error";
        };
    }
}
