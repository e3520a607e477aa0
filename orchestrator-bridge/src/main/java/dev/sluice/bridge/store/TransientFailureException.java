package dev.sluice.bridge.store;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/// A failure of the network or of a server that may be gone a moment later.
final class TransientFailureException extends IOException {
    private static final long serialVersionUID = 1;

    private final transient Optional<Duration> retryAfter;

    TransientFailureException(String reason, Optional<Duration> retryAfter) {
        super(reason);
        this.retryAfter = retryAfter;
    }

    /// How long the server asks to be left alone.
    Optional<Duration> retryAfter() { return retryAfter; }
}
