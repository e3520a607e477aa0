package dev.sluice.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.DeviceBudgetException;
import dev.sluice.kernels.DeviceException;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.gpu.GpuBackend;
import dev.sluice.kernels.gpu.GpuKernel;
import dev.sluice.kernels.gpu.Launch;
import dev.sluice.kernels.spi.KernelBackend;
import dev.sluice.kernels.spi.WeightLoader;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// Goal: the host's half of the CUDA backend is right: arguments reach the kernel, copies keep
/// their order, the budget holds, failures end the device and say why, and nothing is left behind.
/// Method: a driver that is not there, which puts off all work until somebody waits for it.
class CudaDeviceTest {
    private final FakeCudaDriver driver = FakeCudaDriver.hopper();

    private CudaDevice device(long budget) {
        return new CudaDevice(driver, driver.describe(0), budget, PtxFiles.read(), List.of());
    }

    private KernelBackend open() {
        return new GpuBackend(device(Long.MAX_VALUE));
    }

    private static float[] ramp(int count) {
        var values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i + 1;
        }
        return values;
    }

    private static float[] read(KernelBackend backend, Matrix m) {
        var values = new float[m.rows() * m.cols()];
        backend.read(m, Matrix.host(values, m.rows(), m.cols()));
        return values;
    }

    @Test
    @DisplayName("arguments reach the kernel: base, offset, factor and count, also of a part")
    void arguments() {
        try (KernelBackend backend = open()) {
            Matrix first = backend.allocate(DType.F32, 1, 3);
            Matrix second = backend.allocate(DType.F32, 3, 2);
            backend.write(Matrix.host(ramp(3), 1, 3), first);
            backend.write(Matrix.host(ramp(6), 3, 2), second);
            backend.scale(second.rows(1, 1), -0.5f);
            backend.scale(first, 2);
            assertArrayEquals(new float[] {2, 4, 6}, read(backend, first));
            assertArrayEquals(new float[] {1, 2, -1.5f, -2, 5, 6}, read(backend, second));
            assertEquals(128, driver.launches.getFirst().lanes());
            assertEquals(1, driver.launches.getFirst().groupsX());
        }
    }

    @Test
    @DisplayName("memory is zeroed though the driver's is not, and on the device in order")
    void zeroed() {
        try (KernelBackend backend = open()) {
            Matrix m = backend.allocate(DType.F32, 5, 7);
            assertArrayEquals(new float[35], read(backend, m));
        }
    }

    @Test
    @DisplayName("staging: the caller's memory is free at once, and no half is overwritten early")
    void staging() {
        try (KernelBackend backend = open()) {
            // Together 24 MB through two halves of 4 MiB, none of which runs before it must.
            int cols = 100_000;
            Matrix[] rooms = new Matrix[60];
            var host = new float[cols];
            for (int i = 0; i < rooms.length; i++) {
                rooms[i] = backend.allocate(DType.F32, 1, cols);
                java.util.Arrays.fill(host, i);
                backend.write(Matrix.host(host, 1, cols), rooms[i]);
            }
            java.util.Arrays.fill(host, Float.NaN);
            for (int i = 0; i < rooms.length; i++) {
                float[] got = read(backend, rooms[i]);
                assertEquals(i, got[0], "first of " + i);
                assertEquals(i, got[cols - 1], "last of " + i);
            }
        }
    }

    @Test
    @DisplayName("a matrix of many staging parts is written and read whole")
    void largeMatrix() {
        try (KernelBackend backend = open()) {
            int count = 5_000_003;
            float[] values = ramp(count);
            Matrix m = backend.upload(Matrix.host(values, 1, count));
            Matrix after = backend.upload(Matrix.host(new float[] {-1, -2}, 1, 2));
            assertArrayEquals(values, read(backend, m));
            assertArrayEquals(new float[] {-1, -2}, read(backend, after));
        }
    }

    @Test
    @DisplayName("the budget is used and never exceeded, rounding of the driver included")
    void budget() {
        long budget = 64_000_000;
        try (KernelBackend backend = new GpuBackend(device(budget))) {
            DeviceBudgetException refused = null;
            long used = 0;
            while (refused == null) {
                try {
                    backend.allocate(DType.F32, 1, 10_000);
                    used += 40_000;
                } catch (DeviceBudgetException e) {
                    refused = e;
                }
            }
            assertTrue(driver.usedBytesMost() <= budget, "used " + driver.usedBytesMost());
            assertTrue(used > budget * 9 / 10, "only " + used + " of the budget were usable");
            assertTrue(refused.getMessage().contains("64,000,000"), refused.getMessage());
            assertTrue(refused.getMessage().contains("--gpu-memory"), refused.getMessage());
        }
    }

    @Test
    @DisplayName("a device that others fill is out of room, which is no failure of the device")
    void othersUseTheDevice() {
        try (KernelBackend backend = open()) {
            Matrix m = backend.allocate(DType.F32, 1, 3);
            driver.room(50_000_000);
            var refused = assertThrows(DeviceBudgetException.class,
                    () -> backend.prepare(Matrix.host(new float[20_000_000], 2, 10_000_000)));
            assertTrue(refused.getMessage().contains("weight [2,10000000] needs"),
                    refused.getMessage());
            assertArrayEquals(new float[3], read(backend, m));
        }
    }

    @Test
    @DisplayName("a refused launch: the code, its name and text, the launch; then nothing but that")
    void refusedLaunch() {
        KernelBackend backend = open();
        Matrix m = backend.allocate(DType.F32, 2, 300);
        driver.fail("cuLaunchKernel", 1);
        var failed = assertThrows(DeviceException.class, () -> backend.scale(m, 2));
        String message = failed.getMessage();
        assertTrue(message.contains("cuLaunchKernel failed with 1 (CUDA_ERROR_PRETENDED: a"),
                message);
        assertTrue(message.contains("scale_rows F32 of 5 x 1 groups of 128"), message);
        assertTrue(message.contains("Pretended H0"), message);
        var later = assertThrows(DeviceException.class, () -> backend.allocate(DType.F32, 1, 1));
        assertTrue(later.getMessage().contains("has failed before: CUDA: cuLaunchKernel"),
                later.getMessage());
        assertThrows(DeviceException.class, () -> read(backend, m));
        backend.close();
        assertEquals(Map.of(), driver.live());
    }

    @Test
    @DisplayName("a kernel that faults is reported by a later call, which names the latest launch")
    void faultingKernel() {
        KernelBackend backend = open();
        Matrix m = backend.allocate(DType.F32, 2, 300);
        backend.scale(m, 2);
        backend.softcap(m, 2);
        driver.fail("cuStreamSynchronize", 700);
        var failed = assertThrows(DeviceException.class, () -> read(backend, m));
        assertTrue(failed.getMessage().contains("cuStreamSynchronize failed with 700"),
                failed.getMessage());
        assertTrue(failed.getMessage().contains(
                "2 launches since the last wait, the latest softcap_rows F32 of 5 x 1 groups"),
                failed.getMessage());
        // The driver refuses everything now; the next user gets a new context.
        backend.close();
        assertEquals(0, driver.live().getOrDefault("context", 0));
        try (KernelBackend again = open()) {
            assertArrayEquals(new float[3], read(again, again.allocate(DType.F32, 1, 3)));
        }
    }

    @Test
    @DisplayName("closing gives back everything, twice is once, and later calls say so")
    void close() {
        KernelBackend backend = open();
        Matrix m = backend.allocate(DType.F32, 1000, 1000);
        backend.scale(m, 2);
        backend.softcap(m, 2);
        backend.weightLoader();
        assertTrue(driver.live().size() >= 5, driver.live().toString());
        backend.close();
        backend.close();
        assertEquals(Map.of(), driver.live());
        assertThrows(IllegalStateException.class, () -> backend.scale(m, 2));
    }

    @Test
    @DisplayName("a device that can not be opened leaves nothing behind")
    void failedOpen() {
        driver.fail("cuStreamCreate", 46);
        assertThrows(DeviceException.class, this::open);
        assertEquals(0, driver.live().getOrDefault("context", 0));
    }

    @Test
    @DisplayName("a loader on another thread waits for what reads the room, and for nothing else")
    void loader() throws Exception {
        CudaDevice device = device(Long.MAX_VALUE);
        try (KernelBackend backend = new GpuBackend(device)) {
            Matrix room = backend.allocateWeight(DType.F32, 3, 1_000_000);
            backend.write(Matrix.host(ramp(3_000_000), 3, 1_000_000), room);
            // Queued, and not run yet: it must read the old weight.
            Matrix copy = backend.allocate(DType.F32, 3, 1_000_000);
            device.copy(room, copy);
            WeightLoader loader = backend.weightLoader();
            var wrong = new AtomicReference<Throwable>();
            var thread = new Thread(() -> {
                try {
                    loader.load(Matrix.host(new float[3_000_000], 3, 1_000_000), room);
                } catch (Throwable e) {
                    wrong.set(e);
                }
            });
            thread.start();
            thread.join();
            assertEquals(null, wrong.get());
            assertArrayEquals(new float[3_000_000], read(backend, room));
            assertArrayEquals(ramp(3_000_000), read(backend, copy));
        }
    }

    @Test
    @DisplayName("two devices on one thread: every call is made in its own device's context")
    void twoDevices() {
        var both = new FakeCudaDriver(FakeCudaDriver.device(0), FakeCudaDriver.device(1));
        try (var first = new GpuBackend(new CudaDevice(both, both.describe(0), 1 << 28,
                PtxFiles.read(), List.of()));
                var second = new GpuBackend(new CudaDevice(both, both.describe(1), 1 << 28,
                        PtxFiles.read(), List.of()))) {
            Matrix a = first.upload(Matrix.host(ramp(2), 1, 2));
            Matrix b = second.upload(Matrix.host(ramp(2), 1, 2));
            first.scale(a, 3);
            second.scale(b, 5);
            assertArrayEquals(new float[] {3, 6}, read(first, a));
            assertArrayEquals(new float[] {5, 10}, read(second, b));
        }
        assertEquals(Map.of(), both.live());
    }

    @Test
    @DisplayName("an operand in host memory is refused before it reaches the device")
    void hostOperand() {
        try (KernelBackend backend = open()) {
            Matrix x = backend.allocate(DType.F32, 2, 3);
            Matrix host = Matrix.of(DType.F32, 1, 3, Arena.ofAuto().allocate(12, 8), 0);
            var refused = assertThrows(IllegalArgumentException.class,
                    () -> backend.addBias(x, host));
            assertTrue(refused.getMessage().contains("upload it first"), refused.getMessage());
            backend.scale(x, 2);
        }
    }

    @Test
    @DisplayName("a launch makes no object")
    void launchesAllocateNothing() {
        try (KernelBackend backend = open()) {
            Matrix x = backend.allocate(DType.F32, 2, 3);
            driver.recordNothing();
            for (int i = 0; i < 30_000; i++) {
                backend.scale(x, 2);
            }
            var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 10_000; i++) {
                backend.scale(x, 2);
            }
            long bytes = threads.getCurrentThreadAllocatedBytes() - before;
            assertTrue(bytes < 20_000, bytes + " bytes for 10000 launches");
        }
    }

    @Test
    @DisplayName("a kernel of this platform stands in where it fits, by encoding and shape")
    void fastKernels() {
        var clamps = new FastKernel() {
            @Override
            public GpuKernel kernel() { return GpuKernel.SCALE_ROWS; }

            @Override
            public boolean fits(Launch launch) { return launch.value(3) >= 100; }

            @Override
            public String unit() { return "rows--"; }

            @Override
            public String symbol() { return "clamp_rows"; }

            @Override
            public void shape(Launch launch, CudaDriver.Grid grid) {
                grid.groupsX = 7;
                grid.lanes = 256;
            }
        };
        try (var backend = new GpuBackend(new CudaDevice(driver, driver.describe(0), 1 << 28,
                PtxFiles.read(), List.of(clamps)))) {
            backend.scale(backend.allocate(DType.F32, 1, 99), 2);
            backend.scale(backend.allocate(DType.F32, 1, 100), 2);
            assertEquals(List.of("scale_rows 1 128", "clamp_rows 7 256"), driver.launches.stream()
                    .map(l -> l.symbol() + " " + l.groupsX() + " " + l.lanes()).toList());
        }
    }
}
