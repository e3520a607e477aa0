package dev.sluice.models.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/// What the `post_processor` of a `tokenizer.json` puts before and after a single text.
final class JsonAffixes {
    private final TextIndex index;
    private final List<Integer> prefix = new ArrayList<>();
    private final List<Integer> suffix = new ArrayList<>();
    private boolean decided;

    JsonAffixes(JsonNode processor, TextIndex index) {
        this.index = index;
        if (!processor.isNull()) {
            read(processor);
        }
    }

    List<Integer> prefix() { return List.copyOf(prefix); }

    List<Integer> suffix() { return List.copyOf(suffix); }

    /// Whether the file says anything about affixes; a template without any does.
    boolean decided() { return decided; }

    private void read(JsonNode node) {
        String type = node.at("type").text();
        switch (type) {
            case "Sequence" -> node.at("processors").list().forEach(this::read);
            case "ByteLevel" -> { } // Offsets only.
            case "TemplateProcessing" -> template(node);
            case "BertProcessing", "RobertaProcessing" -> {
                decided = true;
                prefix.add(required(node.at("cls").list().getFirst()));
                suffix.add(required(node.at("sep").list().getFirst()));
            }
            default -> throw node.unsupported("post-processor '" + type + "'",
                    "BertProcessing, ByteLevel, RobertaProcessing, Sequence, TemplateProcessing");
        }
    }

    private void template(JsonNode node) {
        decided = true;
        List<Integer> side = prefix;
        for (JsonNode part : node.at("single").list()) {
            if (part.has("Sequence")) {
                side = suffix;
            } else {
                side.addAll(ids(node, part.at("SpecialToken").at("id")));
            }
        }
    }

    private List<Integer> ids(JsonNode node, JsonNode name) {
        JsonNode known = node.has("special_tokens")
                ? node.at("special_tokens").at(name.text()) : node.at("special_tokens");
        if (known.isNull()) {
            return List.of(required(name));
        }
        var ids = new ArrayList<Integer>();
        for (JsonNode token : known.has("tokens") ? known.at("tokens").list() : List.of(name)) {
            ids.add(required(token));
        }
        return ids;
    }

    private int required(JsonNode name) {
        return find(name.text(), index).orElseThrow(
                () -> name.malformed("no token is named '" + name.text() + "'"));
    }

    static OptionalInt find(String text, TextIndex index) {
        int id = index.find(text.getBytes(StandardCharsets.UTF_8));
        return id == TextIndex.ABSENT ? OptionalInt.empty() : OptionalInt.of(id);
    }
}
