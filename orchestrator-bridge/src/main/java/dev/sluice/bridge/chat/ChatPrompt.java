package dev.sluice.bridge.chat;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.models.chat.ChatTemplate;
import dev.sluice.models.chat.TemplateException;
import dev.sluice.models.chat.TemplateRefusedException;
import dev.sluice.models.json.Json;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.toolcall.TemplateArguments;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// From messages to a prompt by the model's own template. Whatever text came from outside is
/// guarded, so that none of it turns into a control token.
///
/// @param text     as the template renders it, texts guarded, and what the answer begins with
/// @param tokenIds of the text
public record ChatPrompt(String text, int[] tokenIds) {
    /// The prompt of a conversation.
    ///
    /// @throws ApiException if the model has no template, or the template refuses the messages
    public static ChatPrompt of(HostedModel model, ChatRequest request) {
        String text = render(model, request);
        return new ChatPrompt(text, model.tokenizer().encodePrompt(text));
    }

    /// The rendered prompt, ending where the assistant begins.
    ///
    /// @throws ApiException if the model has no template, or the template refuses the messages
    public static String render(HostedModel model, ChatRequest request) {
        ChatTemplate template = model.template().orElseThrow(() -> ApiException.invalid(
                "messages", "the model '%s' has no chat template; it can only complete text"
                        .formatted(model.name())));
        var variables = new HashMap<String, Object>(model.textVariables());
        variables.put("add_generation_prompt", true);
        variables.putAll(request.variables());
        variables.put("messages", messages(model, request.messages()));
        if (!request.tools().isEmpty()) {
            variables.put("tools", guarded(model.tokenizer(), request.tools()));
        }
        try {
            return template.render(variables, model.clock())
                    + model.tokenizer().guard(request.prefill());
        } catch (TemplateRefusedException | TemplateException e) {
            throw ApiException.invalid("messages",
                    "the model's chat template refuses this: " + e.getMessage());
        }
    }

    private static List<Object> messages(HostedModel model, List<Map<String, Object>> messages) {
        var ready = new ArrayList<Object>();
        for (Map<String, Object> message : messages) {
            var copy = new LinkedHashMap<String, Object>();
            message.forEach((key, value) -> copy.put(key, key.equals("tool_calls")
                    ? calls(model, (List<?>) value) : guarded(model.tokenizer(), value)));
            ready.add(copy);
        }
        return ready;
    }

    /// Past calls, their arguments in the form that the template wants.
    private static List<Object> calls(HostedModel model, List<?> calls) {
        var ready = new ArrayList<Object>();
        for (Object each : calls) {
            var call = new LinkedHashMap<Object, Object>((Map<?, ?>) each);
            var function = new LinkedHashMap<Object, Object>((Map<?, ?>) call.get("function"));
            Object arguments = function.get("arguments");
            if (model.arguments() == TemplateArguments.OBJECT && arguments instanceof String s) {
                function.put("arguments", object(s));
            } else if (model.arguments() == TemplateArguments.JSON_TEXT
                    && !(arguments instanceof String)) {
                function.put("arguments", Json.write(arguments));
            }
            call.put("function", function);
            ready.add(guarded(model.tokenizer(), call));
        }
        return ready;
    }

    private static Object object(String json) {
        if (json.isBlank()) {
            return Map.of();
        }
        try {
            return Json.parse(json);
        } catch (Json.MalformedJsonException e) {
            return json;
        }
    }

    /// The value with every text in it guarded, keys included.
    private static Object guarded(Tokenizer tokenizer, Object value) {
        return switch (value) {
            case String text -> tokenizer.guard(text);
            case List<?> list -> {
                var copy = new ArrayList<Object>(list.size());
                for (Object each : list) {
                    copy.add(guarded(tokenizer, each));
                }
                yield copy;
            }
            case Map<?, ?> map -> {
                var copy = new LinkedHashMap<String, Object>();
                map.forEach((key, each) ->
                        copy.put(tokenizer.guard((String) key), guarded(tokenizer, each)));
                yield copy;
            }
            case null, default -> value;
        };
    }
}
