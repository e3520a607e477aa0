package dev.sluice.models.family;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.contract.RequiredBackend;
import dev.sluice.models.Batch;
import dev.sluice.models.CausalLm;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.json.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// One golden case: prompt ids, the logits of every position and the greedy continuation, made by
/// transformers in float32 (the file says with which version).
record GoldenLogits(int[] prompt, int[] greedy, float[] logits) {

    static GoldenLogits read(Path folder, String logitsFile) throws IOException {
        var json = (Map<?, ?>) Json.parse(Files.readAllBytes(folder.resolve("golden.json")));
        byte[] bytes = Files.readAllBytes(folder.resolve(logitsFile));
        var logits = new float[bytes.length / 4];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(logits);
        return new GoldenLogits(ints(json.get("prompt")), ints(json.get("greedy")), logits);
    }

    private static int[] ints(Object list) {
        return ((List<?>) list).stream().mapToInt(v -> ((Long) v).intValue()).toArray();
    }

    int vocab() { return logits.length / prompt.length; }

    /// Logits [positions][vocab] of `ids`, prefilled in chunks of `chunk` rows; fills
    /// `greedyOut` with the tokens that follow. A backend that can not run here skips the test, or
    /// fails it where the build requires that backend.
    static float[] run(Path model, String backend, int[] ids, int chunk,
            int[] greedyOut) {
        Kernels kernels = new Kernels(RequiredBackend.open(backend));
        var options = new LoadOptions(DType.F32, ids.length + greedyOut.length, 1, 64);
        try (LoadedModel loaded = LoadedModel.open(model, kernels, options, _ -> { })) {
            return run(loaded.lm(), ids, chunk, greedyOut);
        }
    }

    /// The same on an opened model, whose keys and values are overwritten.
    static float[] run(CausalLm lm, int[] ids, int chunk, int[] greedyOut) {
        var batch = new Batch(64, 1);
        int[][] pages = pages(lm);
        var out = new float[ids.length * lm.vocab()];
        for (int from = 0; from < ids.length; from += chunk) {
            int count = Math.min(chunk, ids.length - from);
            batch.clear();
            batch.sequence(pages);
            for (int i = from; i < from + count; i++) {
                batch.row(ids[i], i, true);
            }
            var logits = new float[count * lm.vocab()];
            lm.forward(batch, Matrix.host(logits, count, lm.vocab()));
            System.arraycopy(logits, 0, out, from * lm.vocab(), logits.length);
        }
        continueGreedily(lm, batch, pages, out, ids.length, greedyOut);
        return out;
    }

    private static void continueGreedily(CausalLm lm, Batch batch, int[][] pages, float[] prompt,
            int length, int[] greedyOut) {
        int vocab = lm.vocab();
        var last = java.util.Arrays.copyOfRange(prompt, prompt.length - vocab, prompt.length);
        for (int i = 0; i < greedyOut.length; i++) {
            greedyOut[i] = argmax(last);
            batch.clear();
            batch.sequence(pages);
            batch.row(greedyOut[i], length + i, true);
            lm.forward(batch, Matrix.host(last, 1, vocab));
        }
    }

    /// Pages in falling order, so that a kernel which ignores the page table is caught. A window
    /// group has fewer: they are used again once the window has passed them.
    private static int[][] pages(CausalLm lm) {
        var groups = lm.kvPlan().groups();
        int table = Math.ceilDiv(lm.contextLength(), lm.kvPlan().pageSize());
        var pages = new int[groups.size()][table];
        for (int g = 0; g < pages.length; g++) {
            int count = groups.get(g).pages();
            for (int i = 0; i < table; i++) {
                pages[g][i] = count - 1 - i % count;
            }
        }
        return pages;
    }

    static int argmax(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            best = values[i] > values[best] ? i : best;
        }
        return best;
    }

    /// |got - want| / |want| in the Euclidean norm.
    static double relativeError(float[] got, float[] want) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < want.length; i++) {
            difference += Math.pow((double) got[i] - want[i], 2);
            norm += Math.pow(want[i], 2);
        }
        return Math.sqrt(difference / norm);
    }
}
