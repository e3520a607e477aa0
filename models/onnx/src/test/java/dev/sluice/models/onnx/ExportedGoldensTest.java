package dev.sluice.models.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.LoadedModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Goal: an exported model is the model. Method: tiny random models with logits that transformers
/// (float32) or libllama (quantised weights, expanded) computed; exported, opened like any other
/// model, and run by ONNX Runtime in chunks of 17 rows. The repository carries a share of the
/// cases; `-Dgoldens=DIR` runs all those in `DIR/goldens`.
class ExportedGoldensTest {
    /// Float32 sums in another order.
    private static final double FLOAT_ERROR_MAX = 1e-4;
    /// Activations in eight bits: half a step of 1/127 of the largest in each block, averaged over
    /// the sums and carried through two layers. The weights themselves are exact.
    private static final double CODED_ERROR_MAX = 3e-2;
    private static final List<String> FAMILIES = List.of(
            "llama", "llama-rope3", "llama-yarn", "mistral", "mixtral", "qwen2", "qwen2-moe",
            "qwen3", "qwen3-moe");

    @TempDir
    private static Path folder;

    @TestFactory
    List<DynamicTest> float32() {
        var tests = new ArrayList<DynamicTest>();
        for (String family : FAMILIES) {
            for (String model : List.of("model-f32.gguf", "hf")) {
                Path golden = Golden.root().resolve(family);
                if (Files.exists(golden.resolve(model))) {
                    tests.add(DynamicTest.dynamicTest(family + " " + model,
                            () -> float32(golden, model)));
                }
            }
        }
        assertFalse(tests.isEmpty(), "no goldens found");
        return tests;
    }

    private static void float32(Path golden, String model) {
        Golden want = Golden.read(golden, "golden-logits.f32");
        var greedy = new int[want.greedy().length];
        float[] got = exported(golden.resolve(model), WeightForm.F32, want.prompt(), greedy);
        double error = Golden.largestDifference(got, want.logits());
        System.out.printf("%s %s float32: largest difference %.2e%n",
                golden.getFileName(), model, error);
        assertTrue(error <= FLOAT_ERROR_MAX, "largest difference %.2e, allowed %.0e".formatted(
                error, FLOAT_ERROR_MAX));
        assertArrayEquals(want.greedy(), greedy, "greedy continuation");
    }

    /// Q4_0 and Q8_0 blocks are rewritten without loss, so the reference is the golden of the same
    /// codes.
    @TestFactory
    List<DynamicTest> coded() {
        var tests = new ArrayList<DynamicTest>();
        for (String family : List.of("llama", "qwen3-moe")) {
            Path golden = Golden.root().resolve("quantised").resolve(family);
            addCoded(tests, golden, "q4_0", WeightForm.INT4);
            addCoded(tests, golden, "q8_0", WeightForm.INT8);
        }
        return tests;
    }

    private static void addCoded(List<DynamicTest> tests, Path golden, String encoding,
            WeightForm form) {
        Path model = golden.resolve("model-" + encoding + ".gguf");
        if (Files.exists(model)) {
            tests.add(DynamicTest.dynamicTest(golden.getFileName() + " " + form, () -> {
                Golden want = Golden.read(golden, "golden-logits-" + encoding + ".f32");
                float[] got = exported(model, form, want.prompt(), new int[0]);
                double error = Golden.relativeError(got, want.logits());
                System.out.printf("%s %s: relative error %.2e, largest difference %.2e%n",
                        golden.getFileName(), form, error,
                        Golden.largestDifference(got, want.logits()));
                assertTrue(error <= CODED_ERROR_MAX, "relative error %.2e, allowed %.0e"
                        .formatted(error, CODED_ERROR_MAX));
            }));
        }
    }

    private static float[] exported(Path model, WeightForm form, int[] prompt, int[] greedy) {
        Path out = folder.resolve(model.getParent().getFileName() + "-" + model.getFileName()
                + "-" + form);
        OnnxExport.write(model, out, form, _ -> { });
        try (LoadedModel loaded =
                Golden.open(out, "reference", prompt.length + greedy.length, 1)) {
            return Golden.run(loaded.lm(), prompt, 17, greedy);
        }
    }
}
