package dev.sluice.bridge.anthropic;

import dev.sluice.bridge.anthropic.BlockWriter.Kind;
import dev.sluice.models.json.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Content blocks of an answer that is sent whole. One thread.
final class WholeContent implements BlockWriter.Target {
    private final List<Map<String, Object>> blocks = new ArrayList<>();
    private final StringBuilder growing = new StringBuilder();

    /// In their order.
    List<Map<String, Object>> blocks() { return blocks; }

    @Override
    public void textBegins(int index) { begin("text"); }

    @Override
    public void text(int index, String more) { growing.append(more); }

    @Override
    public void thinkingBegins(int index) { begin("thinking"); }

    @Override
    public void thinking(int index, String more) { growing.append(more); }

    @Override
    public void callBegins(int index, String id, String name) {
        begin("tool_use");
        blocks.getLast().put("id", id);
        blocks.getLast().put("name", name);
    }

    @Override
    public void arguments(int index, String json) { growing.append(json); }

    @Override
    public void ends(int index, Kind kind) {
        Map<String, Object> block = blocks.getLast();
        switch (kind) {
            case NONE -> { }
            case TEXT -> {
                block.put("text", growing.toString());
                block.put("citations", null);
            }
            case THINKING -> {
                block.put("thinking", growing.toString());
                block.put("signature", StreamedContent.SIGNATURE);
            }
            case TOOL_USE -> block.put("input", input(growing.toString()));
        }
    }

    /// An answer that was cut off may leave an object half written, which is no JSON. It comes
    /// under one key, as a client that accumulates a stream would hold it too.
    private static Object input(String json) {
        try {
            return Json.parse(json) instanceof Map<?, ?> map ? map : Map.of("unfinished", json);
        } catch (Json.MalformedJsonException e) {
            return Map.of("unfinished", json);
        }
    }

    private void begin(String type) {
        growing.setLength(0);
        var block = new LinkedHashMap<String, Object>();
        block.put("type", type);
        blocks.add(block);
    }
}
