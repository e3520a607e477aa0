package dev.sluice.kernels.spi;

import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.NormalDistribution;

/// Row operations for backends without kernels of their own for them: the rows go to the host and
/// back. One thread.
final class HostRows {
    private HostRows() { }

    static void layerNorm(KernelBackend backend, Matrix x, Matrix weight, Matrix bias,
            float epsilon, Matrix out) {
        float[] values = read(backend, x);
        float[] factors = read(backend, weight);
        float[] shifts = read(backend, bias);
        for (int row = 0; row < x.rows(); row++) {
            normalise(values, row * x.cols(), factors, shifts, epsilon);
        }
        backend.write(Matrix.host(values, x.rows(), x.cols()), out);
    }

    private static void normalise(float[] values, int from, float[] factors, float[] shifts,
            float epsilon) {
        int n = factors.length;
        double mean = 0;
        for (int i = 0; i < n; i++) {
            mean += values[from + i];
        }
        mean /= n;
        double squares = 0;
        for (int i = 0; i < n; i++) {
            double centred = values[from + i] - mean;
            squares += centred * centred;
        }
        double factor = 1 / Math.sqrt(squares / n + epsilon);
        for (int i = 0; i < n; i++) {
            values[from + i] = (float) ((values[from + i] - mean) * factor * factors[i]
                    + shifts[i]);
        }
    }

    static void gelu(KernelBackend backend, Matrix x) {
        float[] values = read(backend, x);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (values[i] * NormalDistribution.below(values[i]));
        }
        backend.write(Matrix.host(values, x.rows(), x.cols()), x);
    }

    private static float[] read(KernelBackend backend, Matrix m) {
        var values = new float[m.rows() * m.cols()];
        backend.read(m, Matrix.host(values, m.rows(), m.cols()));
        return values;
    }
}
