package dev.sluice.bridge.chat;

import java.util.List;
import java.util.Map;

/// What the text of an answer must be, beyond what the model likes to say. Immutable.
public sealed interface OutputRule {
    /// Anything. Calls are only read.
    record Free() implements OutputRule {}

    /// Any JSON object.
    record JsonObject() implements OutputRule {}

    /// JSON that a schema describes.
    record Schema(Object document) implements OutputRule {}

    /// Text that a GBNF grammar describes.
    record Gbnf(String grammar) implements OutputRule {}

    /// Calls of these tools alone, their arguments as the tools' schemas say.
    ///
    /// @param required whether there must be one
    /// @param parallel whether there may be several
    record Calls(List<Map<String, Object>> tools, boolean required, boolean parallel)
            implements OutputRule {

        /// At least one call.
        public Calls(List<Map<String, Object>> tools, boolean parallel) {
            this(tools, true, parallel);
        }
    }

    /// Either calls and nothing else, or a text of another form.
    ///
    /// @param calls where they are required, nothing else may come
    /// @param form  that rules content alone: neither free nor calls
    record CallsOrForm(Calls calls, OutputRule form) implements OutputRule {}

    /// Another rule for the answer, and an end to the thinking before it.
    ///
    /// @param thinkingTokens after which thinking is closed
    record Budgeted(int thinkingTokens, OutputRule answer) implements OutputRule {}
}
