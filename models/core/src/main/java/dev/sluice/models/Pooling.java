package dev.sluice.models;

/// Which rows of a text's last hidden states become its one output.
public enum Pooling {
    /// The mean of all rows.
    MEAN,
    /// The first row, `[CLS]` in BERT.
    FIRST,
    /// The last row, which in a decoder has seen all others.
    LAST
}
