package dev.sluice.models;

import dev.sluice.kernels.DType;
import dev.sluice.router.ExpertCachePolicy;

/// How a model is opened. Immutable.
///
/// @param kvType         storage of keys and values: F32, F16, BF16 or Q8_0
/// @param contextTokens  positions of one sequence; 0 for the model's own limit, at most
///                       [#DEFAULT_CONTEXT_MAX]
/// @param sequences      sequences that one step may have rows of
/// @param maxRows        rows of one step, so the longest chunk of a prompt
/// @param kvBytes        memory for keys and values, shared by all sequences; 0 for as much as
///                       `sequences` of full length take
/// @param experts        what the experts of an MoE model may take in memory
/// @param graph          how a graph is run that is another runtime's
public record LoadOptions(DType kvType, int contextTokens, int sequences, int maxRows,
        long kvBytes, ExpertMemory experts, GraphOptions graph) {

    /// A model of 128k positions would otherwise reserve gigabytes that few callers want.
    public static final int DEFAULT_CONTEXT_MAX = 4096;

    /// Long enough that a chunk's weights are read once for many rows, short enough that scratch
    /// stays below a hundred megabytes for models of a few billion weights.
    public static final int DEFAULT_MAX_ROWS = 512;

    /// No limit on the memory of experts.
    public static final long ALL_EXPERTS = Long.MAX_VALUE;

    /// Pages for `sequences` of full length, and every expert kept.
    public LoadOptions(DType kvType, int contextTokens, int sequences, int maxRows) {
        this(kvType, contextTokens, sequences, maxRows, 0, ExpertMemory.ALL,
                GraphOptions.defaults());
    }

    public LoadOptions {
        if (contextTokens < 0 || sequences < 1 || maxRows < 1 || kvBytes < 0
                || experts.bytes() < 0) {
            throw new IllegalArgumentException(
                    "context %d, %d sequences, %d rows, %d bytes of keys and values, %d of experts"
                    .formatted(contextTokens, sequences, maxRows, kvBytes, experts.bytes()));
        }
        switch (kvType) {
            case F32, F16, BF16, Q8_0 -> { }
            default -> throw new IllegalArgumentException(
                    "keys and values are stored as F32, F16, BF16 or Q8_0, not " + kvType);
        }
    }

    /// Half-precision keys and values, one sequence of the model's length up to 4096.
    public static LoadOptions defaults() {
        return new LoadOptions(DType.F16, 0, 1, DEFAULT_MAX_ROWS);
    }

    public LoadOptions withKvType(DType type) {
        return new LoadOptions(type, contextTokens, sequences, maxRows, kvBytes, experts, graph);
    }

    public LoadOptions withContext(int tokens) {
        return new LoadOptions(kvType, tokens, sequences, maxRows, kvBytes, experts, graph);
    }

    /// With a pool of at most so many bytes.
    public LoadOptions withKvBytes(long bytes) {
        return new LoadOptions(kvType, contextTokens, sequences, maxRows, bytes, experts, graph);
    }

    public LoadOptions withExpertMemory(long bytes, ExpertCachePolicy policy) {
        return new LoadOptions(kvType, contextTokens, sequences, maxRows, kvBytes,
                new ExpertMemory(bytes, policy), graph);
    }

    public LoadOptions withGraph(GraphOptions options) {
        return new LoadOptions(kvType, contextTokens, sequences, maxRows, kvBytes, experts,
                options);
    }

    public long expertBytes() { return experts.bytes(); }

    public ExpertCachePolicy expertPolicy() { return experts.policy(); }
}
