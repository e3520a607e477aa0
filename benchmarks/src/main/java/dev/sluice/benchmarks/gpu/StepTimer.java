package dev.sluice.benchmarks.gpu;

import java.util.Arrays;

/// Times something again and again. One thread.
///
/// @param medianNanos  of one repetition
/// @param lowNanos     a tenth of the repetitions took less
/// @param highNanos    a tenth took more
record StepTimer(int repetitions, double medianNanos, double lowNanos, double highNanos) {
    private static final int WARM_UP = 5;
    private static final int LEAST = 10;
    private static final int MOST = 2000;

    /// Five times to warm up, of which slow steps do fewer, then until `seconds` have passed, at
    /// least ten times unless that would take ten times as long.
    static StepTimer of(Runnable step, double seconds) {
        long limit = (long) (seconds * 1e9);
        long start = System.nanoTime();
        for (int i = 0; i < WARM_UP && (i < 1 || System.nanoTime() - start < limit); i++) {
            step.run();
        }
        var nanos = new double[MOST];
        int count = 0;
        start = System.nanoTime();
        while (count < MOST && more(count, System.nanoTime() - start, limit)) {
            long before = System.nanoTime();
            step.run();
            nanos[count++] = System.nanoTime() - before;
        }
        return of(Arrays.copyOf(nanos, count));
    }

    private static boolean more(int count, long passed, long limit) {
        return count == 0 || passed < limit || (count < LEAST && passed < 10 * limit);
    }

    static StepTimer of(double[] nanos) {
        double[] sorted = nanos.clone();
        Arrays.sort(sorted);
        int n = sorted.length;
        return new StepTimer(n, (sorted[(n - 1) / 2] + sorted[n / 2]) / 2, sorted[n / 10],
                sorted[n - 1 - n / 10]);
    }

    double milliseconds() { return medianNanos / 1e6; }
}
