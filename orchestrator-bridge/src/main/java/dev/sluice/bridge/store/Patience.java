package dev.sluice.bridge.store;

import java.time.Duration;

/// How often and how long a download is tried. Immutable.
///
/// @param attempts     in a row that bring nothing, before it is given up
/// @param firstWait    before the second attempt; doubled for each one after
/// @param longestWait  the most of a wait of our own
/// @param longestAsked the most that a server may ask for by Retry-After
/// @param stall        without a byte, after which a connection counts as dead
public record Patience(int attempts, Duration firstWait, Duration longestWait,
        Duration longestAsked, Duration stall) {

    public static Patience defaults() {
        return new Patience(6, Duration.ofMillis(500), Duration.ofSeconds(30),
                Duration.ofMinutes(5), Duration.ofSeconds(30));
    }

    /// @param failures so far, from 1
    Duration wait(int failures) {
        Duration wait = firstWait.multipliedBy(1L << Math.min(failures - 1, 20));
        return wait.compareTo(longestWait) < 0 ? wait : longestWait;
    }
}
