package dev.sluice.runtime;

/// The rule of a vote: the first answer that is `k` votes ahead of every other wins.
public record FirstToAhead(int k) {
    public FirstToAhead {
        if (k < 1) {
            throw new IllegalArgumentException("k=" + k + ", allowed: at least 1");
        }
    }
}
