package dev.sluice.bridge.openai;

import dev.sluice.bridge.api.ApiException;
import java.util.LinkedHashMap;
import java.util.Map;

/// Errors in OpenAI's shape.
public final class OpenAiErrors {
    private OpenAiErrors() { }

    /// `{"error": {"message", "type", "param", "code"}}`
    public static Map<String, Object> body(ApiException error) {
        var details = new LinkedHashMap<String, Object>();
        details.put("message", error.getMessage());
        details.put("type", type(error.kind()));
        details.put("param", error.param().isEmpty() ? null : error.param());
        details.put("code", code(error).isEmpty() ? null : code(error));
        return Map.of("error", details);
    }

    private static String type(ApiException.Kind kind) {
        return switch (kind) {
            case INVALID, NOT_FOUND, METHOD, TIMEOUT, TOO_LARGE, HEADERS ->
                    "invalid_request_error";
            case UNAUTHORIZED -> "authentication_error";
            case FORBIDDEN -> "permission_error";
            case OVERLOADED -> "rate_limit_error";
            case UNAVAILABLE, FAILED -> "server_error";
        };
    }

    /// The error's name among programs, or an empty text.
    public static String code(ApiException error) {
        if (!error.code().isEmpty()) {
            return error.code();
        }
        return switch (error.kind()) {
            case UNAUTHORIZED -> "invalid_api_key";
            case NOT_FOUND -> error.param().equals("model") ? "model_not_found" : "not_found";
            case OVERLOADED -> "rate_limit_exceeded";
            case INVALID, FORBIDDEN, METHOD, TIMEOUT, TOO_LARGE, HEADERS, UNAVAILABLE, FAILED ->
                    "";
        };
    }
}
