package dev.sluice.bridge.store;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;

/// The body of a response, given up when no byte comes for a while: a connection that has gone
/// without a word would otherwise be waited for without end. One thread reads; a virtual thread
/// watches.
final class WatchedBody implements AutoCloseable {
    private final InputStream in;
    private final Duration stall;
    private final Thread watch;
    private volatile long waitsSince = Long.MAX_VALUE;
    private volatile boolean stalled;

    WatchedBody(InputStream in, Duration stall) {
        this.in = in;
        this.stall = stall;
        watch = Thread.ofVirtual().name("download-watch").start(this::watch);
    }

    private void watch() {
        try {
            while (!stalled) {
                Thread.sleep(Math.max(10, stall.toMillis() / 8));
                long since = waitsSince;
                if (since != Long.MAX_VALUE && System.nanoTime() - since > stall.toNanos()) {
                    stalled = true;
                    in.close();
                }
            }
        } catch (InterruptedException | IOException e) {
            // The body was closed: nothing is left to be watched.
            Thread.currentThread().interrupt();
        }
    }

    /// Waits for bytes; 0 at the end.
    ///
    /// @throws IOException if the connection is cut or has stalled
    int read(byte[] into) throws IOException {
        waitsSince = System.nanoTime();
        try {
            int count = in.read(into);
            if (stalled) {
                throw stall();
            }
            return Math.max(0, count);
        } catch (IOException e) {
            throw stalled ? stall() : new TransientFailureException(
                    "the connection was cut", Optional.empty());
        } finally {
            waitsSince = Long.MAX_VALUE;
        }
    }

    private IOException stall() {
        return new TransientFailureException("nothing came for %.1f s".formatted(
                stall.toMillis() / 1e3), Optional.empty());
    }

    @Override
    public void close() throws IOException {
        watch.interrupt();
        in.close();
    }
}
