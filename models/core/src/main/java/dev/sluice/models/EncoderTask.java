package dev.sluice.models;

/// What a [TextEncoder]'s output means.
public enum EncoderTask {
    /// One vector per text, to be compared with those of other texts.
    EMBEDDING,
    /// One number per pair of a query and a document: the higher, the more relevant.
    RERANKER,
    /// One number per label and text.
    CLASSIFIER
}
