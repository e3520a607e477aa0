package dev.sluice.models;

import dev.sluice.kernels.DType;

/// How an encoder is opened. Immutable.
///
/// @param contextTokens  most ids of one text; 0 for the model's own limit, at most
///                       [#DEFAULT_CONTEXT_MAX]
/// @param maxRows        rows of one batch; where a text needs them all at once, the encoder
///                       raises this to its context
/// @param maxTexts       texts of one batch
/// @param threads        of a foreign runtime; 0 for its own choice
/// @param kvType         storage of keys and values where the encoder is a decoder that pools
public record EncoderOptions(int contextTokens, int maxRows, int maxTexts, int threads,
        DType kvType) {

    /// Scratch grows with the length of a text; longer ones have to be asked for.
    public static final int DEFAULT_CONTEXT_MAX = 8192;

    public EncoderOptions {
        if (contextTokens < 0 || maxRows < 1 || maxTexts < 1 || threads < 0) {
            throw new IllegalArgumentException("context %d, %d rows of %d texts, %d threads"
                    .formatted(contextTokens, maxRows, maxTexts, threads));
        }
    }

    /// The model's own length up to 8192, 512 rows of at most 64 texts.
    public static EncoderOptions defaults() {
        return new EncoderOptions(0, LoadOptions.DEFAULT_MAX_ROWS, 64, 0);
    }

    /// Half-precision keys and values.
    public EncoderOptions(int contextTokens, int maxRows, int maxTexts, int threads) {
        this(contextTokens, maxRows, maxTexts, threads, DType.F16);
    }

    public EncoderOptions withContext(int tokens) {
        return new EncoderOptions(tokens, maxRows, maxTexts, threads, kvType);
    }

    public EncoderOptions withKvType(DType type) {
        return new EncoderOptions(contextTokens, maxRows, maxTexts, threads, type);
    }
}
