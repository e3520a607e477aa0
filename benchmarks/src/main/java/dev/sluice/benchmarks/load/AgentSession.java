package dev.sluice.benchmarks.load;

import java.util.List;

/// Requests of which each begins when the one before it is answered and its tool is done. One
/// request that nothing follows is a session, too. Immutable.
///
/// @param id    unique in a workload
/// @param start when the first request is due
record AgentSession(String id, Start start, List<Turn> turns) {
    /// When a session begins.
    sealed interface Start { }

    /// So long after the beginning of the run, whatever else happens: the loop is open.
    record At(long nanos) implements Start { }

    /// A sub-agent: so long after a turn of another session, counted from 0, was answered.
    record After(String session, int turn, long waitNanos) implements Start { }

    /// @param prompt       all of it, what was said before included
    /// @param answerTokens how many are asked for
    /// @param waitNanos    between the answer to the turn before and this one; 0 for the first
    record Turn(List<PromptPiece> prompt, int answerTokens, long waitNanos) {
        Turn {
            prompt = List.copyOf(prompt);
        }

        int promptTokens() {
            int tokens = 0;
            for (PromptPiece piece : prompt) {
                tokens += piece.tokens();
            }
            return tokens;
        }
    }

    AgentSession {
        turns = List.copyOf(turns);
        if (turns.isEmpty()) {
            throw new IllegalArgumentException("session " + id + " has no turn");
        }
    }
}
