package dev.sluice.kernels.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.BackendUnavailableException;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.DeviceBudgetException;
import dev.sluice.kernels.DeviceException;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.contract.RequiredBackend;
import dev.sluice.kernels.spi.KernelBackend;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: the device behind the operations behaves when things go wrong: damaged cache files, a
/// budget that is too small, failed calls, operands of the host, devices that are not there.
/// Method: each is brought about on the first device, with a cache folder of its own.
class OpenClBackendTest {
    private final List<String> warnings = new ArrayList<>();
    private final Logger logger = Logger.getLogger("dev.sluice.kernels.opencl");
    private final Handler collector = new Handler() {
        @Override
        public void publish(LogRecord entry) {
            warnings.add(entry.getMessage() + " " + List.of(entry.getParameters()));
        }

        @Override
        public void flush() { }

        @Override
        public void close() { }
    };

    @TempDir
    private Path cache;

    @BeforeEach
    void ownCache() {
        System.setProperty(OpenClProvider.CACHE_PROPERTY, cache.toString());
        logger.addHandler(collector);
    }

    @AfterEach
    void defaultCache() {
        System.clearProperty(OpenClProvider.CACHE_PROPERTY);
        logger.removeHandler(collector);
    }

    /// x [1,3] * 2 on a fresh backend, which compiles one unit of kernels.
    private static float[] doubled(KernelBackend backend) {
        float[] x = {1, 2, 3};
        Matrix device = backend.allocate(DType.F32, 1, 3);
        backend.write(Matrix.host(x, 1, 3), device);
        backend.scale(device, 2);
        backend.read(device, Matrix.host(x, 1, 3));
        return x;
    }

    private static void requireDoubled() {
        try (KernelBackend backend = RequiredBackend.open("opencl")) {
            assertArrayEquals(new float[] {2, 4, 6}, doubled(backend));
        }
    }

    private Path onlyFile() throws Exception {
        try (var files = Files.list(cache)) {
            List<Path> all = files.toList();
            assertEquals(1, all.size(), all.toString());
            return all.getFirst();
        }
    }

    @Test
    @DisplayName("a compiled unit is kept, and a damaged or foreign file is discarded and said")
    void cacheFiles() throws Exception {
        requireDoubled();
        Path file = onlyFile();
        byte[] good = Files.readAllBytes(file);
        requireDoubled();
        assertEquals(List.of(), warnings);
        byte[] flipped = good.clone();
        flipped[good.length / 2] ^= 1;
        Files.write(file, flipped);
        requireDoubled();
        assertTrue(warnings.toString().contains("it is damaged"), warnings.toString());
        warnings.clear();
        Files.write(file, new byte[] {1, 2, 3});
        requireDoubled();
        assertTrue(warnings.toString().contains("it is damaged"), warnings.toString());
        warnings.clear();
        // Whole by its hash, but no program: another driver's, say.
        String name = file.getFileName().toString();
        new ProgramCache(cache).put(name.substring("opencl-".length(), name.indexOf('.')),
                new byte[] {4, 5, 6, 7});
        requireDoubled();
        assertTrue(warnings.toString().contains("the driver refuses it"), warnings.toString());
        warnings.clear();
        requireDoubled();
        assertEquals(List.of(), warnings, "the file that was made anew is good");
    }

    @Test
    @DisplayName("a cache folder that can not be written costs nothing but time")
    void unwritableCache() throws Exception {
        Path file = Files.writeString(cache.resolve("a-file"), "not a folder");
        System.setProperty(OpenClProvider.CACHE_PROPERTY, file.resolve("below").toString());
        requireDoubled();
    }

    @Test
    @DisplayName("the budget is used and never exceeded, and the refusal says the numbers")
    void budget() {
        RequiredBackend.open("opencl").close();
        long budget = 20_000_000;
        try (KernelBackend backend = new OpenClProvider().open(
                new BackendOptions(0, 1, budget))) {
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
            assertTrue(refused.getMessage().contains("20,000,000"), refused.getMessage());
            assertTrue(refused.getMessage().contains("--gpu-memory"), refused.getMessage());
            var large = assertThrows(DeviceBudgetException.class,
                    () -> backend.prepare(Matrix.host(new float[6_000_000], 6, 1_000_000)));
            assertTrue(large.getMessage().contains("weight [6,1000000]"), large.getMessage());
        }
    }

    @Test
    @DisplayName("a failed call is one clear error, and the next backend works")
    void failedCall() {
        try (KernelBackend backend = RequiredBackend.open("opencl")) {
            assertArrayEquals(new float[] {2, 4, 6}, doubled(backend));
            Matrix m = backend.allocate(DType.F32, 1, 3);
            Matrix beyond = Matrix.of(DType.F32, 1, 3, m.memory(), 1L << 50);
            var failed = assertThrows(DeviceException.class,
                    () -> backend.read(beyond, Matrix.host(new float[3], 1, 3)));
            assertTrue(failed.getMessage().contains("clEnqueueReadBuffer of 12 bytes"),
                    failed.getMessage());
            assertTrue(failed.getMessage().contains("-30 (invalid value)"), failed.getMessage());
            var later = assertThrows(DeviceException.class, () -> backend.scale(m, 2));
            assertTrue(later.getMessage().contains("has failed before"), later.getMessage());
        }
        requireDoubled();
    }

    @Test
    @DisplayName("an operand in host memory is refused before it reaches the device")
    void hostOperand() {
        try (KernelBackend backend = RequiredBackend.open("opencl")) {
            Matrix x = backend.allocate(DType.F32, 2, 3);
            Matrix host = Matrix.of(DType.F32, 1, 3,
                    java.lang.foreign.Arena.ofAuto().allocate(12, 8), 0);
            var refused = assertThrows(IllegalArgumentException.class,
                    () -> backend.addBias(x, host));
            assertTrue(refused.getMessage().contains("upload it first"), refused.getMessage());
        }
    }

    @Test
    @DisplayName("a device number that is not there names those that are")
    void noSuchDevice() {
        RequiredBackend.open("opencl").close();
        var refused = assertThrows(BackendUnavailableException.class,
                () -> Kernels.open("opencl:99", BackendOptions.defaults()));
        assertTrue(refused.getMessage().contains("opencl:99"), refused.getMessage());
        assertTrue(refused.getMessage().contains("opencl:0 "), refused.getMessage());
    }
}
