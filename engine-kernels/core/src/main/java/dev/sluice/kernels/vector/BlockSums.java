package dev.sluice.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Adds the integer sums of a step's blocks to the 32 outputs of a group, block after block:
///
///     out = fma((float) (sum - zero * asum), scale * d, out)
///     out = fma(minimum, d * asum, out)                        where the format has minimums
///
/// This order, and one rounding for each step of it, is the definition of a quantised product
/// here; [PanelProduct] does the same with sums that were made in floats.
final class BlockSums {
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;

    private BlockSums() {
    }

    /// `row` holds the scales d and code sums asum of the row of x from block `from` on.
    static void add(int[] sums, int blocks, float[] scales, QuantisedRow row, int from, int zero,
            float[] out) {
        float[] d = row.scales;
        int[] asum = row.sums;
        for (int r = 0; r < 32; r += F.length()) {
            FloatVector y = FloatVector.fromArray(F, out, r);
            for (int b = 0; b < blocks; b++) {
                IntVector sum = IntVector.fromArray(I, sums, b * 32 + r)
                        .sub(IntVector.broadcast(I, asum[from + b] * zero));
                FloatVector s = FloatVector.fromArray(F, scales, b * 32 + r)
                        .mul(FloatVector.broadcast(F, d[from + b]));
                y = ((FloatVector) sum.convert(VectorOperators.I2F, 0)).fma(s, y);
            }
            y.intoArray(out, r);
        }
    }

    static void addWithMinimums(int[] sums, int blocks, float[] scales, float[] minimums,
            QuantisedRow row, int from, float[] out) {
        float[] d = row.scales;
        float[] dsum = row.scaledSums;
        for (int r = 0; r < 32; r += F.length()) {
            FloatVector y = FloatVector.fromArray(F, out, r);
            for (int b = 0; b < blocks; b++) {
                IntVector sum = IntVector.fromArray(I, sums, b * 32 + r);
                FloatVector s = FloatVector.fromArray(F, scales, b * 32 + r)
                        .mul(FloatVector.broadcast(F, d[from + b]));
                y = ((FloatVector) sum.convert(VectorOperators.I2F, 0)).fma(s, y);
                y = FloatVector.fromArray(F, minimums, b * 32 + r)
                        .fma(FloatVector.broadcast(F, dsum[from + b]), y);
            }
            y.intoArray(out, r);
        }
    }
}
