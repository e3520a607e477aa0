package dev.sluice.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RowMap;
import dev.sluice.kernels.gpu.Device;
import dev.sluice.kernels.gpu.GpuBackend;
import dev.sluice.kernels.gpu.GpuKernel;
import dev.sluice.kernels.gpu.Launch;
import dev.sluice.kernels.spi.WeightLoader;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// Goal: every launch passes what its kernel declares: as many parameters, of the same sizes and
/// kinds, in grids that the hardware has. The driver itself can not tell, it would read past the
/// end. Method: every operation, with every encoding, on a driver that is not there; the arguments
/// of each launch are held against the PTX of its kernel.
class LaunchSignatureTest {
    private static final Set<DType> WEIGHTS = EnumSet.complementOf(EnumSet.of(DType.I32));
    private static final Set<DType> CACHES =
            EnumSet.of(DType.F32, DType.F16, DType.BF16, DType.Q8_0);

    private final FakeCudaDriver driver = FakeCudaDriver.hopper();
    private final PtxFiles ptx = PtxFiles.read();
    private final Set<GpuKernel> launched = EnumSet.noneOf(GpuKernel.class);
    private final Set<String> units = new TreeSet<>();

    /// Holds each launch against its kernel's signature before the device gets it.
    private final class Checked implements Device {
        private final Device device = new CudaDevice(driver, driver.describe(0), 1 << 29, ptx,
                List.of());

        @Override
        public void launch(Launch launch) {
            check(launch);
            device.launch(launch);
            FakeCudaDriver.Launched last = driver.launches.getLast();
            assertEquals(launch.kernel().symbol(), last.symbol());
            for (int i = 0; i < launch.argumentCount(); i++) {
                boolean narrow = launch.kind(i) == Launch.Kind.INT
                        || launch.kind(i) == Launch.Kind.FLOAT;
                assertEquals(narrow ? launch.value(i) & 0xFFFFFFFFL : launch.value(i),
                        last.values().get(i), "argument " + i + " of " + launch);
            }
        }

        @Override
        public String backendName() { return device.backendName(); }

        @Override
        public Matrix allocate(DType dtype, int rows, int cols, String what) {
            return device.allocate(dtype, rows, cols, what);
        }

        @Override
        public Matrix lend(DType dtype, int rows, int cols, String what) {
            return device.lend(dtype, rows, cols, what);
        }

        @Override
        public void free(Matrix lent) { device.free(lent); }

        @Override
        public boolean addressesMemory() { return device.addressesMemory(); }

        @Override
        public int busyGroups() { return device.busyGroups(); }

        @Override
        public void write(Matrix host, Matrix to) { device.write(host, to); }

        @Override
        public void read(Matrix from, Matrix host) { device.read(from, host); }

        @Override
        public void copy(Matrix from, Matrix to) { device.copy(from, to); }

        @Override
        public WeightLoader loader() { return device.loader(); }

        @Override
        public void close() { device.close(); }
    }

    private void check(Launch launch) {
        String unit = PtxFiles.name(launch.kernel().source(), launch.encoding());
        PtxEntry entry = PtxEntry.parse(ptx.ptx(unit)).get(launch.kernel().symbol());
        var kinds = new ArrayList<String>();
        for (int i = 0; i < launch.argumentCount(); i++) {
            kinds.add(switch (launch.kind(i)) {
                case BASE, WIDE -> "u64";
                case INT -> "u32";
                case FLOAT -> "f32";
            });
        }
        assertEquals(entry.types(), kinds, unit + ": " + launch);
        assertTrue(launch.groupsY() <= 65535, launch.toString());
        assertTrue(launch.kernel().lanes() <= 1024, launch.toString());
        launched.add(launch.kernel());
        units.add(unit);
    }

    @Test
    @DisplayName("every operation, kernel and unit, once")
    void everyOperation() {
        try (var backend = new GpuBackend(new Checked())) {
            rows(backend);
            for (DType dtype : WEIGHTS) {
                products(backend, dtype);
            }
            for (DType dtype : CACHES) {
                attention(backend, dtype);
            }
            routing(backend);
        }
        assertEquals(EnumSet.allOf(GpuKernel.class), launched);
        assertEquals(new TreeSet<>(ptx.units().keySet()), units);
    }

