package dev.sluice.bridge.cli;

import dev.sluice.models.chat.ChatTemplate;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.ChatFormatter;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A model's own chat template as the engine's way from messages to a prompt. Immutable.
///
/// @param clock of `strftime_now`, in the user's zone
record TemplatePrompt(ChatTemplate template, Tokenizer tokenizer, Clock clock)
        implements ChatFormatter {

    @Override
    public String format(List<Map<String, Object>> messages) {
        Map<String, Object> variables = variables(tokenizer);
        variables.put("messages", messages);
        return template.render(variables, clock);
    }

    /// What every template may read beside the messages.
    static Map<String, Object> variables(Tokenizer tokenizer) {
        var variables = new HashMap<String, Object>();
        variables.put("add_generation_prompt", true);
        variables.put("bos_token", tokenizer.bosText());
        variables.put("eos_token", tokenizer.eosText());
        return variables;
    }
}
