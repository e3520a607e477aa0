package dev.sluice.bridge.observe;

import java.util.Locale;

/// How a request ended.
public enum Outcome {
    /// The whole answer was sent.
    COMPLETED,
    /// Answered with an error of the caller's, or for overload.
    REFUSED,
    /// The caller left before the answer was complete.
    CLIENT_GONE,
    /// Our own fault.
    FAILED;

    /// As in logs.
    public String text() { return name().toLowerCase(Locale.ROOT); }
}
