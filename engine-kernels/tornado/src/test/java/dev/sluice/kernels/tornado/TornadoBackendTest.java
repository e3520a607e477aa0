package dev.sluice.kernels.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.BackendUnavailableException;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.DeviceBudgetException;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.contract.RequiredBackend;
import dev.sluice.kernels.reference.ReferenceProvider;
import dev.sluice.kernels.spi.KernelBackend;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// Goal: the device behind the operations behaves when things go wrong, and routes as the oracle
/// does. Method: each is brought about on the first device.
class TornadoBackendTest {
    private static final long MEGABYTES = 1 << 20;

    private static KernelBackend open(long bytes) {
        RequiredBackend.open("tornado").close();
        return new TornadoProvider().open(new BackendOptions(0, 1, bytes));
    }

    @Test
    @DisplayName("the budget is used and never exceeded, and the refusal says the numbers")
    void budget() {
        long budget = 4 * MEGABYTES;
        try (KernelBackend backend = open(budget)) {
            long used = 0;
            DeviceBudgetException refused = null;
            while (refused == null) {
                try {
                    backend.allocate(DType.F32, 1, 10_000);
                    used += 40_000;
                    assertTrue(used <= budget, "allocated " + used);
                } catch (DeviceBudgetException e) {
                    refused = e;
                }
            }
            assertTrue(used > budget * 9 / 10, "only " + used + " of the budget were usable");
            assertTrue(refused.getMessage().contains("4,194,304"), refused.getMessage());
            assertTrue(refused.getMessage().contains("--gpu-memory"), refused.getMessage());
        }
    }

    @Test
    @DisplayName("an operand in host memory is refused before it reaches the device")
    void hostOperand() {
        try (KernelBackend backend = open(MEGABYTES); Arena arena = Arena.ofConfined()) {
            Matrix x = backend.allocate(DType.F32, 2, 3);
            Matrix host = Matrix.of(DType.F32, 1, 3, arena.allocate(12, 8), 0);
            var refused = assertThrows(IllegalArgumentException.class,
                    () -> backend.addBias(x, host));
            assertTrue(refused.getMessage().contains("upload it first"), refused.getMessage());
        }
    }

    @Test
    @DisplayName("a device number that is not there names those that are")
    void noSuchDevice() {
        RequiredBackend.open("tornado").close();
        var refused = assertThrows(BackendUnavailableException.class,
                () -> new TornadoProvider().open(new BackendOptions(99, 1, MEGABYTES)));
        assertTrue(refused.getMessage().contains("tornado:99"), refused.getMessage());
        assertTrue(refused.getMessage().contains("tornado:0 "), refused.getMessage());
    }

    @Test
    @DisplayName("what is longer than the staging array arrives whole, in both directions")
    void longMatrix() {
        int count = 3 * KernelGraphs.STAGED_MANY + 77;
        int[] values = new Random(3).ints(count).toArray();
        try (KernelBackend backend = open(16 * MEGABYTES)) {
            Matrix m = backend.allocate(DType.I32, 1, count);
            backend.write(Matrix.host(values, 1, count), m);
            int[] back = new int[count];
            backend.read(m, Matrix.host(back, 1, count));
            assertArrayEquals(values, back);
        }
    }

    @Test
    @DisplayName("router ids are those of the oracle for 256 experts in groups, ties included")
    void routerIds() {
        var spec = new RouterSpec(256, 8, RouterSpec.Scoring.SIGMOID, true, 2.5f, 8, 4,
                RouterSpec.GroupRule.BEST_TWO);
        int rows = 40;
        var random = new Random(11);
        float[] logits = new float[rows * 256];
        for (int i = 0; i < logits.length; i++) {
            // Steps of an eighth, so that many are equal.
            logits[i] = Math.round(random.nextGaussian() * 8) / 8f;
        }
        try (KernelBackend backend = open(MEGABYTES);
                KernelBackend oracle = new ReferenceProvider().open(BackendOptions.defaults())) {
            assertArrayEquals(ids(oracle, spec, logits, rows), ids(backend, spec, logits, rows));
        }
    }

    private static int[] ids(KernelBackend backend, RouterSpec spec, float[] logits, int rows) {
        Matrix x = backend.allocate(DType.F32, rows, 256);
        backend.write(Matrix.host(logits, rows, 256), x);
        Matrix ids = backend.allocate(DType.I32, rows, 8);
        Matrix weights = backend.allocate(DType.F32, rows, 8);
        backend.routeTopK(spec, x, Matrix.none(256), ids, weights);
        int[] host = new int[rows * 8];
        backend.read(ids, Matrix.host(host, rows, 8));
        return host;
    }
}
