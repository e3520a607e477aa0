package dev.sluice.models.skip;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.CausalLm;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/// Texts that a model writes itself, token by token at temperature 1: text of exactly the kind that
/// it knows, without a corpus in the repository. The same seed gives the same texts.
final class SampledTexts {
    private static final int SIDE_BY_SIDE = 16;

    private SampledTexts() { }

    /// `count` texts of `length` tokens, each after the token `first`.
    static List<int[]> of(Path model, int first, int count, int length, long seed) {
        var options = new LoadOptions(DType.F32, length, SIDE_BY_SIDE, SIDE_BY_SIDE);
        var texts = new ArrayList<int[]>();
        try (LoadedModel opened = LoadedModel.open(model,
                Kernels.open("vector", BackendOptions.defaults()), options, _ -> { })) {
            var random = new SplittableRandom(seed);
            while (texts.size() < count) {
                texts.addAll(write(opened.lm(), first, length, random));
            }
        }
        return texts.subList(0, count);
    }

    private static List<int[]> write(CausalLm lm, int first, int length,
            SplittableRandom random) {
        var texts = new int[SIDE_BY_SIDE][length];
        Matrix logits = Matrix.host(new float[SIDE_BY_SIDE * lm.vocab()], SIDE_BY_SIDE,
                lm.vocab());
        var batch = new Batch(SIDE_BY_SIDE, SIDE_BY_SIDE);
        int each = Math.ceilDiv(length, lm.kvPlan().pageSize());
        var pages = new int[SIDE_BY_SIDE][1][each];
        for (int i = 0; i < SIDE_BY_SIDE * each; i++) {
            pages[i / each][0][i % each] = i;
        }
        for (int[] text : texts) {
            text[0] = first;
        }
        for (int position = 0; position + 1 < length; position++) {
            batch.clear();
            for (int s = 0; s < SIDE_BY_SIDE; s++) {
                batch.sequence(pages[s]);
                batch.row(texts[s][position], position, true);
            }
            lm.forward(batch, logits);
            for (int s = 0; s < SIDE_BY_SIDE; s++) {
                texts[s][position + 1] = sample(logits, s, random.nextDouble());
            }
        }
        return Arrays.asList(texts);
    }

    private static int sample(Matrix logits, int row, double uniform) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < logits.cols(); i++) {
            max = Math.max(max, logits.f32(row, i));
        }
        double sum = 0;
        for (int i = 0; i < logits.cols(); i++) {
            sum += Math.exp(logits.f32(row, i) - max);
        }
        double left = uniform * sum;
        for (int i = 0; i < logits.cols() - 1; i++) {
            left -= Math.exp(logits.f32(row, i) - max);
            if (left < 0) {
                return i;
            }
        }
        return logits.cols() - 1;
    }
}
