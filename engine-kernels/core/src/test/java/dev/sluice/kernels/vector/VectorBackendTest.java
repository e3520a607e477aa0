package dev.sluice.kernels.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.kernels.RouterSpec;
import java.util.Arrays;
import java.util.Random;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

/// Goal: the backend is found by its name, keeps to its memory limit, and computes a row alike
/// alone and among hundreds that are shared among threads. Method: direct.
class VectorBackendTest {
    private static final int ROWS = 700;
    private static final int COLS = 203;

    @Test
    void opensByName() {
        try (Kernels kernels = Kernels.open("vector", BackendOptions.defaults())) {
            assertEquals("vector", kernels.backendName());
        }
        String description = new VectorProvider().description();
        assertTrue(description.matches("Vector API, \\d+-bit vectors, \\d+ processors"),
                description);
    }

    @Test
    void refusesMoreThanItsLimit() {
        try (var kernels = new Kernels(new VectorBackend(new BackendOptions(0, 1, 1 << 20)))) {
            Matrix m = kernels.allocate(DType.F32, 100, 1000);
            assertEquals(0, m.memory().address() % 64);
            assertEquals(0f, m.f32(99, 999));
            String message = assertThrows(IllegalStateException.class,
                    () -> kernels.allocateKv(DType.F16, 100, 32, 8, 64, 64, false)).getMessage();
            assertTrue(message.contains("1,048,576") || message.contains("1048576"), message);
        }
    }

    /// Rows together on three threads, then each row alone on one.
    private static void sameBits(int cols, BiFunction<Kernels, Matrix[], Matrix> operation) {
        float[][] operands = new float[3][ROWS * cols];
        var random = new Random(5);
        for (float[] operand : operands) {
            for (int i = 0; i < operand.length; i++) {
                operand[i] = (float) random.nextGaussian() * 3;
            }
        }
        float[] together = run(3, ROWS, cols, operands, 0, operation);
        for (int row : new int[] {0, 1, 13, 350, ROWS - 1}) {
            float[] alone = run(1, 1, cols, operands, row, operation);
            int width = alone.length;
            assertArrayEquals(alone, Arrays.copyOfRange(together, row * width, (row + 1) * width),
                    0f,
                    "row " + row);
        }
    }

    private static float[] run(int threads, int rows, int cols, float[][] operands, int first,
            BiFunction<Kernels, Matrix[], Matrix> operation) {
        try (var kernels = new Kernels(new VectorBackend(
                new BackendOptions(0, threads, Long.MAX_VALUE)))) {
            Matrix[] m = new Matrix[operands.length];
            for (int i = 0; i < m.length; i++) {
                m[i] = kernels.allocate(DType.F32, rows, cols);
                kernels.write(Matrix.host(operands[i], ROWS, cols).rows(first, rows), m[i]);
            }
            Matrix out = operation.apply(kernels, m);
            float[] host = new float[out.rows() * out.cols()];
            kernels.read(out, Matrix.host(host, out.rows(), out.cols()));
            return host;
        }
    }

    @Test
    void rowsDoNotDependOnTheirNeighbours() {
        float[] weight = new float[COLS];
        Arrays.fill(weight, 1.3f);
        sameBits(COLS, (kernels, m) -> {
            kernels.rmsNorm(m[0], Matrix.host(weight, 1, COLS), 1e-5f, m[1]);
            kernels.gatedActivation(Activation.SILU, m[1], m[2], m[1]);
            kernels.gatedActivation(Activation.GELU_TANH, m[1], m[2], m[1]);
            kernels.gatedActivation(Activation.SWIGLU_CLAMPED, m[1], m[2], m[1]);
            kernels.add(m[1], m[2], 0.37f);
            kernels.softcap(m[1], 5);
            return m[1];
        });
    }

    @Test
    void rotatedRowsDoNotDependOnTheirNeighbours() {
        float[] frequencies = new float[13];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = 1f / (1 + i);
        }
        for (RopeSpec.Pairing pairing : RopeSpec.Pairing.values()) {
            var spec = new RopeSpec(Matrix.host(frequencies, 1, 13), 1.2f, pairing);
            sameBits(COLS, (kernels, m) -> {
                int[] positions = new int[m[0].rows()];
                Arrays.fill(positions, 77);
                Matrix angles = kernels.allocate(DType.F32, positions.length, 26);
                kernels.rotaryAngles(spec, Matrix.host(positions, positions.length, 1), angles);
                kernels.rope(m[0], 5, angles, pairing);
                return m[0];
            });
        }
    }

    @Test
    void routesDoNotDependOnTheirNeighbours() {
        var spec = RouterSpec.of(128, 8, RouterSpec.Scoring.SOFTMAX_ALL, true, 1);
        sameBits(128, (kernels, m) -> {
            Matrix weights = kernels.allocate(DType.F32, m[0].rows(), 8);
            Matrix ids = kernels.allocate(DType.I32, m[0].rows(), 8);
            kernels.routeTopK(spec, m[0], Matrix.none(128), ids, weights);
            return weights;
        });
    }
}
