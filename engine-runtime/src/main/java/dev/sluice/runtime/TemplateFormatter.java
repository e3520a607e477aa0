package dev.sluice.runtime;

import dev.sluice.models.ModelTexts;
import dev.sluice.models.chat.ChatTemplate;
import dev.sluice.models.json.Json;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.toolcall.MessageReader;
import dev.sluice.runtime.toolcall.TemplateArguments;
import dev.sluice.runtime.toolcall.ToolFormat;
import dev.sluice.runtime.toolcall.ToolFormats;
import dev.sluice.runtime.toolcall.ToolTypes;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A model's own chat template as the way from messages to a prompt. Immutable.
///
/// @param clock      of `strftime_now`
/// @param toolFormat in which the template has the model call tools; empty where it knows none,
///                   and for gpt-oss, whose calls are read over HTTP only
public record TemplateFormatter(ChatTemplate template, Tokenizer tokenizer, Clock clock,
        Optional<ToolFormat> toolFormat) implements ChatFormatter {

    /// The formatter of a model, its dates in the system's zone. For a model without a template it
    /// is one that refuses every conversation.
    public static ChatFormatter of(ModelTexts texts) {
        if (texts.chatTemplate().isEmpty()) {
            return _ -> {
                throw new RequestRejected(RequestRejected.Reason.INVALID_REQUEST,
                        "the model has no chat template; it can only continue a text");
            };
        }
        return new TemplateFormatter(ChatTemplate.parse(texts.chatTemplate()),
                texts.tokenizer(), Clock.systemDefaultZone(),
                ToolFormats.of(texts.chatTemplate()));
    }

    @Override
    public String format(List<Map<String, Object>> messages) {
        Map<String, Object> variables = variables(tokenizer);
        variables.put("messages", messages);
        return template.render(variables, clock);
    }

    @Override
    public String format(List<Map<String, Object>> messages, List<Map<String, Object>> tools) {
        if (tools.isEmpty()) {
            return format(messages);
        }
        if (toolFormat.isEmpty()) {
            return ChatFormatter.super.format(messages, tools);
        }
        Map<String, Object> variables = variables(tokenizer);
        var form = TemplateArguments.of(template, variables, clock);
        variables.put("messages", form == TemplateArguments.OBJECT ? messages
                : withArgumentsAsText(messages));
        variables.put("tools", tools);
        return template.render(variables, clock);
    }

    @Override
    public MessageReader reader(ToolTypes types) {
        return toolFormat.map(format -> MessageReader.of(format, types, false))
                .orElseGet(MessageReader::plain);
    }

    private static List<Object> withArgumentsAsText(List<Map<String, Object>> messages) {
        var ready = new ArrayList<Object>();
        for (Map<String, Object> message : messages) {
            var copy = new LinkedHashMap<String, Object>(message);
            if (message.get("tool_calls") instanceof List<?> calls) {
                var texts = new ArrayList<Object>();
                for (Object call : calls) {
                    var function = new LinkedHashMap<Object, Object>(
                            (Map<?, ?>) ((Map<?, ?>) call).get("function"));
                    function.put("arguments", Json.write(function.get("arguments")));
                    texts.add(Map.of("type", "function", "function", function));
                }
                copy.put("tool_calls", texts);
            }
            ready.add(copy);
        }
        return ready;
    }

    /// What every template may read beside the messages. The map is the caller's.
    public static Map<String, Object> variables(Tokenizer tokenizer) {
        var variables = new HashMap<String, Object>();
        variables.put("add_generation_prompt", true);
        variables.put("bos_token", tokenizer.bosText());
        variables.put("eos_token", tokenizer.eosText());
        return variables;
    }
}
