package dev.sluice.kernels.contract;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.kernels.contract.AttentionScene.Chunk;
import dev.sluice.kernels.contract.AttentionScene.Layer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// What every backend owes: rotary embedding, pages and attention.
final class AttentionContract {
    /// Borders of pages (32) and of splits (256), and the length of a prompt.
    private static final int[] POSITIONS = {0, 1, 31, 32, 255, 256, 257, 700};

    private AttentionContract() { }

    // ---- rotary embedding ---------------------------------------------------------------

    static void rotaryAngles(Kernels subject, long seed) {
        for (int half : new int[] {1, 7, 8, 32, 64}) {
            float[] frequencies = new float[half];
            for (int m = 0; m < half; m++) {
                frequencies[m] = (float) Math.pow(500000, -(double) m / half);
            }
            int[] positions = {0, 1, 2, 255, 4097, 65535, 65536, 131071};
            var c = new ContractCase(subject, "rotaryAngles seed=%d dims=%d"
                    .formatted(seed, 2 * half));
            Operand inverse = c.input("inverseFrequencies", frequencies, 1, half);
            Operand position = c.input("positions", positions, positions.length, 1);
            Operand angles = c.output("angles", positions.length, 2 * half);
            c.run((kernels, on, _) -> kernels.rotaryAngles(new RopeSpec(on.apply(inverse), 1.34657f,
                    RopeSpec.Pairing.HALVES), on.apply(position), on.apply(angles)));
            // The angle itself is fixed to the bit; cos and sin get 2^-21 after the reduction.
            c.verify(_ -> c.close(angles, (_, _, _) -> 1.34657 * 8 * Tolerance.U));
        }
    }

    static void rope(Kernels subject, long seed) {
        var random = new Random(seed);
        for (RopeSpec.Pairing pairing : RopeSpec.Pairing.values()) {
            // T, heads, dims, columns before, columns after
            for (int[] s : new int[][] {{1, 1, 2, 0, 0}, {3, 7, 14, 3, 5}, {2, 4, 64, 0, 0},
                {5, 2, 32, 0, 96}, {4, 3, 18, 64, 0}, {0, 2, 16, 0, 0}}) {
                int rows = s[0] * s[1];
                int cols = s[2] + s[3] + s[4];
                var c = new ContractCase(subject, "rope seed=%d %s %s"
                        .formatted(seed, pairing, Arrays.toString(s)));
                float[] turns = new float[s[0] * s[2]];
                for (int t = 0; t < s[0]; t++) {
                    for (int m = 0; m < s[2] / 2; m++) {
                        double angle = random.nextGaussian() * 3;
                        turns[t * s[2] + m] = (float) Math.cos(angle);
                        turns[t * s[2] + s[2] / 2 + m] = (float) Math.sin(angle);
                    }
                }
                Operand x = c.updated("x", Samples.gaussian(random, rows * cols), rows, cols);
                Operand angles = c.input("angles", turns, s[0], s[2]);
                c.run((kernels, on, _) ->
                        kernels.rope(on.apply(x), s[3], on.apply(angles), pairing));
                // Two products of at most 6 (a gaussian's largest) and their sum.
                c.verify(_ -> c.close(x, (_, col, _) ->
                        col < s[3] || col >= s[3] + s[2] ? 0 : 4 * Tolerance.U * 6));
            }
        }
    }

    // ---- pages --------------------------------------------------------------------------

    /// A copied page is the same bytes, and no other page changes; storing changes only the
    /// pages that the slots name.
    static void pages(Kernels subject, long seed) {
        for (DType dtype : List.of(DType.F32, DType.F16, DType.BF16, DType.Q8_0)) {
            String context = "%s pages seed=%d %s".formatted(subject.backendName(), seed, dtype);
            var scene = new AttentionScene(subject, Layer.grouped(2, 2, 32, dtype), seed, 2, 64,
                    seed);
            KvPages pages = scene.pages();
            scene.store(List.of(new Chunk(0, 0, 40), new Chunk(1, 3, 64)));
            for (Matrix words : List.of(pages.keys(), pages.values())) {
                int[] before = words(subject, words);
                int[] want = before.clone();
                System.arraycopy(before, words.cols(), want, 3 * words.cols(), words.cols());
                subject.copyPage(pages, 1, 3);
                requireEqual(context + " copyPage", want, words(subject, words), words.cols());
                subject.write(Matrix.host(before, words.rows(), words.cols()), words);
            }
            int[] keys = words(subject, pages.keys());
            int[] values = words(subject, pages.values());
            Matrix slot = slot(subject, 2 * pages.pageSize() + 5);
            subject.storeKeys(zeros(subject, 64), 0, pages, slot);
            requireEqual(context + " values after storeKeys", values,
                    words(subject, pages.values()), pages.values().cols());
            requireOnlyPage(context + " storeKeys", keys, words(subject, pages.keys()),
                    pages.keys().cols());
            keys = words(subject, pages.keys());
            subject.storeValues(zeros(subject, 64), pages, slot);
            requireEqual(context + " keys after storeValues", keys,
                    words(subject, pages.keys()), pages.keys().cols());
            requireOnlyPage(context + " storeValues", values, words(subject, pages.values()),
                    pages.values().cols());
        }
    }

    private static Matrix zeros(Kernels subject, int cols) {
        return subject.allocate(DType.F32, 1, cols);
    }

    private static Matrix slot(Kernels subject, int slot) {
        Matrix device = subject.allocate(DType.I32, 1, 1);
        subject.write(Matrix.host(new int[] {slot}, 1, 1), device);
        return device;
    }

