package dev.sluice.bridge.observe;

import java.util.List;
import java.util.Optional;

/// All that is known of one request when it is over. Immutable.
///
/// @param route       the pattern it was answered by, as in `GET /v1/models/{id}`; `none`
/// @param status      of the response; 0 when the client left before there was one
/// @param errorKind   the kind of the error, in lower case; empty without one
/// @param errorText   the error's message, which may quote what the client sent
/// @param work        what the engine did; empty if it was not asked
/// @param totalNanos  from the request's arrival to the end of the response
/// @param prompt      its text; empty unless prompts are logged
public record FinishedRequest(String id, String client, String route, int status,
        Outcome outcome, String errorKind, String errorText, TraceContext trace,
        Optional<Work> work, long totalNanos, String prompt) {

    /// What the engine did for a request, over all its answers; a prompt counts once for all of
    /// its choices.
    ///
    /// @param firstTokenNanos from the request's arrival to its first token; 0 if none came
    /// @param queuedNanos     the longest wait before a first step
    /// @param engineNanos     its rows' share of the model's time
    /// @param finishes        why each answer ended
    public record Work(String model, long promptTokens, long cachedTokens, long completionTokens,
            long queuedNanos, long firstTokenNanos, long engineNanos, List<String> finishes) {

        public Work {
            finishes = List.copyOf(finishes);
        }
    }
}
