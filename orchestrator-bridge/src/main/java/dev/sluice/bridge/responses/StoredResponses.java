package dev.sluice.bridge.responses;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Call;
import dev.sluice.bridge.api.JsonReply;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What can be done with stored responses. Any thread.
final class StoredResponses {
    private static final int ITEMS_DEFAULT = 20;
    private static final int ITEMS_MAX = 100;

    private final ResponseStore store;

    StoredResponses(ResponseStore store) {
        this.store = store;
    }

    /// `GET /v1/responses/{id}`
    void get(Call call) {
        if (call.exchange().query("stream").orElse("false").equals("true")) {
            throw ApiException.invalid("stream", "stream: a stored response is not streamed");
        }
        JsonReply.send(call.exchange(), 200, store.response(call.client(), call.part("id")));
    }

    /// `DELETE /v1/responses/{id}`
    void delete(Call call) {
        store.delete(call.client(), call.part("id"));
        var reply = new LinkedHashMap<String, Object>();
        reply.put("id", call.part("id"));
        reply.put("object", "response");
        reply.put("deleted", true);
        JsonReply.send(call.exchange(), 200, reply);
    }

    /// `POST /v1/responses/{id}/cancel`: whoever knows the id has the whole response already.
    void cancel(Call call) {
        store.response(call.client(), call.part("id"));
        throw ApiException.invalid("", "only a response with background: true can be cancelled; "
                + "one that streams ends when its client leaves");
    }

    /// `GET /v1/responses/{id}/input_items`
    void inputItems(Call call) {
        List<Map<String, Object>> items = store.input(call.client(), call.part("id"));
        int limit = limit(call);
        String order = call.exchange().query("order").orElse("desc");
        if (!order.equals("asc") && !order.equals("desc")) {
            throw ApiException.invalid("order", "order must be asc or desc, not '" + order + "'");
        }
        if (order.equals("desc")) {
            Collections.reverse(items);
        }
        int from = call.exchange().query("after").map(id -> 1 + indexOf(items, id)).orElse(0);
        List<Map<String, Object>> page =
                items.subList(from, Math.min(items.size(), from + limit));
        var reply = new LinkedHashMap<String, Object>();
        reply.put("object", "list");
        reply.put("data", page);
        reply.put("first_id", page.isEmpty() ? null : page.getFirst().get("id"));
        reply.put("last_id", page.isEmpty() ? null : page.getLast().get("id"));
        reply.put("has_more", from + page.size() < items.size());
        JsonReply.send(call.exchange(), 200, reply);
    }

    private static int limit(Call call) {
        String text = call.exchange().query("limit").orElse("" + ITEMS_DEFAULT);
        if (!text.matches("[1-9]\\d?|" + ITEMS_MAX)) {
            throw ApiException.invalid("limit",
                    "limit must be from 1 to " + ITEMS_MAX + ", not '" + text + "'");
        }
        return Integer.parseInt(text);
    }

    private static int indexOf(List<Map<String, Object>> items, String id) {
        for (int i = 0; i < items.size(); i++) {
            if (id.equals(items.get(i).get("id"))) {
                return i;
            }
        }
        throw ApiException.invalid("after", "after: there is no item '" + id + "'");
    }
}