    private static int[] words(Kernels subject, Matrix words) {
        int[] host = new int[words.rows() * words.cols()];
        subject.read(words, Matrix.host(host, words.rows(), words.cols()));
        return host;
    }

    private static void requireEqual(String context, int[] want, int[] got, int pageWords) {
        int at = Arrays.mismatch(want, got);
        if (at >= 0) {
            throw new AssertionError("%s: page %d word %d: want %08x, got %08x".formatted(
                    context, at / pageWords, at % pageWords, want[at], got[at]));
        }
    }

    /// Page 2 changed, and nothing else.
    private static void requireOnlyPage(String context, int[] before, int[] after, int pageWords) {
        int[] want = before.clone();
        System.arraycopy(after, 2 * pageWords, want, 2 * pageWords, pageWords);
        requireEqual(context + " outside of page 2", want, after, pageWords);
        if (Arrays.equals(before, after)) {
            throw new AssertionError(context + ": page 2 did not change");
        }
    }

    // ---- attention ----------------------------------------------------------------------

    static void attention(Kernels subject, long seed) {
        var layers = new ArrayList<Layer>();
        for (int group : new int[] {1, 2, 4, 7}) {
            layers.add(Layer.grouped(2 * group, 2, 32, DType.F32));
        }
        for (DType kvType : List.of(DType.F32, DType.F16, DType.BF16, DType.Q8_0)) {
            Layer plain = Layer.grouped(4, 2, 64, kvType);
            layers.add(plain.paged(16));
            layers.add(plain.with(33, 0, true));
            layers.add(plain.with(300, 20, false));
            layers.add(new Layer(7, 1, 96, 64, true, 0, 0, false, kvType, 32));
        }
        layers.add(new Layer(3, 3, 9, 7, false, 0, 0, true, DType.F32, 8));
        layers.add(new Layer(4, 2, 17, 33, false, 1, 5, true, DType.F16, 256));
        layers.add(Layer.grouped(2, 1, 128, DType.F16).with(256, 0, true).paged(1));
        for (Layer layer : layers) {
            attention(subject, seed, layer);
        }
    }

    /// Three sequences, their pages shuffled, and rows at every border; also no rows at all.
    private static void attention(Kernels subject, long seed, Layer layer) {
        String context = "%s attention seed=%d %s".formatted(subject.backendName(), seed, layer);
        var chunks = List.of(new Chunk(0, 0, 701), new Chunk(1, 0, 41), new Chunk(2, 0, 258));
        var rows = new ArrayList<int[]>();
        for (Chunk chunk : chunks) {
            for (int position : POSITIONS) {
                if (position < chunk.to()) {
                    rows.add(new int[] {chunk.sequence(), position});
                }
            }
            if (chunk.sequence() == 1 || layer.pageSize() == 16) {
                // Neighbours too, as in a prompt, across a page and (in one layer) a split.
                rows.removeIf(row -> row[0] == chunk.sequence());
                for (int p = Math.max(0, chunk.to() - 35); p < chunk.to(); p++) {
                    rows.add(new int[] {chunk.sequence(), p});
                }
            }
        }
        float[] got = play(subject, seed, layer, chunks, rows, context);
        try (Kernels oracle = Kernels.open("reference", BackendOptions.defaults())) {
            float[] want = play(oracle, seed, layer, chunks, rows, context);
            requireClose(context, layer, rows, want, got);
        }
    }

    private static float[] play(Kernels kernels, long seed, Layer layer, List<Chunk> chunks,
            List<int[]> rows, String context) {
        var scene = new AttentionScene(kernels, layer, seed, 3, 704, seed + 5);
        scene.store(chunks);
        scene.attend(List.of(), context + " no rows");
        return scene.attend(rows, context);
    }

    /// A score is a sum of keyDim products of gaussians, scaled by 1/sqrt(keyDim), so its error
    /// is (4 sqrt(d) + 8) u * sqrt(d) (with sum|q k| about 0.64 d, 1 allowed). The weights of the
    /// softmax move by twice that relative to themselves, plus 64 u for exp and the sums, and
    /// values are at most 6.
    static void requireClose(String context, Layer layer, List<int[]> rows, float[] want,
            float[] got) {
        double score = Tolerance.sum(layer.keyDim()) * Math.sqrt(layer.keyDim());
        double allowed = 6 * (2 * score + 64 * Tolerance.U);
        double error = 0;
        double norm = 0;
        double worst = 0;
        int at = 0;
        for (int i = 0; i < want.length; i++) {
            double difference = Math.abs(want[i] - got[i]);
            if (!(difference <= worst)) {
                worst = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference;
                at = i;
            }
            error += difference * difference;
            norm += (double) want[i] * want[i];
        }
        if (worst > allowed) {
            int width = layer.heads() * layer.valueDim();
            throw new AssertionError("%s: worst at sequence %d position %d head %d element %d: "
                    .formatted(context, rows.get(at / width)[0], rows.get(at / width)[1],
                            at % width / layer.valueDim(), at % layer.valueDim())
                    + "want %s, got %s, allowed %.3g".formatted(want[at], got[at], allowed));
        }
        // Errors of single weights average out: a third of the bound above, relative to values of
        // 1 instead of 6. A code of Q8_0 that is rounded the other way moves one key by 1/127.
        double relative = (2 * score + 64 * Tolerance.U) / 3
                + (layer.kvType() == DType.Q8_0 ? 0x1p-14 : 0);
        if (!(error <= relative * relative * norm)) {
            throw new AssertionError("%s: relative error %.3g in the 2-norm, allowed %.3g"
                    .formatted(context, Math.sqrt(error / norm), relative));
        }
    }
}
