package dev.sluice.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.DeviceException;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.spi.KernelBackend;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Goal: the real binding, JCuda and the downcalls, passes what the driver expects. Method: a
/// pretended driver in C over host memory, compiled here and loaded in its place by a JVM of its
/// own. There are no tests where there is no C compiler; the fake in Java runs everywhere.
class PretendDriverTest {
    /// What the other JVM runs.
    static final class Using {
        public static void main(String[] args) {
            var provider = new CudaProvider();
            System.out.println("reason: " + provider.unavailableReason());
            System.out.println("line: " + provider.description());
            if (!provider.unavailableReason().isEmpty()) {
                return;
            }
            KernelBackend backend = provider.open(new BackendOptions(1, 1, Long.MAX_VALUE));
            float[] x = {1, 2, 3};
            Matrix device = backend.upload(Matrix.host(x, 1, 3));
            backend.scale(device, -2.5f);
            System.out.println("scaled: " + Arrays.toString(read(backend, device)));
            System.out.println("zeroed: "
                    + Arrays.toString(read(backend, backend.allocate(DType.F32, 2, 2))));
            Matrix large = backend.allocateWeight(DType.F32, 3, 1_500_000);
            var values = new float[4_500_000];
            values[4_499_999] = 7;
            backend.weightLoader().load(Matrix.host(values, 3, 1_500_000), large);
            System.out.println("loaded: " + Arrays.equals(values, read(backend, large)));
            refused(() -> backend.allocate(DType.F32, 30_000, 1000));
            backend.scale(device, 2);
            refused(() -> backend.scale(backend.allocate(DType.F32, 1, 13), 2));
            refused(() -> read(backend, device));
            backend.close();
            recording();
        }

        private static float[] read(KernelBackend backend, Matrix m) {
            var values = new float[m.rows() * m.cols()];
            backend.read(m, Matrix.host(values, m.rows(), m.cols()));
            return values;
        }

        private static void refused(Runnable call) {
            try {
                call.run();
                System.out.println("not refused");
            } catch (RuntimeException e) {
                System.out.println((e instanceof DeviceException ? "failed: " : "refused: ")
                        + e.getMessage());
            }
        }

        /// A launch that is recorded and replayed twice, straight on the driver.
        private static void recording() {
            CudaDriver driver = JCudaLibrary.lookup().driver().orElseThrow();
            driver.enter(driver.retain(0));
            CudaDriver.Stream stream = driver.createStream();
            CudaDriver.Function scale = driver.function(
                    driver.load(PtxFiles.read().ptx("rows--")), "scale_rows");
            long address = driver.allocate(8).orElseThrow();
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment host = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 2);
                driver.copyToDevice(host, address, stream);
                MemorySegment values = arena.allocateFrom(ValueLayout.JAVA_LONG, address, 0,
                        Float.floatToRawIntBits(3), 2);
                MemorySegment parameters = arena.allocate(32, 8);
                for (int i = 0; i < 4; i++) {
                    parameters.setAtIndex(ValueLayout.JAVA_LONG, i, values.address() + 8L * i);
                }
                var grid = new CudaDriver.Grid();
                grid.groupsX = 1;
                grid.groupsY = 1;
                grid.lanes = 128;
                driver.beginCapture(stream);
                driver.launch(scale, grid, parameters, stream);
                CudaDriver.Graph graph = driver.endCapture(stream);
                driver.launch(graph, stream);
                driver.launch(graph, stream);
                driver.copyToHost(address, host, stream);
                driver.synchronise(stream);
                driver.destroy(graph);
                System.out.println("replayed: " + Arrays.toString(
                        host.toArray(ValueLayout.JAVA_FLOAT)));
            }
            driver.free(address);
            driver.destroy(stream);
            driver.release(0);
        }
    }

    @TempDir
    private static Path folder;

    @TestFactory
    List<DynamicTest> tests() throws Exception {
        Path library = folder.resolve("libcuda.so.1");
        try {
            Process cc = new ProcessBuilder("cc", "-shared", "-fPIC", "-O1", "-Wl,-soname,"
                    + library.getFileName(), "-o", library.toString(), Path.of(
                    PretendDriverTest.class.getResource("pretend-driver.c").toURI()).toString())
                    .inheritIO().start();
            assertEquals(0, cc.waitFor(), "cc");
        } catch (IOException e) {
            System.out.println("the binding is not tested against a pretended driver: " + e);
            return List.of();
        }
        return List.of(
                DynamicTest.dynamicTest("every call reaches the driver", () -> used(library)),
                DynamicTest.dynamicTest("a driver without devices", () -> noDevice(library)));
    }

    private static String run(Path library, Map<String, String> environment) throws Exception {
        Path temporary = Files.createDirectories(folder.resolve("temporary"));
        var builder = new ProcessBuilder(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-Xmx256m", "-ea", "-XX:-UsePerfData",
                "-Djava.io.tmpdir=" + temporary,
                "-D" + JCudaLibrary.LIBRARY_PROPERTY + "=" + library,
                "-cp", System.getProperty("java.class.path"), Using.class.getName()))
                .redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(),
                StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        try (var left = Files.list(temporary)) {
            assertEquals(List.of(), left.toList(), "left in the temporary folder");
        }
        return output;
    }

    private static void used(Path library) throws Exception {
        String output = run(library, Map.of());
        for (String line : List.of("reason: \n",
                "line: cuda:0 Pretended first, 3,072 MiB, compute capability 8.6, 84 multi",
                "| cuda:1 Pretended second, ", "for CUDA 12.4\n",
                "scaled: [-2.5, -5.0, -7.5]\n", "zeroed: [0.0, 0.0, 0.0, 0.0]\n",
                "loaded: true\n",
                "refused: scratch [30000,1000] needs 121,634,816 bytes, and Pretended second has "
                        + "no such room: 1,073,741,824 bytes are free\n",
                "failed: CUDA: cuLaunchKernel failed with 700 (CUDA_ERROR_ILLEGAL_ADDRESS: an "
                        + "illegal memory access was encountered) for scale_rows F32 of 1 x 1 ",
                "failed: the device has failed before: CUDA: cuLaunchKernel failed with 700",
                "replayed: [9.0, 18.0]\n")) {
            assertTrue(output.contains(line), "expected '" + line + "' in\n" + output);
        }
    }

    private static void noDevice(Path library) throws Exception {
        String output = run(library, Map.of("PRETEND_NO_DEVICE", "1"));
        assertTrue(output.contains("for CUDA 12.4, and no device\n"), output);
    }
}
