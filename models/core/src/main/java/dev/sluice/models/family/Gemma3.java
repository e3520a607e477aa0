package dev.sluice.models.family;

import dev.sluice.kernels.Activation;
import dev.sluice.models.ModelConfig;
import java.util.List;

/// Gemma 3: norms before and after each sublayer, per-head query and key norms, five sliding layers
/// with theta 10,000 to one full layer.
final class Gemma3 implements Family {
    /// Layers of the 27B model, whose query scale GGUF files do not carry.
    private static final int LAYERS_27B = 62;
    private static final int FULL_EVERY = 6;

    @Override
    public String architecture() { return "gemma3"; }

    @Override
    public List<String> transformersNames() {
        return List.of("Gemma3ForCausalLM", "Gemma3ForConditionalGeneration");
    }

    @Override
    public boolean localRope() { return true; }

    @Override
    public DecoderLayer layer(Parts p, int i) {
        return new DecoderLayer(
                p.norm(i, "attn_norm"), p.attention(i), p.norm(i, "post_attention_norm"),
                p.norm(i, "ffn_norm"), p.mlp(i, Activation.GELU_TANH), p.norm(i, "post_ffw_norm"));
    }

    @Override
    public boolean sliding(ModelConfig config, int layer) {
        boolean[] listed = config.attention().slidingLayers();
        return config.attention().window() > 0
                && (listed.length == 0 ? (layer + 1) % FULL_EVERY != 0 : listed[layer]);
    }

    @Override
    public float embeddingScale(ModelConfig config) {
        return (float) Math.sqrt(config.hidden());
    }

    @Override
    public float attentionScale(ModelConfig config) {
        return config.attention().scale() == 0 && config.layers() == LAYERS_27B
                ? (float) (1 / Math.sqrt((double) config.hidden() / config.attention().heads()))
                : config.attentionScale();
    }
}
