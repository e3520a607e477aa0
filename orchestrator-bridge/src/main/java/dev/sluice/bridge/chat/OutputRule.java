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

    /// At least one call of one of these tools.
    ///
    /// @param parallel whether there may be several
    record Calls(List<Map<String, Object>> tools, boolean parallel) implements OutputRule {}

    /// Another rule for the answer, and an end to the thinking before it.
    ///
    /// @param thinkingTokens after which thinking is closed
    record Budgeted(int thinkingTokens, OutputRule answer) implements OutputRule {}
}
