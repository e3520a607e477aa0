package dev.sluice.runtime.schedule;

/// Whether a request starts, in numbers of pages (AgentCgroup's working sets). Engine thread only.
///
/// A job takes pages as it grows and gives all back at its end, so its peak is higher than its
/// average and not all jobs are at their peak at once. Promised is therefore what the running jobs
/// are still expected to take divided by peak over average, as measured on jobs that ended. If the
/// guess was too bold, a preemption repairs it; if it could never fit, it is refused at the door.
public final class Admission {
    /// Weight of a job that ended in the average of the bursts.
    private static final double WEIGHT = 1.0 / 16;
    /// Burst beyond which no more is promised: a job that grows evenly from nothing has 2.
    private static final double BURST_MAX = 2;

    private final int pages;
    private final int spare;
    private double burst = 1;

    /// @param pages all there are
    /// @param spare pages that an admission leaves free, so that the running jobs' next tokens do
    ///              not preempt at once; about one in a hundred
    public Admission(int pages, int spare) {
        if (spare < 0 || pages <= spare) {
            throw new IllegalArgumentException("pages=" + pages + " spare=" + spare
                    + ", allowed: spare at least 0 and below pages");
        }
        this.pages = pages;
        this.spare = spare;
    }

    /// What a request takes, shared pages deducted from the first two.
    ///
    /// @param prompt   pages of the prompt
    /// @param expected pages at the expected end, at least `prompt`
    /// @param most     pages if the answer has all tokens allowed and nothing is shared
    public record Demand(int prompt, int expected, int most) { }

    public sealed interface Verdict {
        record Admitted() implements Verdict { }

        /// @param missing pages that have to become free before
        record Waits(int missing) implements Verdict { }

        record Refused(String message) implements Verdict { }
    }

    /// Peak over average of the pages of jobs that ended, at least 1.
    public double burst() { return burst; }

    /// A job ended; it had so many pages at its peak and on average.
    public void ended(int peakPages, double meanPages) {
        if (meanPages > 0) {
            double ratio = Math.clamp(peakPages / meanPages, 1, BURST_MAX);
            burst += WEIGHT * (ratio - burst);
        }
    }

    /// Checked when a request is submitted: can it ever run, alone?
    public Verdict atTheDoor(Demand demand) {
        if (demand.most() <= pages) {
            return new Verdict.Admitted();
        }
        return new Verdict.Refused("the request needs up to %d pages of KV memory, there are %d"
                .formatted(demand.most(), pages));
    }

    /// Checked when it is its turn.
    ///
    /// @param available pages that are free or can be evicted
    /// @param growth    pages that the running jobs are still expected to take
    /// @param alone     no job runs: then whatever fits may start
    public Verdict now(Demand demand, int available, int growth, boolean alone) {
        double later = (growth + demand.expected() - demand.prompt()) / burst;
        double wanted = alone ? demand.prompt() : demand.prompt() + later + spare;
        return wanted <= available
                ? new Verdict.Admitted()
                : new Verdict.Waits((int) Math.ceil(wanted - available));
    }
}
