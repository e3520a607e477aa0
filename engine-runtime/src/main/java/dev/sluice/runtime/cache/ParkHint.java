package dev.sluice.runtime.cache;

/// What a session waits for while it is parked.
///
/// @param tool           name of the tool, whose waits are learned; empty when nothing is known
/// @param expectedNanos  how long the wait should take; 0 when only experience can tell
public record ParkHint(String tool, long expectedNanos) {

    /// Nothing is known about the wait.
    public static final ParkHint UNKNOWN = new ParkHint("", 0);

    public ParkHint {
        if (expectedNanos < 0) {
            throw new IllegalArgumentException("a wait of " + expectedNanos + " nanoseconds");
        }
    }

    /// A tool whose waits are to be learned.
    public static ParkHint of(String tool) {
        return new ParkHint(tool, 0);
    }
}