    private static Matrix floats(GpuBackend backend, int rows, int cols) {
        return backend.allocate(DType.F32, rows, cols);
    }

    private static Matrix ints(GpuBackend backend, int rows, int cols) {
        return backend.allocate(DType.I32, rows, cols);
    }

    private static void rows(GpuBackend backend) {
        Matrix x = floats(backend, 5, 64);
        Matrix one = floats(backend, 1, 64);
        backend.gatherRows(x, ints(backend, 3, 1), floats(backend, 3, 64));
        backend.rmsNorm(x, one, 1e-6f, x);
        backend.layerNorm(x, one, one, 1e-6f, x);
        backend.gelu(x);
        backend.addBias(x, one);
        backend.add(x, floats(backend, 5, 64), 0.5f);
        backend.addGated(x, floats(backend, 5, 1), floats(backend, 5, 64));
        backend.scale(x, 2);
        backend.softcap(x, 30);
        backend.clamp(x, 7);
        backend.gatedActivation(Activation.SILU, x, floats(backend, 5, 64), x);
        backend.copyColumns(x, 3, floats(backend, 5, 80), 7, 10);
        Matrix angles = floats(backend, 5, 32);
        var frequencies = Matrix.of(DType.F32, 1, 16, one.memory(), one.byteOffset());
        backend.rotaryAngles(new RopeSpec(frequencies, 1, RopeSpec.Pairing.HALVES),
                ints(backend, 5, 1), angles);
        backend.rope(x.reshape(5, 64), 0, angles, RopeSpec.Pairing.HALVES);
    }

    private static void products(GpuBackend backend, DType dtype) {
        int wide = 512;
        Matrix weight = weight(backend, dtype, 40, wide);
        for (int count : new int[] {1, 33}) {
            backend.matmul(floats(backend, count, wide), weight, floats(backend, count, 40));
            backend.headMatmul(floats(backend, 2 * count, wide), 0, List.of(weight, weight),
                    floats(backend, 2 * count, 40), 0);
        }
        backend.embed(weight, ints(backend, 3, 1), 1, floats(backend, 3, wide));
        for (int count : new int[] {1, 40}) {
            experts(backend, dtype, count);
        }
    }

    private static Matrix weight(GpuBackend backend, DType dtype, int rows, int cols) {
        return backend.prepare(Matrix.of(dtype, rows, cols,
                Arena.ofAuto().allocate(rows * dtype.rowBytes(cols), 8), 0));
    }

    private static void experts(GpuBackend backend, DType dtype, int count) {
        var outward = new ArrayList<Matrix>();
        var back = new ArrayList<Matrix>();
        for (int e = 0; e < 4; e++) {
            outward.add(weight(backend, dtype, 256, 512));
            back.add(weight(backend, dtype, 512, 256));
        }
        var weights = new ExpertWeights(outward, outward, back, Matrix.none(256),
                Matrix.none(256), Matrix.none(512), Activation.SILU);
        backend.expertFfn(floats(backend, count, 512), weights, ints(backend, count, 2),
                floats(backend, count, 2), floats(backend, count, 512));
    }

    private static void attention(GpuBackend backend, DType dtype) {
        KvPages pages = backend.allocateKv(dtype, 40, 32, 2, 64, 64, false);
        for (int count : new int[] {2, 200}) {
            Matrix keys = floats(backend, count, 128);
            Matrix slots = ints(backend, count, 1);
            backend.storeKeys(keys, 0, pages, slots);
            backend.storeValues(keys, pages, slots);
            var map = new RowMap(ints(backend, count, 1), ints(backend, count, 1), slots,
                    ints(backend, 1, 20));
            backend.attention(new AttentionSpec(4, 0.125f, 0, 0, Matrix.none(4)),
                    floats(backend, count, 256), pages, map, floats(backend, count, 256));
        }
        backend.copyPage(pages, 1, 2);
    }

    private static void routing(GpuBackend backend) {
        Matrix ids = ints(backend, 3, 2);
        backend.routeTopK(RouterSpec.of(8, 2, RouterSpec.Scoring.SOFTMAX_ALL, true, 1),
                floats(backend, 3, 8), Matrix.none(8), ids, floats(backend, 3, 2));
        backend.countExperts(ids, ints(backend, 1, 8));
    }
}
