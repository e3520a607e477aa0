package dev.sluice.models.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.LoadedModel;
import dev.sluice.models.file.FileTensor;
import dev.sluice.models.file.GgufFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Goal: a graph with coded weights computes what its own weights, dequantised, compute. Method:
/// the tiny models of the repository exported, and beside each a float32 GGUF file whose matrices
/// were rounded here to what those codes mean and expanded again, run by the scalar backend. The
/// graph's activations have eight bits, the other's none. Int8 of the mixture is not among them:
/// there a token is so near the middle between two experts that eight bits send it to the other
/// one, which no bound on sums allows for; the goldens of [ExportedGoldensTest] have it.
class CodedWeightsTest {
    /// Half a step of 1/127 of the largest activation in each block, averaged over the sums and
    /// carried through two layers (as in [ExportedGoldensTest]).
    private static final double ERROR_MAX = 3e-2;
    private static final int BLOCK = 32;
    private static final Pattern CODED = Pattern.compile(
            "blk[.]\\d+[.](attn_[qkv]|attn_output|ffn_(gate|up|down)(_exps)?)[.]weight");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"llama, INT4", "llama, INT8", "qwen3-moe, INT4"})
    void logits_are_those_of_the_dequantised_weights(String family, WeightForm form)
            throws IOException {
        Path model = Path.of("../core/src/test/resources/goldens", family, "model-f32.gguf");
        Path rounded = folder.resolve("rounded.gguf");
        int matrices = roundedTo(form.bits(), model, rounded);
        assertEquals(14, matrices, "two layers of seven");
        Path graph = folder.resolve("graph");
        OnnxExport.write(model, graph, form, _ -> { });
        int[] prompt = Golden.read(model.getParent(), "golden-logits.f32").prompt();
        double error = Golden.relativeError(logits(graph, prompt), logits(rounded, prompt));
        double unrounded = Golden.relativeError(logits(graph, prompt), logits(model, prompt));
        System.out.printf("%s %s: relative error %.2e; from the float32 model %.2e%n", family,
                form, error, unrounded);
        assertTrue(error <= ERROR_MAX, "relative error %.2e, allowed %.0e".formatted(
                error, ERROR_MAX));
        assertTrue(form == WeightForm.INT8 || unrounded > 2 * error,
                "rounding must show, or this test shows nothing: %.2e".formatted(unrounded));
    }

    private static float[] logits(Path model, int[] prompt) {
        try (LoadedModel loaded = Golden.open(model, "reference", prompt.length, 1)) {
            return Golden.run(loaded.lm(), prompt, 17, new int[0]);
        }
    }

    /// A copy of a float32 file with its matrices rounded; how many there are.
    private static int roundedTo(int bits, Path model, Path copy) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(model))
                .order(ByteOrder.LITTLE_ENDIAN);
        int matrices = 0;
        try (GgufFile file = GgufFile.open(model)) {
            for (FileTensor tensor : file.tensors()) {
                boolean output = tensor.name().equals("output.weight");
                if (output || CODED.matcher(tensor.name()).matches()) {
                    for (long at = 0; at < tensor.byteSize(); at += 4 * BLOCK) {
                        round(bytes, Math.toIntExact(tensor.byteOffset() + at), output ? 8 : bits);
                    }
                    matrices += output ? 0 : 1;
                }
            }
        }
        Files.write(copy, bytes.array());
        return matrices;
    }

    /// A block becomes multiples of a step from -2^(bits-1) to 2^(bits-1) - 1, the element of the
    /// largest magnitude the lower end.
    private static void round(ByteBuffer bytes, int at, int bits) {
        float largest = 0;
        for (int i = 0; i < BLOCK; i++) {
            float x = bytes.getFloat(at + 4 * i);
            largest = Math.abs(x) > Math.abs(largest) ? x : largest;
        }
        int half = 1 << bits - 1;
        float step = -largest / half;
        for (int i = 0; i < BLOCK && step != 0; i++) {
            double code = Math.floor(bytes.getFloat(at + 4 * i) / (double) step + 0.5);
            bytes.putFloat(at + 4 * i, (float) (Math.clamp(code, -half, half - 1) * step));
        }
    }
}
