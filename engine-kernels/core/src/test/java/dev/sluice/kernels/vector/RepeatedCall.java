package dev.sluice.kernels.vector;

import com.sun.management.ThreadMXBean;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Measures what a product allocates once it is compiled, in a process of its own. In a process
/// that has run other encodings and sizes before, the compiler may have shaped the shared methods
/// for those (profiles are kept per method, not per caller), and vectors that one encoding would
/// keep in registers are then allocated for as long as the process lives.
final class RepeatedCall {
    private static final long WARM_UP_NANOS_MAX = 30_000_000_000L;

    private RepeatedCall() { }

    /// Bytes of the cheapest call of one encoding, measured by [#main] under the flags of this
    /// process.
    static long bytesAllocated(DType dtype) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(System.getProperty("java.home") + File.separator + "bin" + File.separator
                + "java");
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"),
                RepeatedCall.class.getName(), dtype.name()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(),
                StandardCharsets.UTF_8);
        int status = process.waitFor();
        if (status != 0) {
            throw new IOException("status %d of %s:%n%s".formatted(status, command, output));
        }
        // A warning about the incubating vector module comes before.
        return Long.parseLong(output.lines().toList().getLast());
    }

    /// Calls until a call allocates nothing or the time is over: interpreted and first-tier
    /// vector code allocates. Prints the bytes of the cheapest call.
    public static void main(String[] arguments) {
        DType dtype = DType.valueOf(arguments[0]);
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (var pool = new ComputePool(1); var memory = new HostMemory(1L << 40)) {
            var products = new VectorProducts(pool, memory);
            Matrix weight = products.prepare(RandomWeights.of(dtype, 64, 256, new Random(1)));
            Matrix x = Matrix.host(RandomWeights.activations(1, 256, new Random(2)), 1, 256);
            Matrix out = Matrix.host(new float[64], 1, 64);
            long least = Long.MAX_VALUE;
            long end = System.nanoTime() + WARM_UP_NANOS_MAX;
            while (least > 0 && System.nanoTime() < end) {
                long before = threads.getCurrentThreadAllocatedBytes();
                products.matmul(x, weight, out);
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            System.out.println(least);
        }
    }
}
