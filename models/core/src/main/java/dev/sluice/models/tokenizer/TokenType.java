package dev.sluice.models.tokenizer;

/// What a vocabulary entry is for.
public enum TokenType {
    /// Text that the model writes and that text is split into.
    NORMAL,
    /// Stands for what the vocabulary can not express; never written.
    UNKNOWN,
    /// A mark such as BOS; never written as text and never made from a user's text.
    CONTROL,
    /// Text that is one token wherever it occurs.
    USER_DEFINED,
    /// A filler that keeps ids aligned.
    UNUSED,
    /// One byte, named `<0xXX>`.
    BYTE;

    /// The type that `tokenizer.ggml.token_type` writes as `code`; an unknown code is a filler.
    static TokenType ofGguf(int code) {
        return switch (code) {
            case 1 -> NORMAL;
            case 2 -> UNKNOWN;
            case 3 -> CONTROL;
            case 4 -> USER_DEFINED;
            case 6 -> BYTE;
            default -> UNUSED;
        };
    }
}
