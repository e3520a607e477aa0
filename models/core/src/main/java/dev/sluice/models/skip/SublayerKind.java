package dev.sluice.models.skip;

/// The two parts of a transformer layer.
public enum SublayerKind {
    ATTENTION, FEED_FORWARD
}
