package dev.sluice.kernels.contract;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.contract.AttentionScene.Chunk;
import dev.sluice.kernels.contract.AttentionScene.Layer;
import java.util.Arrays;
import java.util.List;

/// Goal: a shared prefix does not show. Method: rows of sequences whose page tables begin with the
/// same pages must get the bits that they get when each sequence has a copy of these pages, which
/// leaves nothing to share. In the step are a sequence with three rows, one that has only part of
/// the prefix, and one that leaves the prefix inside a split.
final class SharedPrefixContract {
    private static final int PREFIX = 544;

    private SharedPrefixContract() {
    }

    static void attention(Kernels subject, long seed) {
        for (DType kvType : List.of(DType.F32, DType.F16, DType.BF16, DType.Q8_0)) {
            attention(subject, seed, Layer.grouped(2, 1, 32, kvType));
            attention(subject, seed, Layer.grouped(6, 2, 32, kvType).with(0, 10, true));
            attention(subject, seed, Layer.grouped(2, 1, 32, kvType).with(300, 0, false));
            attention(subject, seed, new Layer(3, 1, 64, 32, true, 0, 0, false, kvType, 32));
        }
    }

    private static void attention(Kernels subject, long seed, Layer layer) {
        String context = "%s shared prefix seed=%d %s"
                .formatted(subject.backendName(), seed, layer);
        var scene = new AttentionScene(subject, layer, seed, 5, PREFIX + 40, seed);
        scene.store(List.of(new Chunk(0, 0, PREFIX)));
        int[] prefixes = {PREFIX, PREFIX, PREFIX, 224, 320};
        scene.copyPrefix(prefixes);
        List<Chunk> tails = List.of(new Chunk(0, PREFIX, PREFIX + 1),
                new Chunk(1, PREFIX, PREFIX + 9), new Chunk(2, PREFIX, PREFIX + 20),
                new Chunk(4, 320, PREFIX));
        scene.store(tails);
        List<Chunk> last = List.of(new Chunk(0, PREFIX, PREFIX + 1),
                new Chunk(1, PREFIX + 6, PREFIX + 9), new Chunk(3, 223, 224),
                new Chunk(4, PREFIX - 1, PREFIX), new Chunk(2, PREFIX + 19, PREFIX + 20));
        List<int[]> rows = AttentionScene.rows(last);
        int[] want = Operand.bits(scene.attend(rows, context + " own pages"));
        scene.sharePrefix(prefixes);
        int[] got = Operand.bits(scene.attend(rows, context + " shared pages"));
        int at = Arrays.mismatch(want, got);
        if (at >= 0) {
            int[] row = rows.get(at / (want.length / rows.size()));
            throw new AssertionError("%s: sequence %d position %d differs: %s, %s".formatted(
                    context, row[0], row[1], Float.intBitsToFloat(want[at]),
                    Float.intBitsToFloat(got[at])));
        }
    }
}
