package dev.sluice.models.onnx;

import dev.sluice.kernels.RouterSpec.Scoring;
import dev.sluice.models.ModelConfig;
import dev.sluice.models.UnsupportedModelException;
import java.util.Locale;

/// The families whose layers the exporter can write: norm, grouped attention, norm, feed-forward
/// or experts, with a residual around each half.
enum DecoderFamily {
    LLAMA, QWEN2, QWEN2MOE, QWEN3, QWEN3MOE, GLM4MOE;

    /// Refuses what the exported graph would compute differently.
    static DecoderFamily of(ModelConfig config) {
        for (DecoderFamily family : values()) {
            if (family.name().toLowerCase(Locale.ROOT).equals(config.architecture())) {
                requirePlain(config);
                return family;
            }
        }
        throw new UnsupportedModelException(
                "export: family '%s' is not written as ONNX; llama, mistral, mixtral, qwen2, "
                        .formatted(config.architecture())
                        + "qwen2moe, qwen3, qwen3moe and glm4moe are");
    }

    private static void requirePlain(ModelConfig config) {
        ModelConfig.AttentionConfig a = config.attention();
        if (a.keyDim() != a.valueDim() || a.keyDim() % 16 != 0) {
            throw new UnsupportedModelException(("export: heads of %d key and %d value elements; "
                    + "GroupQueryAttention wants the same, a multiple of 16").formatted(
                    a.keyDim(), a.valueDim()));
        }
        if (config.rope().dims() % 16 != 0 || config.rope().dims() > a.keyDim()) {
            throw new UnsupportedModelException(("export: %d rotated elements of a head of %d; "
                    + "GroupQueryAttention wants a multiple of 16").formatted(
                    config.rope().dims(), a.keyDim()));
        }
        ModelConfig.Scales s = config.scales();
        boolean scaled = s.embedding() != 0 && s.embedding() != 1 || s.residual() != 1
                || s.logits() != 1 || s.logitSoftcap() != 0;
        if (scaled || a.rotaryLayers().length > 0 || !config.rope().scaleLocal()
                || config.rope().localBase() != config.rope().base()) {
            throw new UnsupportedModelException("export: a %s model with %s".formatted(
                    config.architecture(), scaled ? "scaled activations: " + s
                    : "layers that rotate differently"));
        }
    }

    /// The norm before the second half of a layer.
    String secondNorm() {
        return this == GLM4MOE ? "post_attention_norm" : "ffn_norm";
    }

    Scoring scoring() {
        return switch (this) {
            case LLAMA -> Scoring.SOFTMAX_KEPT;
            case GLM4MOE -> Scoring.SIGMOID;
            case QWEN2, QWEN2MOE, QWEN3, QWEN3MOE -> Scoring.SOFTMAX_ALL;
        };
    }
}
