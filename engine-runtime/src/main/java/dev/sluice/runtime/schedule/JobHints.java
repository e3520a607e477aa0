package dev.sluice.runtime.schedule;

/// What a caller tells about a request. Hints may be wrong; they change who waits, never an answer.
///
/// @param client        who asks, for fair shares; "" is a client as any other
/// @param program       the chain or tree of calls this is part of, "" for none. A later call of a
///                      program is as old as its first, and lengths are learnt per program.
/// @param lane          strict priority: 0 is served before 1, and so on
/// @param deadlineNanos on the engine's clock, [#NO_DEADLINE] for none
/// @param expectedTool  the tool the answer will probably call, "" if unknown: answers that call
///                      the same tool are about as long
public record JobHints(String client, String program, int lane, long deadlineNanos,
        String expectedTool) {

    public static final long NO_DEADLINE = Long.MAX_VALUE;
    /// No client, no program, the first lane, no deadline.
    public static final JobHints NONE = new JobHints("", "", 0, NO_DEADLINE, "");

    public JobHints {
        if (lane < 0) {
            throw new IllegalArgumentException("lane=" + lane + ", allowed: at least 0");
        }
    }

    public JobHints withClient(String name) {
        return new JobHints(name, program, lane, deadlineNanos, expectedTool);
    }

    public JobHints withProgram(String name) {
        return new JobHints(client, name, lane, deadlineNanos, expectedTool);
    }

    public JobHints withLane(int index) {
        return new JobHints(client, program, index, deadlineNanos, expectedTool);
    }

    public JobHints withDeadline(long nanos) {
        return new JobHints(client, program, lane, nanos, expectedTool);
    }

    public JobHints withExpectedTool(String name) {
        return new JobHints(client, program, lane, deadlineNanos, name);
    }
}
