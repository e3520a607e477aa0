package dev.sluice.bridge.chat;

import dev.sluice.runtime.RequestHints;
import dev.sluice.runtime.SamplingParams;
import java.util.List;
import java.util.Map;

/// A conversation to be continued, whichever protocol it came by. Immutable.
///
/// @param messages   as chat templates read them, texts not yet guarded
/// @param tools      `{"type":"function","function":{..}}` each; empty for none
/// @param variables  of the template, besides messages and tools
/// @param prefill    text that the answer begins with; part of the prompt
public record ChatRequest(String model, List<Map<String, Object>> messages,
        List<Map<String, Object>> tools, Map<String, Object> variables, String prefill,
        Settings settings) {

    /// How answers are generated.
    ///
    /// @param choices    how many
    /// @param maxTokens  of each
    public record Settings(SamplingParams sampling, int maxTokens, List<String> stops, int choices,
            RequestHints hints, String cacheSalt, OutputRule rule) {}
}
