package dev.sluice.models.onnx;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.sluice.kernels.DType;
import dev.sluice.models.CausalLm;
import dev.sluice.models.GraphOptions;
import dev.sluice.models.LoadOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;

/// What it is worth that a graph appends to its caches in place: the same graph, the same tokens,
/// decoded behind a context of `POSITIONS`, in place and by the naive loop, turn by turn. The naive
/// loop is the usual one: what a run returned is handed to the next run as it is, so the only copy
/// is the operator's own, from the shorter tensor into the longer. Both are timed behind a short
/// context too, where there is next to nothing to attend to or to copy, which leaves what a step
/// costs beside its keys and values. The context is noise, which costs what text costs.
///
///     java -cp ... dev.sluice.models.onnx.CacheTiming DIR [POSITIONS] [THREADS] [ROUNDS]
final class CacheTiming {
    private static final int STEPS = 9;
    private static final int SHORT = 16;

    private CacheTiming() { }

    public static void main(String[] args) {
        int positions = args.length > 1 ? Integer.parseInt(args[1]) : 2000;
        int threads = args.length > 2 ? Integer.parseInt(args[2]) : 2;
        int rounds = args.length > 3 ? Integer.parseInt(args[3]) : 5;
        try (CausalLm shared = open(Path.of(args[0]), true, positions, threads);
                CausalLm naive = open(Path.of(args[0]), false, positions, threads)) {
            fill(shared);
            fill(naive);
            var times = new double[4][rounds];
            for (int round = 0; round < rounds; round++) {
                times[0][round] = milliseconds(shared, positions, 0);
                times[1][round] = milliseconds(naive, positions, 0);
                times[2][round] = milliseconds(shared, SHORT, 1);
                times[3][round] = milliseconds(naive, SHORT, 1);
            }
            var median = new double[times.length];
            for (int i = 0; i < times.length; i++) {
                Arrays.sort(times[i]);
                median[i] = times[i][rounds / 2];
            }
            System.out.printf(Locale.ROOT, "%s, %d positions, %d threads, ms a token: in place "
                    + "%.1f, naive loop %.1f, %.2f times; behind %d positions %.1f and %.1f: "
                    + "attention %.1f, copies %.1f, the rest %.1f%n", args[0], positions, threads,
                    median[0], median[1], median[1] / median[0], SHORT, median[2], median[3],
                    median[0] - median[2], median[1] - median[0], median[2]);
            System.out.println(Arrays.deepToString(times));
        }
    }

    private static CausalLm open(Path graph, boolean sharing, int positions, int threads) {
        OnnxFolder folder = OnnxFolder.open(graph, sharing);
        var options = new LoadOptions(DType.F32, positions + STEPS, 1, 128)
                .withGraph(new GraphOptions("cpu", threads));
        return folder.load(folder.plan(options), options);
    }

    /// Pages 0 and 1 with the same noise from -1 to 1.
    private static void fill(CausalLm lm) {
        var random = new Random(5);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment page = arena.allocate(lm.pageBytes(0), 64);
            for (long i = 0; i < page.byteSize() / 4; i++) {
                page.setAtIndex(JAVA_FLOAT, i, random.nextFloat() * 2 - 1);
            }
            lm.importPage(0, 0, page);
            lm.importPage(0, 1, page);
        }
    }

    /// Of one step, after one that is not timed: a naive cache is cut back by a copy first.
    private static double milliseconds(CausalLm lm, int positions, int page) {
        Golden.step(lm, new int[] {3}, positions, page);
        long begin = System.nanoTime();
        for (int i = 1; i < STEPS; i++) {
            Golden.step(lm, new int[] {3 + i}, positions + i, page);
        }
        return (System.nanoTime() - begin) / 1e6 / (STEPS - 1);
    }
}
