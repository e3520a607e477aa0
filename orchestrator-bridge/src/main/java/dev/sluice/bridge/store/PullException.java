package dev.sluice.bridge.store;

/// A download or a change of the store that failed, said in one line for the user.
public final class PullException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public PullException(String reason) {
        super(reason);
    }
}
