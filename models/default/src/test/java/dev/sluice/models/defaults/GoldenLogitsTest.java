package dev.sluice.models.defaults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.CausalLm;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Goal: the shipped files mean what they were trained to mean. Method: logits of the scalar
/// backend against those that transformers computed in float32 from the same weights (the values
/// that the Q8_0 blocks decode to), in golden-MODEL.f32 by models/training/golden.py.
final class GoldenLogitsTest {
    private static final int[] IDS =
            {1, 632, 63, 37, 57, 55, 1999, 44, 3, 297, 801, 2, 90, 1000, 1200, 15};
    private static final int POSITIONS = 4;
    /// Both compute in float32 or better; logits go up to about twenty.
    private static final double TOLERANCE = 1e-4;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource(DefaultModel.class)
    void logits_are_those_of_transformers(DefaultModel model) throws IOException {
        Kernels kernels = Kernels.open("reference", new BackendOptions(0, 1, Long.MAX_VALUE));
        var options = new LoadOptions(DType.F32, IDS.length, 1, IDS.length);
        FloatBuffer golden = golden("golden-" + model.modelName() + ".f32");
        try (LoadedModel loaded =
                LoadedModel.open(model.extractTo(folder), kernels, options, _ -> { })) {
            CausalLm lm = loaded.lm();
            assertEquals(POSITIONS * lm.vocab(), golden.remaining());
            float[] got = new float[POSITIONS * lm.vocab()];
            lm.forward(batch(lm), Matrix.host(got, POSITIONS, lm.vocab()));
            for (int i = 0; i < got.length; i++) {
                int at = i;
                assertEquals(golden.get(i), got[i], TOLERANCE,
                        () -> "position %d token %d".formatted(at / lm.vocab(), at % lm.vocab()));
            }
            float largest = 0;
            for (float logit : got) {
                largest = Math.max(largest, Math.abs(logit));
            }
            assertTrue(largest > 1, "the model says nothing: largest logit " + largest);
        }
    }

    private static Batch batch(CausalLm lm) {
        int[][] pages = new int[lm.kvPlan().groups().size()][];
        for (int g = 0; g < pages.length; g++) {
            pages[g] = new int[lm.kvPlan().groups().get(g).pages()];
            Arrays.setAll(pages[g], i -> i);
        }
        var batch = new Batch(IDS.length, 1);
        batch.clear();
        batch.sequence(pages);
        for (int i = 0; i < IDS.length; i++) {
            batch.row(IDS[i], i, i >= IDS.length - POSITIONS);
        }
        return batch;
    }

    private static FloatBuffer golden(String name) throws IOException {
        try (InputStream in = GoldenLogitsTest.class.getResourceAsStream(name)) {
            return ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer();
        }
    }
}
