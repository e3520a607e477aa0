package dev.sluice.runtime;

import java.util.List;
import java.util.Map;

/// Messages to a prompt that ends where the assistant begins. Any thread.
@FunctionalInterface
public interface ChatFormatter {
    /// @param messages each with a `role` and a `content`, untrusted text already guarded
    ///                 ([dev.sluice.models.tokenizer.Tokenizer#guard])
    String format(List<Map<String, Object>> messages);
}
