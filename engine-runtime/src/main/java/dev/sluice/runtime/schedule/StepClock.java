package dev.sluice.runtime.schedule;

/// How long a job takes, learnt from the steps so far. Engine thread only.
final class StepClock {
    private static final double WEIGHT = 1.0 / 8;

    private double stepNanos;
    private double promptTokens = 256;
    private long last;
    private boolean running;

    /// A step begins; the time since the step before counts if that one served a job.
    void step(long now) {
        if (running && now > last) {
            double nanos = now - last;
            stepNanos = stepNanos == 0 ? nanos : stepNanos + WEIGHT * (nanos - stepNanos);
        }
        last = now;
    }

    void serving(boolean some) {
        running = some;
    }

    /// A job's part of a step was that many prompt tokens.
    void prompt(int tokens) {
        promptTokens += WEIGHT * (tokens - promptTokens);
    }

    /// Estimated time of a step, 0 as long as none was measured.
    double stepNanos() { return stepNanos; }

    /// Estimated time until the job ends if it is served in every step.
    long needNanos(Job job) {
        double steps = Math.ceil(job.promptLeft / promptTokens) + job.decodeLeft();
        return (long) (steps * stepNanos);
    }
}
