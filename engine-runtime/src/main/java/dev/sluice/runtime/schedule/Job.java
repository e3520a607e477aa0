package dev.sluice.runtime.schedule;

/// What the [Scheduler] knows of one request. Engine thread only.
public final class Job {
    private final JobHints hints;
    private final long arrival;

    /// @param arrival on the engine's clock, in nanoseconds
    public Job(JobHints hints, long arrival) {
        this.hints = hints;
        this.arrival = arrival;
    }

    public JobHints hints() { return hints; }

    public long arrival() { return arrival; }
}
