package dev.sluice.runtime.schedule;

import java.util.Arrays;

/// What the [Scheduler] knows of one request. Engine thread only; all but the hints is the
/// scheduler's, which is told by the engine what happened to the job.
public final class Job implements Heap.Entry {
    /// The heaps a job may be in.
    static final int BY_RANK = 0;
    static final int BY_AGE = 1;
    static final int BY_WORTH = 2;
    static final int BY_URGENCY = 3;
    static final int URGENT = 4;
    static final int BY_DEADLINE = 5;
    private static final int HEAPS = 6;

    private final JobHints hints;
    private final long arrival;
    private final int[] positions = new int[HEAPS];

    Share share;
    Program program;
    /// Order of arrival, which settles all ties.
    long sequence;
    int promptLeft;
    int decoded;
    int decodeEstimate;
    /// Estimated cost until the end, less for a program that came far: smaller goes first.
    long rank;
    boolean present;
    boolean blocked;
    long attachedStep;
    int preemptions;
    long urgentAt;

    /// @param arrival on the engine's clock, in nanoseconds
    public Job(JobHints hints, long arrival) {
        this.hints = hints;
        this.arrival = arrival;
        Arrays.fill(positions, Heap.OUTSIDE);
    }

    public JobHints hints() { return hints; }

    public long arrival() { return arrival; }

    /// Tokens decoded so far.
    public int decoded() { return decoded; }

    /// Prompt tokens that have not gone through the model.
    public int promptLeft() { return promptLeft; }

    /// How often it gave up its pages.
    public int preemptions() { return preemptions; }

    @Override
    public int position(int heap) { return positions[heap]; }

    @Override
    public void position(int heap, int index) { positions[heap] = index; }

    int decodeLeft() { return Math.max(1, decodeEstimate - decoded); }

    /// A job is as old as its program.
    boolean olderThan(Job other) {
        long mine = program.born;
        long others = other.program.born;
        return mine != others ? mine < others : sequence < other.sequence;
    }

    boolean ranksBefore(Job other) {
        return rank != other.rank ? rank < other.rank : olderThan(other);
    }

    boolean worthLessThan(Job other) {
        int lane = hints.lane();
        int others = other.hints.lane();
        return lane != others ? lane > others : other.olderThan(this);
    }

    boolean expiresBefore(Job other) {
        long mine = hints.deadlineNanos();
        long others = other.hints.deadlineNanos();
        return mine != others ? mine < others : sequence < other.sequence;
    }

    boolean urgentBefore(Job other) {
        return urgentAt != other.urgentAt ? urgentAt < other.urgentAt : sequence < other.sequence;
    }
}
