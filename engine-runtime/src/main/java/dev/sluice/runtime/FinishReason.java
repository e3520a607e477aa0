package dev.sluice.runtime;

/// Why a generation ended.
public enum FinishReason {
    /// An end-of-generation token, a stop token or a stop string.
    STOP,
    /// The token limit.
    LENGTH,
    /// The context is full.
    CONTEXT_FULL,
    /// The caller asked for it.
    CANCELLED,
    /// The time that the request was given is over.
    DEADLINE
}
