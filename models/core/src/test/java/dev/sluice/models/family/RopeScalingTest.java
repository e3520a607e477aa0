package dev.sluice.models.family;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.ModelConfig;
import dev.sluice.models.RopeScaling;
import dev.sluice.models.json.JsonObject;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Goal: stretched rotary frequencies and magnitudes are those of the published models.
///
/// Method: numbers worked out by hand from the papers' formulas for the parameters that Llama 3.1
/// and 3.2, gpt-oss, DeepSeek-V3 and Phi-3 are published with, and configs as they are published.
class RopeScalingTest {
    /// By how much each frequency is divided.
    private static double[] divisors(RopeScaling scaling, int dims, double base) {
        float[] frequencies = scaling.inverseFrequencies(dims, base);
        var out = new double[frequencies.length];
        for (int m = 0; m < out.length; m++) {
            out[m] = Math.pow(base, -2.0 * m / dims) / frequencies[m];
        }
        return out;
    }

    @Test
    void linearDividesEveryFrequency() {
        double[] divisors = divisors(new RopeScaling.Linear(8), 64, 1e6);
        for (double divisor : divisors) {
            assertEquals(8, divisor, 1e-5);
        }
    }

    @Test
    void llama3RampOfEightFold() {
        double[] divisors = divisors(new RopeScaling.Llama3(8, 1, 4, 8192), 128, 500_000);
        for (int m = 0; m <= 28; m++) {
            assertEquals(1, divisors[m], 1e-6, "pair " + m);
        }
        assertEquals(1.2075, divisors[29], 5e-5);
        assertEquals(1.5534, divisors[30], 5e-5);
        assertEquals(2.0263, divisors[31], 5e-5);
        assertEquals(5.2573, divisors[34], 5e-5);
        for (int m = 35; m < 64; m++) {
            assertEquals(8, divisors[m], 1e-5, "pair " + m);
        }
    }

    @Test
    void llama3RampOfThirtyTwoFold() {
        double[] divisors = divisors(new RopeScaling.Llama3(32, 1, 4, 8192), 64, 500_000);
        for (int m = 0; m < 32; m++) {
            String pair = "pair " + m + " is divided by " + divisors[m];
            assertEquals(m < 15, Math.abs(divisors[m] - 1) < 1e-6, pair);
            assertEquals(m >= 18, Math.abs(divisors[m] - 32) < 1e-4, pair);
        }
    }

    /// The ramp's ends, from the frequencies of two pairs inside it.
    private static double[] rampEnds(RopeScaling scaling, double factor) {
        double[] divisors = divisors(scaling, 64, 150_000);
        double at10 = (1 - 1 / divisors[10]) / (1 - 1 / factor);
        double at16 = (1 - 1 / divisors[16]) / (1 - 1 / factor);
        double width = 6 / (at16 - at10);
        double low = 10 - at10 * width;
        return new double[] {low, low + width};
    }

    @Test
    void yarnKeepsItsRampsEndsWhereTruncateIsOff() {
        double[] ends = rampEnds(gptOss(false), 32);
        assertEquals(8.0928, ends[0], 1e-4);
        assertEquals(17.398, ends[1], 1e-3);
    }

    @Test
    void yarnRoundsItsRampsEndsOutwards() {
        double[] ends = rampEnds(gptOss(true), 32);
        assertEquals(8, ends[0], 1e-4);
        assertEquals(18, ends[1], 1e-4);
        double[] kept = divisors(gptOss(true), 64, 150_000);
        assertEquals(1, kept[8], 1e-6);
        assertEquals(32, kept[18], 1e-4);
        assertEquals(32, kept[31], 1e-4);
    }

    @Test
    void yarnMagnitude() {
        assertEquals(1.34657, gptOss(false).magnitude(), 5e-6);
        RopeScaling explicit = scaling("GptOssForCausalLM", 131_072, 0, Map.of(
                "rope_type", "yarn", "factor", 32.0, "attention_factor", 1.25,
                "original_max_position_embeddings", 4096L));
        assertEquals(1.25, explicit.magnitude(), 0);
    }

