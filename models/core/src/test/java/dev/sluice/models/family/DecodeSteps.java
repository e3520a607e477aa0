package dev.sluice.models.family;

import com.sun.management.ThreadMXBean;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.CausalLm;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Measures what the engine's thread allocates for a decode step once everything is compiled, in a
/// process of its own: in one that has run other models before, shared methods are compiled for
/// those too, and what the compiler then keeps on the heap depends on the order of the tests.
final class DecodeSteps {
    static final int WINDOW_STEPS = 100;
    private static final int CONTEXT_TOKENS = 256;
    private static final int FIRST_POSITION = 8;
    private static final long NANOS_MAX = 40_000_000_000L;
    /// So long without a cheaper window counts as steady.
    private static final long STEADY_NANOS = 4_000_000_000L;

    private final CausalLm lm;
    private final Batch batch = new Batch(FIRST_POSITION, 1);
    private final int[][] pages;
    private final Matrix logits;
    private int position = CONTEXT_TOKENS;

    private DecodeSteps(CausalLm lm) {
        this.lm = lm;
        logits = Matrix.host(new float[lm.vocab()], 1, lm.vocab());
        pages = new int[lm.kvPlan().groups().size()][];
        for (int g = 0; g < pages.length; g++) {
            pages[g] = new int[lm.kvPlan().groups().get(g).pages()];
            for (int i = 0; i < pages[g].length; i++) {
                pages[g][i] = i;
            }
        }
    }

    /// Bytes of [#WINDOW_STEPS] steps in the cheapest window, measured by [#main] under the flags
    /// of this process.
    static long bytesAllocated(Path model) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(System.getProperty("java.home") + File.separator + "bin" + File.separator
                + "java");
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"),
                DecodeSteps.class.getName(), model.toString()));
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

    /// One sequence, one compute thread (so that nothing is allocated elsewhere), half-precision
    /// keys and values. Prints the bytes of the cheapest window.
    public static void main(String[] arguments) {
        Kernels kernels = Kernels.open("vector", new BackendOptions(0, 1, Long.MAX_VALUE));
        var options = new LoadOptions(DType.F16, CONTEXT_TOKENS, 1, FIRST_POSITION);
        try (LoadedModel loaded =
                LoadedModel.open(Path.of(arguments[0]), kernels, options, _ -> { })) {
            System.out.println(new DecodeSteps(loaded.lm()).cheapestWindow());
        }
    }

    private long cheapestWindow() {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long start = System.nanoTime();
        long improved = start;
        long least = Long.MAX_VALUE;
        while (least > 0 && System.nanoTime() - start < NANOS_MAX
                && System.nanoTime() - improved < STEADY_NANOS) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < WINDOW_STEPS; i++) {
                step();
            }
            long bytes = threads.getCurrentThreadAllocatedBytes() - before;
            if (bytes < least) {
                least = bytes;
                improved = System.nanoTime();
            }
        }
        return least;
    }

    /// Decodes one token after another, and begins again behind a prompt when the context is full.
    private void step() {
        batch.clear();
        batch.sequence(pages);
        if (position >= CONTEXT_TOKENS) {
            for (int i = 0; i < FIRST_POSITION; i++) {
                batch.row(i % lm.vocab(), i, i == FIRST_POSITION - 1);
            }
            position = FIRST_POSITION;
        } else {
            batch.row(position % lm.vocab(), position, true);
            position++;
        }
        lm.forward(batch, logits);
    }
}
