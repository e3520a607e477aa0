package dev.sluice.bridge.mcp;

import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The requests of one session that are being answered, by their ids. Any thread.
final class RunningCalls {
    private static final String CANCELLED = "notifications/cancelled";

    private final Map<Object, RunningCall> calls = new ConcurrentHashMap<>();

    void begin(Object id, RunningCall call) {
        calls.put(key(id), call);
    }

    void end(Object id) {
        calls.remove(key(id));
    }

    /// Whether a response to this request is still wanted.
    boolean isWanted(Object id) {
        RunningCall call = calls.get(key(id));
        return call == null || !call.isCancelled();
    }

    /// Stops what a client's notification names; whether it was one of that kind. The SDK has no
    /// handler for it.
    boolean cancelledBy(JSONRPCNotification notification) {
        if (!notification.method().equals(CANCELLED)) {
            return false;
        }
        if (notification.params() instanceof Map<?, ?> params
                && params.get("requestId") instanceof Object id
                && calls.get(key(id)) instanceof RunningCall call) {
            call.cancel();
        }
        return true;
    }

    void cancelAll() {
        calls.values().forEach(RunningCall::cancel);
    }

    /// Numbers come as int or long.
    private static Object key(Object id) {
        return id instanceof Number number ? (Object) number.longValue() : id;
    }
}
