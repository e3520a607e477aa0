package dev.sluice.models.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.LoadedModel;
import dev.sluice.models.defaults.DefaultModel;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Goal: the two models that ship mean the same as ONNX graphs, the orchestrator's sigmoid router
/// with its correction bias, scale and shared expert included. Method: logits and greedy text of
/// the exported graphs against the scalar backend's on the GGUF file, whose Q8_0 weights become
/// float32 or eight-bit codes without loss.
class DefaultModelsExportTest {
    private static final int[] IDS =
            {1, 632, 63, 37, 57, 55, 1999, 44, 3, 297, 801, 2, 90, 1000, 1200, 15};
    /// Float32 sums in another order; logits go up to about twenty.
    private static final double FLOAT_ERROR_MAX = 1e-4;
    /// Activations in eight bits.
    private static final double CODED_ERROR_MAX = 3e-2;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource(DefaultModel.class)
    void exported_it_is_the_same_model(DefaultModel model) {
        Path file = model.extractTo(folder);
        var wantText = new int[16];
        float[] want = run(file, wantText);
        var text = new int[wantText.length];
        double error = Golden.largestDifference(exported(file, WeightForm.F32, text), want);
        System.out.printf("%s float32: largest difference %.2e%n", model, error);
        assertTrue(error <= FLOAT_ERROR_MAX, "largest difference %.2e".formatted(error));
        assertArrayEquals(wantText, text);
        for (WeightForm form : new WeightForm[] {WeightForm.INT8, WeightForm.INT4}) {
            double relative = Golden.relativeError(exported(file, form, new int[0]), want);
            System.out.printf("%s %s: relative error %.2e%n", model, form, relative);
            if (form == WeightForm.INT8) {
                assertTrue(relative <= CODED_ERROR_MAX, "relative error " + relative);
            }
        }
    }

    private float[] exported(Path file, WeightForm form, int[] text) {
        Path out = folder.resolve(file.getFileName() + "-" + form);
        OnnxExport.write(file, out, form, _ -> { });
        return run(out, text);
    }

    private static float[] run(Path model, int[] text) {
        try (LoadedModel loaded = Golden.open(model, "reference", IDS.length + text.length, 1)) {
            return Golden.run(loaded.lm(), IDS, IDS.length, text);
        }
    }
}
