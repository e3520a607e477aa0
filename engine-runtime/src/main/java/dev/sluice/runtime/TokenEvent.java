package dev.sluice.runtime;

import java.util.List;

/// What a request produces, in order: tokens, then exactly one of the other two.
public sealed interface TokenEvent {

    /// @param text     what the answer's text grew by: nothing while a character is incomplete or
    ///                 a stop string may have begun, so it need not be this token's own text
    /// @param logprobs this token's, then the most likely ones'; empty when not asked for
    record Token(int id, String text, List<Logprob> logprobs) implements TokenEvent {}

    /// @param text what was held back and belongs to the answer after all
    /// @param stop the stop string that ended it, or an empty text
    record Finished(FinishReason reason, String text, String stop, Usage usage)
            implements TokenEvent {}

    record Failed(Failure failure, String message) implements TokenEvent {}

    enum Failure {
        /// The model produced logits that no token can be drawn from; the engine lives on.
        NO_TOKEN,
        /// The engine failed, and with it every open request.
        ENGINE_FAILED,
        /// The engine was closed before the request was done.
        ENGINE_STOPPED
    }
}
