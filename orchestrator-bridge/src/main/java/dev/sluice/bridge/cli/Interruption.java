package dev.sluice.bridge.cli;

import java.io.PrintWriter;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// What Ctrl-C does: a running answer is stopped and told so in one line; the JVM then exits with
/// status 130 (143 for a kill) by itself. Any thread.
final class Interruption {
    /// The engine looks at a cancellation once a step; a step takes well under this.
    private static final long PATIENCE_SECONDS = 3;

    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile Runnable stop = () -> { };

    /// What to do before the process ends. The command then comes to its end by itself.
    void stopsBy(Runnable action) {
        stop = action;
    }

    /// The command has ended and said what it had to.
    void ended() {
        ended.countDown();
    }

    /// To be run by the JVM when it ends; does nothing after a normal end.
    Thread hook(PrintWriter err) {
        return new Thread(() -> {
            if (ended.getCount() == 0) {
                return;
            }
            stop.run();
            try {
                ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            err.println("sluice: interrupted");
            err.flush();
        }, "interruption");
    }
}
