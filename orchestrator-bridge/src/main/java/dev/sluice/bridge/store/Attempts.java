package dev.sluice.bridge.store;

import java.io.IOException;
import java.net.ConnectException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.Optional;

/// Counts what failed in a row and waits before the next attempt, twice as long each time. One
/// thread.
final class Attempts {
    private final Patience patience;
    private final PullObserver observer;
    private int failures;

    Attempts(Patience patience, PullObserver observer) {
        this.patience = patience;
        this.observer = observer;
    }

    /// Something came through: what failed before does not count any more.
    void succeeded() {
        failures = 0;
    }

    /// Waits before the next attempt.
    ///
    /// @throws PullException if there were enough, or the server asks for too long a wait
    void failed(String what, IOException reason) {
        failures++;
        String why = why(reason);
        if (failures >= patience.attempts()) {
            throw new PullException("%s: %s; given up after %d attempts".formatted(
                    what, why, failures));
        }
        Optional<Duration> asked = reason instanceof TransientFailureException failure
                ? failure.retryAfter() : Optional.empty();
        if (asked.isPresent() && asked.get().compareTo(patience.longestAsked()) > 0) {
            throw new PullException("%s: %s, and asks for a wait of %d s; try again then"
                    .formatted(what, why, asked.get().toSeconds()));
        }
        Duration wait = asked.orElse(patience.wait(failures));
        observer.note("%s: %s; trying again in %.1f s".formatted(
                what, why, wait.toMillis() / 1e3));
        pause(wait);
    }

    private static String why(IOException reason) {
        boolean unresolved = reason.getCause() instanceof UnresolvedAddressException
                || reason instanceof ConnectException c
                && c.getCause() instanceof ConnectException d
                && d.getCause() instanceof UnresolvedAddressException;
        if (unresolved) {
            return "no such host";
        }
        return reason.getMessage() == null ? reason.getClass().getSimpleName()
                : SafePath.printable(reason.getMessage());
    }

    private static void pause(Duration wait) {
        try {
            Thread.sleep(wait);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PullException("interrupted");
        }
    }
}
