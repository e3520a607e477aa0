package dev.sluice.runtime.toolcall;

import dev.sluice.models.chat.ChatTemplate;
import dev.sluice.models.chat.TemplateException;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// In which form a chat template wants the arguments of past calls. Most render an object; some
/// join them to a text as they are, and print an object as Python would.
public enum TemplateArguments {
    OBJECT, JSON_TEXT;

    /// Found out by rendering a call of one argument.
    ///
    /// @param variables what else the template reads: `bos_token` and the like
    public static TemplateArguments of(
            ChatTemplate template, Map<String, Object> variables, Clock clock) {
        return renders(template, variables, clock, Map.of("probe", "value")) ? OBJECT : JSON_TEXT;
    }

    private static boolean renders(ChatTemplate template, Map<String, Object> variables,
            Clock clock, Object arguments) {
        var all = new HashMap<>(variables);
        all.put("messages", List.of(Map.of("role", "user", "content", "question"),
                Map.of("role", "assistant", "content", "", "tool_calls", List.of(Map.of(
                        "id", "call_0000000", "type", "function", "function",
                        Map.of("name", "tool", "arguments", arguments)))),
                Map.of("role", "tool", "tool_call_id", "call_0000000", "name", "tool",
                        "content", "result")));
        try {
            String text = template.render(all, clock);
            return text.contains("probe") && !text.contains("{'probe'");
        } catch (TemplateException e) {
            return false;
        }
    }
}
