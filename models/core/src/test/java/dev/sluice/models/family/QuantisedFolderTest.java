package dev.sluice.models.family;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.file.SafetensorsWriter;
import dev.sluice.models.json.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: a transformers folder with FP8 weights (DeepSeek-V3) or MXFP4 experts (gpt-oss) gives the
/// logits of the same weights stored as float32.
///
/// Method: tiny random models are written twice, as codes with scales and as the floats that those
/// mean, in the order that transformers has for each. The reference backend multiplies decoded
/// weights, so the logits agree to the last bit.
class QuantisedFolderTest {
    private static final int VOCAB = 24;
    private static final int[] PROMPT = {3, 17, 0, 9, 22, 5, 11};
    private static final float[] E2M1 = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};

    @TempDir
    Path folder;

    private final Random random = new Random(7);
    private final SafetensorsWriter quantised = new SafetensorsWriter();
    private final SafetensorsWriter plain = new SafetensorsWriter();

    @Test
    void fp8WeightsOfDeepSeek() throws IOException {
        Map<String, Object> config = common("DeepseekV3ForCausalLM", 128, 2);
        config.putAll(Map.of("q_lora_rank", 128, "kv_lora_rank", 128, "qk_nope_head_dim", 64,
                "qk_rope_head_dim", 32, "v_head_dim", 64, "first_k_dense_replace", 1,
                "n_routed_experts", 4, "n_shared_experts", 1, "norm_topk_prob", true,
                "moe_intermediate_size", 128));
        globals(128);
        for (int layer = 0; layer < 2; layer++) {
            String attention = "model.layers." + layer + ".self_attn.";
            norms("model.layers." + layer, 128);
            fp8(attention + "q_a_proj", 128, 128);
            floats(attention + "q_a_layernorm.weight", 128);
            fp8(attention + "q_b_proj", 2 * 96, 128);
            fp8(attention + "kv_a_proj_with_mqa", 128 + 32, 128);
            floats(attention + "kv_a_layernorm.weight", 128);
            fp8(attention + "kv_b_proj", 2 * 128, 128);
            fp8(attention + "o_proj", 128, 128);
        }
        fp8Mlp("model.layers.0.mlp.", 256);
        floats("model.layers.1.mlp.gate.weight", 4, 128);
        floats("model.layers.1.mlp.gate.e_score_correction_bias", 4);
        fp8Mlp("model.layers.1.mlp.shared_experts.", 128);
        for (int expert = 0; expert < 4; expert++) {
            fp8Mlp("model.layers.1.mlp.experts." + expert + ".", 128);
        }
        assertSameLogits(config);
    }

    @Test
    void mxfp4ExpertsOfGptOss() throws IOException {
        Map<String, Object> config = common("GptOssForCausalLM", 64, 1);
        config.putAll(Map.of("head_dim", 32, "num_key_value_heads", 1, "num_local_experts", 3,
                "layer_types", List.of("full_attention")));
        globals(64);
        String layer = "model.layers.0";
        norms(layer, 64);
        for (String projection : List.of("q", "k", "v", "o")) {
            int rows = projection.matches("[kv]") ? 32 : 64;
            floats(layer + ".self_attn." + projection + "_proj.weight", rows, 64);
            floats(layer + ".self_attn." + projection + "_proj.bias", rows);
        }
        floats(layer + ".self_attn.sinks", 2);
        floats(layer + ".mlp.router.weight", 3, 64);
        floats(layer + ".mlp.router.bias", 3);
        mxfp4(layer + ".mlp.experts.gate_up_proj", 3, 2 * 96, 64);
        floats(layer + ".mlp.experts.gate_up_proj_bias", 3, 2 * 96);
        mxfp4(layer + ".mlp.experts.down_proj", 3, 64, 96);
        floats(layer + ".mlp.experts.down_proj_bias", 3, 64);
        config.put("intermediate_size", 96);
        assertSameLogits(config);
    }

    // ---- the two folders ----------------------------------------------------------------

    private static Map<String, Object> common(String architecture, int hidden, int layers) {
        return new HashMap<>(Map.of("architectures", List.of(architecture),
                "hidden_size", hidden, "num_hidden_layers", layers, "vocab_size", VOCAB,
                "num_attention_heads", 2, "intermediate_size", 256, "num_experts_per_tok", 2,
                "max_position_embeddings", 64, "tie_word_embeddings", false));
    }

    private void assertSameLogits(Map<String, Object> config) throws IOException {
        float[] want = logits("plain", plain, config);
        float[] got = logits("quantised", quantised, config);
        float[] sorted = want.clone();
        Arrays.sort(sorted);
        assertTrue(sorted[sorted.length - 1] - sorted[0] > 0.1f, "the logits hardly differ");
        assertArrayEquals(want, got);
    }

    private float[] logits(String name, SafetensorsWriter weights, Map<String, Object> config)
            throws IOException {
        Path model = Files.createDirectory(folder.resolve(name));
        Files.writeString(model.resolve("config.json"), Json.write(config));
        weights.write(model.resolve("model.safetensors"));
        return GoldenLogits.run(model, "reference", PROMPT, 4, new int[0]);
    }

    // ---- tensors ------------------------------------------------------------------------

    private void globals(int hidden) {
        floats("model.embed_tokens.weight", VOCAB, hidden);
        floats("model.norm.weight", hidden);
        floats("lm_head.weight", VOCAB, hidden);
    }

    private void norms(String layer, int hidden) {
        floats(layer + ".input_layernorm.weight", hidden);
        floats(layer + ".post_attention_layernorm.weight", hidden);
    }

    private void fp8Mlp(String prefix, int inner) {
        fp8(prefix + "gate_proj", inner, 128);
        fp8(prefix + "up_proj", inner, 128);
        fp8(prefix + "down_proj", 128, inner);
    }

    /// The same floats in both folders.
    private void floats(String name, int... shape) {
        int count = Arrays.stream(shape).reduce(1, Math::multiplyExact);
        var values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = 0.3f * (float) random.nextGaussian() + (name.contains("norm") ? 1 : 0);
        }
        quantised.tensor(name, "F32", longs(shape), bytes(values));
        plain.tensor(name, "F32", longs(shape), bytes(values));
    }

    /// A projection [rows, cols] in tiles of 128 x 128.
    private void fp8(String name, int rows, int cols) {
        var codes = new byte[rows * cols];
        random.nextBytes(codes);
        int tileCols = cols / 128;
        int tileRows = Math.ceilDiv(rows, 128);
        var scales = new float[tileRows * tileCols];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = 1e-3f * (1 + random.nextFloat());
        }
        var values = new float[codes.length];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (codes[i] & 0x7F) == 0x7F ? 0 : codes[i];
            values[i] = e4m3(codes[i]) * scales[i / cols / 128 * tileCols + i % cols / 128];
        }
        quantised.tensor(name + ".weight", "F8_E4M3", longs(rows, cols), codes);
        quantised.tensor(name + ".weight_scale_inv", "F32", longs(tileRows, tileCols),
                bytes(scales));
        plain.tensor(name + ".weight", "F32", longs(rows, cols), bytes(values));
    }

    private static float e4m3(byte code) {
        int exponent = code >> 3 & 15;
        int mantissa = code & 7;
        double value = exponent == 0 ? mantissa * Math.pow(2, -9)
                : (8 + mantissa) * Math.pow(2, exponent - 10);
        return (float) (code < 0 ? -value : value);
    }

    /// Experts [experts, rows, cols]; as floats they are stored [experts, cols, rows].
    private void mxfp4(String name, int experts, int rows, int cols) {
        var codes = new byte[experts * rows * cols / 2];
        random.nextBytes(codes);
        var scales = new byte[experts * rows * cols / 32];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = (byte) (122 + random.nextInt(4));
        }
        var values = new float[experts * rows * cols];
        for (int i = 0; i < values.length; i++) {
            int code = codes[i / 2] >> 4 * (i % 2) & 15;
            double value = E2M1[code & 7] * Math.pow(2, scales[i / 32] - 127);
            int expert = i / (rows * cols);
            int transposed = (expert * cols + i % cols) * rows + i / cols % rows;
            values[transposed] = (float) (code > 8 ? -value : value);
        }
        quantised.tensor(name + "_blocks", "U8", longs(experts, rows, cols / 32, 16), codes);
        quantised.tensor(name + "_scales", "U8", longs(experts, rows, cols / 32), scales);
        plain.tensor(name, "F32", longs(experts, cols, rows), bytes(values));
    }

    private static byte[] bytes(float[] values) {
        var bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes.array();
    }

    private static List<Long> longs(int... shape) {
        return Arrays.stream(shape).asLongStream().boxed().toList();
    }
}
