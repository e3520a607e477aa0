package dev.sluice.models.onnx;

import dev.sluice.kernels.DType;
import dev.sluice.models.CausalLm;
import dev.sluice.models.GraphOptions;
import dev.sluice.models.LoadOptions;
import java.nio.file.Path;
import java.util.Arrays;

/// What it is worth that a graph appends to its caches in place: the same graph, the same tokens,
/// decoded behind a context of `POSITIONS`, in place and by the naive loop, turn by turn.
///
///     java -cp ... dev.sluice.models.onnx.CacheTiming DIR [POSITIONS] [THREADS]
final class CacheTiming {
    private static final int ROUNDS = 5;
    private static final int STEPS = 12;

    private CacheTiming() { }

    public static void main(String[] args) {
        int positions = args.length > 1 ? Integer.parseInt(args[1]) : 2000;
        int threads = args.length > 2 ? Integer.parseInt(args[2]) : 2;
        try (CausalLm shared = open(Path.of(args[0]), true, positions, threads);
                CausalLm naive = open(Path.of(args[0]), false, positions, threads)) {
            fill(shared, positions);
            fill(naive, positions);
            var inPlace = new double[ROUNDS];
            var copied = new double[ROUNDS];
            for (int round = 0; round < ROUNDS; round++) {
                inPlace[round] = milliseconds(shared, positions);
                copied[round] = milliseconds(naive, positions);
            }
            Arrays.sort(inPlace);
            Arrays.sort(copied);
            System.out.printf("%s, %d positions, %d threads: in place %.2f ms a token, naive loop "
                    + "%.2f ms, %.2f times; rounds %s and %s%n", args[0], positions, threads,
                    inPlace[ROUNDS / 2], copied[ROUNDS / 2],
                    copied[ROUNDS / 2] / inPlace[ROUNDS / 2],
                    Arrays.toString(inPlace), Arrays.toString(copied));
        }
    }

    private static CausalLm open(Path graph, boolean sharing, int positions, int threads) {
        OnnxFolder folder = OnnxFolder.open(graph, sharing);
        var options = new LoadOptions(DType.F32, positions + STEPS, 1, 128)
                .withGraph(new GraphOptions("cpu", threads));
        return folder.load(folder.plan(options), options);
    }

    private static void fill(CausalLm lm, int positions) {
        for (int from = 0; from < positions; from += 100) {
            int[] ids = new int[Math.min(100, positions - from)];
            Arrays.fill(ids, 1 + from / 100);
            Golden.step(lm, ids, from, 0);
        }
    }

    /// Of one step, after one that is not timed: a naive cache is cut back by a copy first.
    private static double milliseconds(CausalLm lm, int positions) {
        Golden.step(lm, new int[] {3}, positions, 0);
        long begin = System.nanoTime();
        for (int i = 1; i < STEPS; i++) {
            Golden.step(lm, new int[] {3 + i}, positions + i, 0);
        }
        return (System.nanoTime() - begin) / 1e6 / (STEPS - 1);
    }
}
