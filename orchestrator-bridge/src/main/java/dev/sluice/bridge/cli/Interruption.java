package dev.sluice.bridge.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// What Ctrl-C does: a running answer is stopped and told so in one line; the JVM then exits with
/// status 130 (143 for a kill) by itself. Any thread.
final class Interruption {
    /// The engine looks at a cancellation once a step; a step takes well under this.
    private static final long PATIENCE_SECONDS = 3;

    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile Runnable stop = () -> { };
    private volatile boolean drains;
    private volatile long patienceSeconds = PATIENCE_SECONDS;

    /// What to do before the process ends. The command then comes to its end by itself.
    void stopsBy(Runnable action) {
        stop = action;
    }

    /// The same for a command that ends well when it is told to stop, and may take its time.
    void drainsBy(Runnable action, Duration patience) {
        drains = true;
        patienceSeconds = patience.toSeconds();
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
                ended.await(patienceSeconds, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            if (!drains) {
                err.println("sluice: interrupted");
            }
            err.flush();
        }, "interruption");
    }
}
