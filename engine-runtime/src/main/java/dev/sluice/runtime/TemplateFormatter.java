package dev.sluice.runtime;

import dev.sluice.models.ModelTexts;
import dev.sluice.models.chat.ChatTemplate;
import dev.sluice.models.tokenizer.Tokenizer;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A model's own chat template as the way from messages to a prompt. Immutable.
///
/// @param clock of `strftime_now`
public record TemplateFormatter(ChatTemplate template, Tokenizer tokenizer, Clock clock)
        implements ChatFormatter {

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
                texts.tokenizer(), Clock.systemDefaultZone());
    }

    @Override
    public String format(List<Map<String, Object>> messages) {
        Map<String, Object> variables = variables(tokenizer);
        variables.put("messages", messages);
        return template.render(variables, clock);
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
