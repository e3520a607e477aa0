package dev.sluice.bridge.anthropic;

import dev.sluice.bridge.api.EventStream;
import dev.sluice.bridge.anthropic.BlockWriter.Kind;
import java.util.LinkedHashMap;
import java.util.Map;

/// Content blocks as the events of a stream. One thread.
final class StreamedContent implements BlockWriter.Target {
    /// Nothing is signed: who sends thinking back is believed.
    static final String SIGNATURE = "sluice";

    private final EventStream events;

    StreamedContent(EventStream events) {
        this.events = events;
    }

    @Override
    public void textBegins(int index) {
        start(index, ordered("type", "text", "text", ""));
    }

    @Override
    public void text(int index, String more) {
        delta(index, ordered("type", "text_delta", "text", more));
    }

    @Override
    public void thinkingBegins(int index) {
        Map<String, Object> block = ordered("type", "thinking", "thinking", "");
        block.put("signature", "");
        start(index, block);
    }

    @Override
    public void thinking(int index, String more) {
        delta(index, ordered("type", "thinking_delta", "thinking", more));
    }

    @Override
    public void callBegins(int index, String id, String name) {
        Map<String, Object> block = ordered("type", "tool_use", "id", id);
        block.put("name", name);
        block.put("input", Map.of());
        start(index, block);
    }

    @Override
    public void arguments(int index, String json) {
        delta(index, ordered("type", "input_json_delta", "partial_json", json));
    }

    @Override
    public void ends(int index, Kind kind) {
        if (kind == Kind.THINKING) {
            delta(index, ordered("type", "signature_delta", "signature", SIGNATURE));
        }
        Messages.event(events, ordered("type", "content_block_stop", "index", index));
    }

    private void start(int index, Map<String, Object> block) {
        Map<String, Object> event = ordered("type", "content_block_start", "index", index);
        event.put("content_block", block);
        Messages.event(events, event);
    }

    private void delta(int index, Map<String, Object> delta) {
        Map<String, Object> event = ordered("type", "content_block_delta", "index", index);
        event.put("delta", delta);
        Messages.event(events, event);
    }

    private static Map<String, Object> ordered(
            String key, Object value, String second, Object other) {
        var map = new LinkedHashMap<String, Object>();
        map.put(key, value);
        map.put(second, other);
        return map;
    }
}
