package dev.sluice.runtime.schedule;

/// The share of the slots that the oldest job has whatever its rank, so that no job starves.
/// Engine thread only.
///
/// A deterministic accumulator: every slot adds the share, every slot that the oldest job gets by
/// its rank takes one away, and with each whole one the oldest job gets a slot. So it has at least
/// its share since it became the oldest, and nothing is taken from others for a job that is served
/// anyway. Promoting jobs by their age instead makes the mean flow time three times worse.
final class Oldest {
    /// Slots by rank that are remembered: they bound how long a job that had many waits for the
    /// next one of its share.
    private static final double SERVED_MAX = 20;

    private final Heap<Job> jobs = new Heap<>(Job.BY_AGE, Job::olderThan);
    private final double share;
    private double credit;
    private Program oldest;

    Oldest(double share) {
        this.share = share;
    }

    int size() { return jobs.size(); }

    void add(Job job) { jobs.add(job); }

    void remove(Job job) { jobs.remove(job); }

    /// Fills `chosen` from the start with what the share is worth of these slots; the caller takes
    /// the jobs out of their lanes. Called only when jobs compete.
    int choose(Job[] chosen, int slots) {
        if (jobs.first().program != oldest) {
            oldest = jobs.first().program;
            credit = Math.max(credit, 0);
        }
        credit += share * slots;
        int count = 0;
        while (credit >= 1 && count < slots && !jobs.isEmpty()) {
            credit--;
            chosen[count++] = jobs.removeFirst();
        }
        for (int i = 0; i < count; i++) {
            jobs.add(chosen[i]);
        }
        return count;
    }

    /// The choice is made; the first `reserved` jobs got their slot by [#choose].
    void chosen(Job[] chosen, int reserved, int count) {
        for (int i = reserved; i < count; i++) {
            if (chosen[i] == jobs.first()) {
                credit = Math.max(credit - 1, -SERVED_MAX);
            }
        }
    }
}
