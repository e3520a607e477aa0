package dev.sluice.runtime;

import dev.sluice.runtime.schedule.JobHints;

/// What a caller tells the scheduler about a request. Hints may be wrong; they change who waits,
/// never an answer. Immutable.
///
/// ```java
/// var hints = RequestHints.NONE.withClient("alice").withProgram("run-17")
///         .withTimeout(5_000_000_000L);
/// TokenStream stream = engine.submit(request.withHints(hints));
/// ```
///
/// @param client        who asks, for fair shares
/// @param program       the chain or tree of calls that this is part of; empty for none
/// @param lane          0 is served before 1, and so on
/// @param timeoutNanos  after submission, when an answer is worth nothing any more: the request
///                      then ends with [FinishReason#DEADLINE]; [#NO_TIMEOUT] for never
/// @param expectedTool  the tool that the answer will probably call; empty if unknown
public record RequestHints(String client, String program, int lane, long timeoutNanos,
        String expectedTool) {

    /// Lanes there are: room for people, agents, what may wait, and what nobody waits for.
    public static final int LANES = 4;

    public static final long NO_TIMEOUT = Long.MAX_VALUE;

    /// No client, no program, the first lane, no timeout.
    public static final RequestHints NONE = new RequestHints("", "", 0, NO_TIMEOUT, "");

    public RequestHints {
        if (lane < 0 || lane >= LANES || timeoutNanos < 1) {
            throw new IllegalArgumentException(
                    "lane=%d, timeoutNanos=%d, allowed: 0 to %d and at least 1"
                    .formatted(lane, timeoutNanos, LANES - 1));
        }
    }

    public RequestHints withClient(String name) {
        return new RequestHints(name, program, lane, timeoutNanos, expectedTool);
    }

    public RequestHints withProgram(String name) {
        return new RequestHints(client, name, lane, timeoutNanos, expectedTool);
    }

    public RequestHints withLane(int index) {
        return new RequestHints(client, program, index, timeoutNanos, expectedTool);
    }

    public RequestHints withTimeout(long nanos) {
        return new RequestHints(client, program, lane, nanos, expectedTool);
    }

    public RequestHints withExpectedTool(String name) {
        return new RequestHints(client, program, lane, timeoutNanos, name);
    }

    /// Whose pages its own count among, as `client/program`; empty without a client.
    String quotaPath() {
        return client.isEmpty() || program.isEmpty() ? client : client + "/" + program;
    }

    /// As the scheduler wants them, with a deadline on the engine's clock.
    JobHints job(long nowNanos) {
        long deadline = timeoutNanos == NO_TIMEOUT ? JobHints.NO_DEADLINE
                : nowNanos + timeoutNanos;
        return new JobHints(client, program, lane, deadline, expectedTool);
    }
}
