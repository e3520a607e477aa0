package dev.sluice.bridge.anthropic;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.chat.Functions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// From Anthropic's messages, whose content is blocks, to messages as chat templates read them.
///
///     user       text -> user message       tool_result -> tool message, before the text
///     assistant  text -> content            thinking -> reasoning_content
///                                           tool_use -> tool_calls
///
/// Neighbours of one role are one message. A last message of the assistant is the beginning of the
/// answer. `redacted_thinking` is read by nobody but who made it, and left out. One request's.
final class InputMessages {
    private final List<Map<String, Object>> messages = new ArrayList<>();
    private final Map<String, String> toolNames = new HashMap<>();
    private boolean marked;
    private String prefill = "";

    /// Reads `system` and `messages`.
    static InputMessages read(Fields fields) {
        var input = new InputMessages();
        input.marked |= CacheMarks.read(fields);
        if (fields.has("system")) {
            input.add("system", input.text(fields, "system"));
        } else {
            fields.ignore("system");
        }
        List<Fields> given = fields.objects("messages");
        if (given.isEmpty()) {
            throw ApiException.invalid("messages", "messages must have at least one message");
        }
        for (Fields message : given) {
            input.message(message);
        }
        input.takePrefill(given.getLast());
        return input;
    }

    /// As templates read them.
    List<Map<String, Object>> messages() { return messages; }

    /// What the answer begins with.
    String prefill() { return prefill; }

    /// Whether something has a `cache_control`.
    boolean marked() { return marked; }

    private void message(Fields message) {
        String role = message.requiredText("role");
        switch (role) {
            case "user" -> user(message);
            case "assistant" -> assistant(message);
            case "system" -> add(role, text(message, "content"));
            default -> throw message.wrong("role", "user, assistant or system", role);
        }
        message.end();
    }

    private void add(String role, String content) {
        if (!messages.isEmpty() && messages.getLast().get("role").equals(role)
                && !role.equals("tool")) {
            messages.getLast().merge("content", content,
                    (before, after) -> before.equals("") ? after : before + "\n\n" + after);
            return;
        }
        var message = new LinkedHashMap<String, Object>();
        message.put("role", role);
        message.put("content", content);
        messages.add(message);
    }

    // ---- user --------------------------------------------------------------------------------

    private void user(Fields message) {
        if (message.any("content").orElse(List.of()) instanceof String text) {
            add("user", text);
            return;
        }
        var text = new StringBuilder();
        boolean texts = false;
        for (Fields block : message.objects("content")) {
            switch (block.requiredText("type")) {
                case "text" -> {
                    append(text, text(block));
                    texts = true;
                }
                case "tool_result" -> result(block);
                default -> throw unsupported(block);
            }
        }
        if (texts) {
            add("user", text.toString());
        }
    }

    private void result(Fields block) {
        String id = block.requiredText("tool_use_id");
        String name = toolNames.get(id);
        if (name == null) {
            throw ApiException.invalid(block.path("tool_use_id"),
                    "%s: no tool_use block before has the id '%s'".formatted(
                            block.path("tool_use_id"), id));
        }
        String content = text(block, "content");
        // Templates know no failed results, so the text says it.
        boolean failed = block.flag("is_error", false);
        end(block);
        var message = new LinkedHashMap<String, Object>();
        message.put("role", "tool");
        message.put("tool_call_id", id);
        message.put("name", name);
        message.put("content", failed ? "Error: " + content : content);
        messages.add(message);
    }

    // ---- assistant ---------------------------------------------------------------------------

    private void assistant(Fields message) {
        if (message.any("content").orElse(List.of()) instanceof String text) {
            add("assistant", text);
            return;
        }
        var text = new StringBuilder();
        var thinking = new StringBuilder();
        var calls = new ArrayList<Map<String, Object>>();
        for (Fields block : message.objects("content")) {
            switch (block.requiredText("type")) {
                case "text" -> append(text, text(block));
                case "thinking" -> {
                    append(thinking, block.requiredText("thinking"));
                    block.text("signature");
                    end(block);
                }
                case "redacted_thinking" -> {
                    block.requiredText("data");
                    end(block);
                }
                case "tool_use" -> calls.add(call(block));
                default -> throw unsupported(block);
            }
        }
        add("assistant", text.toString());
        Map<String, Object> last = messages.getLast();
        if (!thinking.isEmpty()) {
            last.merge("reasoning_content", thinking.toString(),
                    (before, after) -> before + "\n\n" + after);
        }
        if (!calls.isEmpty()) {
            last.merge("tool_calls", calls, InputMessages::joined);
        }
    }

    private static Object joined(Object before, Object after) {
        var all = new ArrayList<Object>((List<?>) before);
        all.addAll((List<?>) after);
        return all;
    }

    private Map<String, Object> call(Fields block) {
        String id = block.requiredText("id");
        String name = block.requiredText("name");
        Fields input = block.object("input").orElseThrow(() -> block.missing("input"));
        block.ignore("caller");
        end(block);
        toolNames.put(id, name);
        return Functions.call(id, name, input.values());
    }

    private void takePrefill(Fields last) {
        Map<String, Object> message = messages.getLast();
        if (!message.get("role").equals("assistant")) {
            return;
        }
        if (message.containsKey("tool_calls")) {
            throw ApiException.invalid(last.path("content"), last.path("content")
                    + ": a tool_use block needs its tool_result in the next message");
        }
        prefill = (String) message.get("content");
        if (!prefill.equals(prefill.stripTrailing())) {
            throw ApiException.invalid(last.path("content"), last.path("content")
                    + ": a last message of the assistant must not end with white space");
        }
        messages.removeLast();
        if (messages.isEmpty()) {
            throw ApiException.invalid("messages", "messages must have a message of the user");
        }
    }

    // ---- blocks ------------------------------------------------------------------------------

    /// A string, or text blocks.
    private String text(Fields fields, String name) {
        if (fields.any(name).orElse("") instanceof String text) {
            return text;
        }
        var text = new StringBuilder();
        for (Fields block : fields.objects(name)) {
            if (!block.requiredText("type").equals("text")) {
                throw unsupported(block);
            }
            append(text, text(block));
        }
        return text.toString();
    }

    private String text(Fields block) {
        String text = block.requiredText("text");
        // Citations of an earlier answer are not shown to the model; without them the text is all.
        block.ignore("citations");
        end(block);
        return text;
    }

    private void end(Fields block) {
        marked |= CacheMarks.read(block);
        block.end();
    }

    private static void append(StringBuilder to, String text) {
        if (!to.isEmpty()) {
            to.append("\n\n");
        }
        to.append(text);
    }

    private static ApiException unsupported(Fields block) {
        String type = block.requiredText("type");
        return ApiException.invalid(block.path("type"), "%s: content of type '%s' is not supported"
                .formatted(block.path("type"), type));
    }
}
