package dev.sluice.benchmarks.load;

import dev.sluice.benchmarks.load.AgentSession.At;
import dev.sluice.benchmarks.load.AgentSession.Turn;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Requests of strangers, who come one by one and do not wait for each other: the times between
/// them are exponential.
///
/// @param perSecond    mean rate
/// @param seconds      how long requests come
/// @param sharedTokens of a system prompt that all have
/// @param promptTokens of each request's own
record PoissonArrivals(double perSecond, double seconds, int sharedTokens, int promptTokens,
        int answerTokens, long seed) {

    PoissonArrivals {
        if (!(perSecond > 0) || !(seconds > 0)) {
            throw new IllegalArgumentException(
                    "%s requests per second for %s s".formatted(perSecond, seconds));
        }
    }

    List<AgentSession> sessions() {
        var sessions = new ArrayList<AgentSession>();
        for (long at : times()) {
            String id = "p" + sessions.size();
            var prompt = new ArrayList<PromptPiece>();
            if (sharedTokens > 0) {
                prompt.add(new PromptPiece("system", "shared/" + seed, sharedTokens));
            }
            prompt.add(new PromptPiece("user", seed + "/" + id, promptTokens));
            sessions.add(new AgentSession(id, new At(at),
                    List.of(new Turn(prompt, answerTokens, 0))));
        }
        return sessions;
    }

    /// Nanoseconds from the beginning.
    List<Long> times() {
        var random = new Random(seed);
        var times = new ArrayList<Long>();
        double at = -Math.log(1 - random.nextDouble()) / perSecond;
        while (at < seconds) {
            times.add((long) (at * 1e9));
            at -= Math.log(1 - random.nextDouble()) / perSecond;
        }
        return times;
    }
}
