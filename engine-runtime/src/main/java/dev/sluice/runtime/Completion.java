package dev.sluice.runtime;

import dev.sluice.runtime.TokenEvent.Failed;
import dev.sluice.runtime.TokenEvent.Finished;
import dev.sluice.runtime.TokenEvent.Token;

/// An answer that has been read to its end.
///
/// ```java
/// Completion answer = Completion.read(engine.submit(request));
/// ```
///
/// @param choice      which of the answers to its prompt
/// @param logprobSum  of its tokens' log-probabilities, where the request asked for them, else 0;
///                    the token that ended it is not counted
/// @param tokens      read, the one that ended it not counted
/// @param end         how it ended and what it cost
public record Completion(int choice, String text, double logprobSum, int tokens, Finished end) {

    /// Reads a stream to its end. Any thread.
    ///
    /// @throws GenerationFailed if it breaks off
    public static Completion read(TokenStream stream) throws InterruptedException {
        var text = new StringBuilder();
        double sum = 0;
        int tokens = 0;
        while (true) {
            switch (stream.take()) {
                case Token(int _, String piece, var logprobs) -> {
                    text.append(piece);
                    sum += logprobs.isEmpty() ? 0 : logprobs.getFirst().value();
                    tokens++;
                }
                case Finished last -> {
                    text.append(last.text());
                    return new Completion(
                            stream.choice(), text.toString(), sum, tokens, last);
                }
                case Failed(var failure, String message) ->
                        throw new GenerationFailed(failure, message);
            }
        }
    }

    /// What [AnswerGroup#best] compares: negative infinity for an answer without tokens.
    public double meanLogprob() {
        return tokens > 0 ? logprobSum / tokens : Double.NEGATIVE_INFINITY;
    }
}
