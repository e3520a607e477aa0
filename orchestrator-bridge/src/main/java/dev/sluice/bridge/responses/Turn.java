package dev.sluice.bridge.responses;

import dev.sluice.bridge.api.JsonReply;
import dev.sluice.models.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What one request added to a conversation, and what it went on from. Turns share their past: a
/// conversation of a hundred turns is kept once, not a hundred times. A turn lives as long as a
/// stored response or a later turn needs it; [ResponseStore] counts who does, under its lock.
final class Turn {
    /// Bytes of heap besides the texts, and for each item, about.
    private static final int OWN_BYTES = 200;
    private static final int ITEM_BYTES = 160;

    private final String client;
    private final Optional<Turn> before;
    private final byte[] items;
    private final int inputCount;
    private final List<String> ids = new ArrayList<>();
    private int users;

    Turn(String client, Optional<Turn> before, List<Map<String, Object>> input,
            List<Map<String, Object>> output) {
        this.client = client;
        this.before = before;
        inputCount = input.size();
        var all = new ArrayList<Map<String, Object>>(input);
        all.addAll(output);
        for (Map<String, Object> item : all) {
            ids.add((String) item.get("id"));
        }
        // As text: it is exact to count, and several times smaller than the objects.
        items = JsonReply.bytes(all);
    }

    String client() { return client; }

    Optional<Turn> before() { return before; }

    /// Of its items.
    List<String> ids() { return ids; }

    long bytes() { return OWN_BYTES + items.length + (long) ITEM_BYTES * ids.size(); }

    void use() {
        users++;
    }

    /// Whether nobody needs it any more.
    boolean release() { return --users == 0; }

    /// Every item of the conversation so far.
    List<Map<String, Object>> conversation() {
        return since(Integer.MAX_VALUE);
    }

    /// What the turn's answer was generated from.
    List<Map<String, Object>> input() {
        return since(inputCount);
    }

    /// The items of all turns before, and the first ones of this.
    private List<Map<String, Object>> since(int count) {
        var turns = new ArrayList<Turn>();
        for (Optional<Turn> turn = Optional.of(this); turn.isPresent();
                turn = turn.get().before) {
            turns.addFirst(turn.get());
        }
        var all = new ArrayList<Map<String, Object>>();
        for (Turn turn : turns) {
            List<Map<String, Object>> own = turn.own();
            all.addAll(turn == this ? own.subList(0, Math.min(count, own.size())) : own);
        }
        return all;
    }

    /// The item with that id, which is one of [#ids].
    Optional<Map<String, Object>> item(String id) {
        for (Map<String, Object> item : own()) {
            if (id.equals(item.get("id"))) {
                return Optional.of(item);
            }
        }
        return Optional.empty();
    }

    @SuppressWarnings("unchecked") // It was written from a list of items.
    private List<Map<String, Object>> own() {
        return (List<Map<String, Object>>) Json.parse(items);
    }
}
