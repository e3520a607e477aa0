package dev.sluice.bridge.inprocess;

import dev.sluice.runtime.FinishReason;
import dev.sluice.runtime.Usage;
import java.util.List;

/// A whole answer. Immutable.
///
/// @param reasoning what it thought; empty where the model does not tell it apart
/// @param warnings  calls that could not be read, one line each; what came of one that had begun
///                  is among the calls
public record InProcessReply(String content, String reasoning, List<Call> calls,
        List<String> warnings, FinishReason reason, Usage usage) {

    /// A call of a tool.
    ///
    /// @param arguments JSON text
    public record Call(String id, String name, String arguments) {
        Call grown(String json) {
            return new Call(id, name, arguments + json);
        }
    }
}