    private static RopeScaling gptOss(boolean truncate) {
        return scaling("GptOssForCausalLM", 131_072, 0, Map.of(
                "rope_type", "yarn", "factor", 32.0, "beta_fast", 32.0, "beta_slow", 1.0,
                "original_max_position_embeddings", 4096L, "truncate", truncate));
    }

    /// DeepSeek-V3 stretches 40-fold; its two multipliers are equal, so that cos and sin keep
    /// their magnitude and the scores are scaled instead.
    @Test
    void deepSeekScalesTheScores() {
        assertEquals(1.36889, RopeScaling.Yarn.temperature(40, 1), 5e-6);
        assertEquals(1, RopeScaling.Yarn.temperature(1, 1), 0);
        ModelConfig config = config("DeepseekV3ForCausalLM", 163_840, 0, Map.of(
                "type", "yarn", "factor", 40.0, "mscale", 1.0, "mscale_all_dim", 1.0,
                "original_max_position_embeddings", 4096L));
        assertEquals(1, config.rope().scaling().magnitude(), 0);
        assertEquals(0.135234, new DeepSeek().attentionScale(config), 5e-7);
    }

    @Test
    void deepSeekWithoutStretchHasThePlainScale() {
        ModelConfig config = config("DeepseekV3ForCausalLM", 4096, 0, Map.of("type", "default"));
        assertEquals(1 / Math.sqrt(192), new DeepSeek().attentionScale(config), 1e-8);
    }

    @Test
    void longRopeMagnitude() {
        assertEquals(1.1902, phi3(131_072, 0).magnitude(), 5e-5);
        assertEquals(1, phi3(4096, 0).magnitude(), 0);
    }

    /// The factors are chosen by the context that the model is opened for.
    @Test
    void longRopeChoosesItsFactorsByTheContext() {
        var atLimit = (RopeScaling.LongRope) phi3(131_072, 4096);
        var beyond = (RopeScaling.LongRope) phi3(131_072, 4097);
        assertFalse(atLimit.useLong());
        assertTrue(beyond.useLong());
        double[] shorter = divisors(atLimit, 4, 10_000);
        double[] longer = divisors(beyond, 4, 10_000);
        assertEquals(1.25, shorter[0], 1e-6);
        assertEquals(1.5, shorter[1], 1e-6);
        assertEquals(3, longer[0], 1e-6);
        assertEquals(40, longer[1], 1e-5);
    }

    private static RopeScaling phi3(long contextLength, int contextTokens) {
        return scaling("Phi3ForCausalLM", contextLength, contextTokens, Map.of(
                "type", "longrope", "short_factor", List.of(1.25, 1.5),
                "long_factor", List.of(3.0, 40.0)));
    }

    // ---- a config.json with these parameters --------------------------------------------

    private static RopeScaling scaling(String architecture, long contextLength, int contextTokens,
            Map<String, Object> parameters) {
        return config(architecture, contextLength, contextTokens, parameters).rope().scaling();
    }

    private static ModelConfig config(String architecture, long contextLength, int contextTokens,
            Map<String, Object> parameters) {
        var values = new HashMap<String, Object>(Map.of(
                "architectures", List.of(architecture), "num_hidden_layers", 1L,
                "hidden_size", 64L, "num_attention_heads", 1L, "vocab_size", 8L,
                "max_position_embeddings", contextLength, "rope_scaling", parameters));
        if (architecture.startsWith("Deepseek")) {
            values.putAll(Map.of("kv_lora_rank", 512L, "qk_nope_head_dim", 128L,
                    "qk_rope_head_dim", 64L, "v_head_dim", 128L));
        }
        if (architecture.startsWith("Phi3")) {
            values.put("original_max_position_embeddings", 4096L);
        }
        var json = new JsonObject(Path.of("config.json"), values);
        return TransformersConfig.read(json, TransformersConfig.family(json), contextTokens);
    }
}
