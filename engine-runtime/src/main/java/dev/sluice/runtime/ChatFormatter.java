package dev.sluice.runtime;

import dev.sluice.runtime.toolcall.MessageReader;
import dev.sluice.runtime.toolcall.ToolTypes;
import java.util.List;
import java.util.Map;

/// Messages to a prompt that ends where the assistant begins. Any thread.
@FunctionalInterface
public interface ChatFormatter {
    /// @param messages each with a `role` and a `content`, untrusted text already guarded
    ///                 ([dev.sluice.models.tokenizer.Tokenizer#guard])
    String format(List<Map<String, Object>> messages);

    /// The same with tools that the model may call, and its past calls among the messages, their
    /// arguments as objects. A formatter that knows no tools refuses them.
    ///
    /// @param tools as OpenAI's requests have them
    /// @throws RequestRejected if there are tools and the model knows none
    default String format(List<Map<String, Object>> messages, List<Map<String, Object>> tools) {
        if (!tools.isEmpty()) {
            throw new RequestRejected(RequestRejected.Reason.INVALID_REQUEST,
                    "the model's chat template knows no tools");
        }
        return format(messages);
    }

    /// Takes an answer of this model apart; all of it is content where it knows no tools.
    default MessageReader reader(ToolTypes types) {
        return MessageReader.plain();
    }
}
