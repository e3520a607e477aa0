package dev.sluice.kernels.contract;

import java.util.Random;

/// Inputs of the contract.
final class Samples {
    /// 1, around lanes of 8 and 16, a prime, and a model's.
    static final int[] WIDTHS = {1, 7, 8, 9, 15, 16, 17, 101, 2048};

    private Samples() { }

    static float[] gaussian(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /// Eight rows that are hard: zeros, -0, subnormals, huge, hugely negative, one outlier among
    /// small ones, all equal, and one as small as can be next to zeros.
    static float[] extremeRows(Random random, int cols, float huge) {
        float[] values = new float[8 * cols];
        for (int c = 0; c < cols; c++) {
            values[cols + c] = -0f;
            values[2 * cols + c] = (float) (random.nextGaussian() * 1e-40);
            values[3 * cols + c] = (float) random.nextGaussian() * huge;
            values[4 * cols + c] = -huge * random.nextFloat();
            values[5 * cols + c] = (float) random.nextGaussian() * 1e-3f;
            values[6 * cols + c] = 0.1f;
        }
        values[5 * cols + random.nextInt(cols)] = 1000;
        values[7 * cols + random.nextInt(cols)] = Float.MIN_VALUE;
        return values;
    }

    static int[] ids(Random random, int count, int bound) {
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = random.nextInt(bound);
        }
        return ids;
    }

    /// A random order of 0..count-1.
    static int[] shuffled(Random random, int count) {
        int[] order = new int[count];
        for (int i = 0; i < count; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }
}
