package dev.sluice.bridge.observe;

/// Hears of each token that an answer's reader has taken, on the reader's thread.
public interface TokenObserver {
    /// For answers that belong to no request.
    TokenObserver NONE = () -> { };

    void token();
}
