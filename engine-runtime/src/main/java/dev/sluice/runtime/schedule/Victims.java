package dev.sluice.runtime.schedule;

import java.util.ArrayList;
import java.util.Optional;

/// The jobs that have pages, the least worth first: lowest lane, then youngest. Engine thread only.
///
/// Worth is a total order and a job takes pages only from jobs worth less, so the most worthy one
/// always goes on and two jobs never take from each other in turns.
final class Victims {
    private final int preemptionsMax;
    private final Heap<Job> jobs = new Heap<>(Job.BY_WORTH, Job::worthLessThan);
    private final ArrayList<Job> spared = new ArrayList<>();

    Victims(int preemptionsMax) {
        this.preemptionsMax = preemptionsMax;
    }

    void add(Job job) {
        if (!jobs.contains(job)) {
            jobs.add(job);
        }
    }

    void remove(Job job) { jobs.remove(job); }

    /// Passes over jobs that got their pages in this step and those that gave theirs up often. The
    /// latter are asked only by the most worthy of all: otherwise nobody might go on.
    Optional<Job> choose(Job needy, long step) {
        Optional<Job> victim = Optional.empty();
        Optional<Job> last = Optional.empty();
        while (victim.isEmpty() && !jobs.isEmpty()) {
            Job job = jobs.first();
            if (needy.worthLessThan(job)) {
                last = Optional.empty();
                break;
            }
            spared.add(jobs.removeFirst());
            boolean eligible = job != needy && job.attachedStep != step;
            if (eligible && job.preemptions < preemptionsMax) {
                victim = Optional.of(job);
            } else if (eligible && last.isEmpty()) {
                last = Optional.of(job);
            }
        }
        for (int i = 0; i < spared.size(); i++) {
            jobs.add(spared.get(i));
        }
        spared.clear();
        return victim.isPresent() ? victim : last;
    }
}
