package dev.sluice.benchmarks;

import dev.sluice.kernels.DType;

/// Bytes of activations that one expert layer moves, by a model: a matrix of floats that one pass
/// over memory leaves for the next is written once and read once by each pass that needs it.
/// Weights are counted apart ([#ofExpert]).
///
/// @param rows  T, tokens of the step
/// @param topK  experts of a token; T*K pairs in all
/// @param wide  D
/// @param inner F
public record ExpertBytes(long rows, long topK, long wide, long inner) {
    private static final int FLOAT = 4;

    /// Gate, up and down of one expert as stored.
    public static long ofExpert(DType dtype, int wide, int inner) {
        return 2 * inner * dtype.rowBytes(wide) + wide * dtype.rowBytes(inner);
    }

    /// What no layer can do without: its input and its output.
    public long inAndOut() {
        return FLOAT * 2 * rows * wide;
    }

    /// One operation at a time: rows are gathered by expert; gate; up; the activation; rows staged
    /// for down; down; the sum over experts.
    public long unfused() {
        long pairsWide = rows * topK * wide;
        long pairsInner = rows * topK * inner;
        long gather = 2 * pairsWide;
        long gateAndUp = 2 * (pairsWide + pairsInner);
        long activation = 3 * pairsInner;
        long stage = 2 * pairsInner;
        long down = pairsInner + pairsWide;
        long sum = pairsWide + rows * wide;
        return FLOAT * (gather + gateAndUp + activation + stage + down + sum);
    }

    /// As the vector backend does it: gate, up and the activation meet in a thread's tile, and so
    /// do down and the sum.
    public long fused() {
        long pairsWide = rows * topK * wide;
        long pairsInner = rows * topK * inner;
        long gather = 2 * pairsWide;
        long gateUpAndActivation = pairsWide + pairsInner;
        long stage = 2 * pairsInner;
        long downAndSum = pairsInner + rows * wide;
        return FLOAT * (gather + gateUpAndActivation + stage + downAndSum);
    }
}
