package dev.sluice.kernels.contract;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// What every backend owes: products with weights of every encoding.
final class ProductContract {
    /// Rows of x and of the weight: alone, around lanes and tiles, a prime, T = 0.
    private static final int[][] ROWS = {
        {1, 1}, {0, 3}, {1, 16}, {2, 7}, {3, 17}, {4, 9}, {5, 8}, {8, 15}, {9, 33}, {17, 101}};

    private ProductContract() { }

    static List<DType> weightTypes() {
        var types = new ArrayList<>(List.of(DType.values()));
        types.remove(DType.I32);
        return types;
    }

    static void matmul(Kernels subject, long seed) {
        var random = new Random(seed);
        for (DType dtype : weightTypes()) {
            int block = dtype.blockElements();
            int shape = 0;
            for (int[] rows : ROWS) {
                // Widths in turn: blocks of 1, 2, 3, 5, 7 or the odd widths of unblocked rows.
                int cols = dtype.quantised() ? block * (1 + shape % 5 * (shape % 5 + 1) / 2)
                        : Samples.WIDTHS[shape % Samples.WIDTHS.length];
                matmul(subject, seed, dtype, rows[0], rows[1], cols, random);
                shape++;
            }
            matmul(subject, seed, dtype, 3, 40, 2048, random);
            // Past the tiles of a GPU, in both directions.
            matmul(subject, seed, dtype, 70, 67, dtype.quantised() ? block : 40, random);
            extremes(subject, seed, dtype, random);
        }
    }

    private static void matmul(Kernels subject, long seed, DType dtype, int t, int n, int k,
            Random random) {
        var c = new ContractCase(subject, "matmul seed=%d %s T=%d N=%d K=%d"
                .formatted(seed, dtype, t, n, k));
        Operand x = c.input("x", Samples.gaussian(random, t * k), t, k);
        SampleWeight weight = c.weight(dtype, n, k, random);
        Operand out = c.output("out", t, n);
        c.run((kernels, on, weightOn) ->
                kernels.matmul(on.apply(x), weightOn.apply(weight), on.apply(out)));
        c.verify(_ -> {
            c.close(out, Tolerance.product(x.host(), 0, weight));
            if (t * n >= 64 && k >= 256) {
                c.closeInNorm(out, Tolerance.productNorm(dtype, k));
            }
        });
    }

    private static void extremes(Kernels subject, long seed, DType dtype, Random random) {
        int k = dtype.quantised() ? 2 * dtype.blockElements() : 37;
        var c = new ContractCase(subject, "matmul extremes seed=%d %s T=8 N=19 K=%d"
                .formatted(seed, dtype, k));
        Operand x = c.input("x", Samples.extremeRows(random, k, 1e30f), 8, k);
        SampleWeight weight = c.weight(dtype, 19, k, random);
        Operand out = c.output("out", 8, 19);
        c.run((kernels, on, weightOn) ->
                kernels.matmul(on.apply(x), weightOn.apply(weight), on.apply(out)));
        c.verify(_ -> c.close(out, Tolerance.product(x.host(), 0, weight)));
    }

    static void headMatmul(Kernels subject, long seed) {
        var random = new Random(seed);
        for (DType dtype : weightTypes()) {
            int block = dtype.blockElements();
            int k = dtype.quantised() ? block : 37;
            for (int[] shape : new int[][] {{1, 1, 1}, {3, 2, 17}, {2, 7, 33}, {0, 3, 5}}) {
                headMatmul(subject, seed, dtype, shape, k, random);
            }
        }
    }

    /// @param shape T, H, N
    private static void headMatmul(Kernels subject, long seed, DType dtype, int[] shape, int k,
            Random random) {
        int rows = shape[0] * shape[1];
        int n = shape[2];
        var c = new ContractCase(subject, "headMatmul seed=%d %s T=%d H=%d N=%d K=%d"
                .formatted(seed, dtype, shape[0], shape[1], n, k));
        Operand x = c.input("x", Samples.gaussian(random, rows * (k + 5)), rows, k + 5);
        Operand out = c.updated("out", Samples.gaussian(random, rows * (n + 3)), rows, n + 3);
        var weights = new ArrayList<SampleWeight>();
        for (int h = 0; h < shape[1]; h++) {
            weights.add(c.weight(dtype, n, k, random));
        }
        c.run((kernels, on, weightOn) -> {
            List<Matrix> matrices = new ArrayList<>();
            weights.forEach(weight -> matrices.add(weightOn.apply(weight)));
            kernels.headMatmul(on.apply(x), 4, matrices, on.apply(out), 2);
        });
        var tolerances = new ArrayList<Tolerance>();
        weights.forEach(weight -> tolerances.add(Tolerance.product(x.host(), 4, weight)));
        c.verify(_ -> c.close(out, (row, col, want) -> col < 2 || col >= 2 + n ? 0
                : tolerances.get(row % shape[1]).of(row, col - 2, want)));
    }
}
