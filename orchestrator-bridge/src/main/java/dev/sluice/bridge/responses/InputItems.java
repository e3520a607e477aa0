package dev.sluice.bridge.responses;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// Reads `input`: a text, or an array of items. What is no text, and what only tools that run
/// elsewhere bring, is refused by its name.
final class InputItems {
    /// Finds an item that was stored, by its id.
    private final Function<String, Optional<Map<String, Object>>> stored;

    InputItems(Function<String, Optional<Map<String, Object>>> stored) {
        this.stored = stored;
    }

    /// Items as [Items] makes them, every one with an id.
    List<Map<String, Object>> read(Fields body) {
        Object input = body.any("input").orElse(List.of());
        if (input instanceof String text) {
            return List.of(Items.message("", "user", "completed",
                    List.of(Items.inputText(text))));
        }
        if (!(input instanceof List)) {
            throw body.wrong("input", "a string or an array of items", input);
        }
        var items = new ArrayList<Map<String, Object>>();
        for (Fields item : body.objects("input")) {
            items.add(item(item));
            item.end();
        }
        return items;
    }

    private Map<String, Object> item(Fields item) {
        String id = item.text("id").orElse("");
        // Nothing here goes on half done: an item is what it is, whatever it was told to be.
        item.oneOf("status", "completed", "incomplete", "in_progress");
        String type = item.text("type").orElse(
                item.has("role") ? "message" : id.isEmpty() ? "" : "item_reference");
        return switch (type) {
            case "message" -> message(item, id);
            case "function_call" -> Items.call(id, "completed", item.requiredText("call_id"),
                    item.requiredText("name"), item.requiredText("arguments"));
            case "function_call_output" -> Items.callOutput(
                    id, item.requiredText("call_id"), output(item));
            case "reasoning" -> reasoning(item, id);
            case "item_reference" -> stored.apply(id).orElseThrow(() -> new ApiException(
                    ApiException.Kind.NOT_FOUND, item.path("id"),
                    "%s: there is no stored item '%s'".formatted(item.path("id"), id)));
            case "" -> throw item.missing("type");
            default -> throw ApiException.invalid(item.path("type"), ("%s: '%s' is not supported, "
                    + "only message, function_call, function_call_output, reasoning and "
                    + "item_reference are").formatted(item.path("type"), type));
        };
    }

    private static Map<String, Object> message(Fields item, String id) {
        String role = item.requiredText("role");
        if (!List.of("user", "assistant", "system", "developer").contains(role)) {
            throw ApiException.invalid(item.path("role"),
                    "%s: '%s' is none of system, developer, user, assistant"
                            .formatted(item.path("role"), role));
        }
        // How a program marks what the model said to itself; no template knows it.
        item.oneOf("phase", "commentary", "final_answer");
        boolean said = role.equals("assistant");
        Object content = item.any("content").orElseThrow(() -> item.missing("content"));
        var parts = new ArrayList<Map<String, Object>>();
        if (content instanceof String text) {
            parts.add(said ? Items.outputText(text, List.of()) : Items.inputText(text));
        } else {
            for (Fields part : item.objects("content")) {
                parts.add(part(part, said));
            }
        }
        return Items.message(id, role, "completed", parts);
    }

    private static Map<String, Object> part(Fields part, boolean said) {
        String type = part.requiredText("type");
        Map<String, Object> read = switch (type) {
            case "input_text", "output_text", "text" -> {
                part.ignore("annotations", "logprobs");
                String text = part.requiredText("text");
                yield said ? Items.outputText(text, List.of()) : Items.inputText(text);
            }
            case "refusal" -> Items.refusal(part.requiredText("refusal"));
            default -> throw ApiException.invalid(part.path("type"),
                    "%s: '%s' is not supported, only text is".formatted(part.path("type"), type));
        };
        part.end();
        return read;
    }

    private static Object output(Fields item) {
        Object output = item.any("output").orElseThrow(() -> item.missing("output"));
        if (output instanceof String) {
            return output;
        }
        var parts = new ArrayList<Object>();
        for (Fields part : item.objects("output")) {
            parts.add(part(part, false));
        }
        return parts;
    }

    /// Thinking of an earlier answer; from its sealed form where nothing else came back.
    private static Map<String, Object> reasoning(Fields item, String id) {
        var texts = new ArrayList<String>();
        for (Fields part : item.objects("content")) {
            part.only("type", "reasoning_text");
            texts.add(part.requiredText("text"));
            part.end();
        }
        for (Fields part : item.objects("summary")) {
            throw ApiException.invalid(part.path("type"), part.path("type")
                    + ": a summary stands for no reasoning of this model's");
        }
        Optional<String> sealed = item.text("encrypted_content");
        if (texts.isEmpty() && sealed.isPresent()) {
            texts.add(SealedReasoning.open(item.path("encrypted_content"), sealed.get()));
        }
        return Items.reasoning(id, "completed", texts);
    }
}
