package dev.sluice.runtime.schedule;

import java.util.ArrayList;

/// The deadlines of a lane. Engine thread only.
///
///     far ----- half of the time left is needed -----> urgent ----- too late -----> neither
///
/// Urgent jobs go first, earliest deadline first (EDF). A job that can not be done in time any
/// more takes nobody's place; it goes on by its rank until the caller ends it.
final class Urgency {
    /// A job is urgent when it needs this part of the time that is left.
    private static final int SLACK = 2;
    /// Times of urgency are computed anew when a step takes this much longer or shorter.
    private static final double DRIFT = 1.5;

    private final StepClock clock;
    private final Heap<Job> far = new Heap<>(Job.BY_URGENCY, Job::urgentBefore);
    private final Heap<Job> urgent = new Heap<>(Job.URGENT, Job::expiresBefore);
    private final ArrayList<Job> seen = new ArrayList<>();
    private double stepNanos;

    Urgency(StepClock clock) {
        this.clock = clock;
    }

    void add(Job job) {
        if (job.hints().deadlineNanos() != JobHints.NO_DEADLINE) {
            job.urgentAt = urgentAt(job);
            far.add(job);
        }
    }

    void remove(Job job) {
        far.remove(job);
        urgent.remove(job);
    }

    void update(Job job) {
        if (job.hints().deadlineNanos() == JobHints.NO_DEADLINE || urgent.contains(job)) {
            return;
        }
        job.urgentAt = urgentAt(job);
        if (far.contains(job)) {
            far.update(job);
        } else {
            far.add(job);
        }
    }

    private long urgentAt(Job job) {
        return job.hints().deadlineNanos() - SLACK * clock.needNanos(job);
    }

    /// Finds the jobs that have become urgent; returns whether there are any.
    boolean begin(long now) {
        if (!far.isEmpty()) {
            followClock();
        }
        while (!far.isEmpty() && far.first().urgentAt <= now) {
            urgent.add(far.removeFirst());
        }
        return !urgent.isEmpty();
    }

    private void followClock() {
        double nanos = clock.stepNanos();
        if (nanos <= stepNanos * DRIFT && nanos * DRIFT >= stepNanos) {
            return;
        }
        stepNanos = nanos;
        while (!far.isEmpty()) {
            seen.add(far.removeFirst());
        }
        for (int i = 0; i < seen.size(); i++) {
            add(seen.get(i));
        }
        seen.clear();
    }

    /// Whether there is an urgent job not yet looked at in this choice; drops those too late.
    boolean hasNext(long now) {
        while (!urgent.isEmpty()) {
            Job job = urgent.first();
            if (now + clock.needNanos(job) <= job.hints().deadlineNanos()) {
                return true;
            }
            urgent.remove(job);
        }
        return false;
    }

    Job next() {
        Job job = urgent.removeFirst();
        seen.add(job);
        return job;
    }

    void end() {
        for (int i = 0; i < seen.size(); i++) {
            urgent.add(seen.get(i));
        }
        seen.clear();
    }
}
