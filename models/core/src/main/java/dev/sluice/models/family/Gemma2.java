package dev.sluice.models.family;

import dev.sluice.kernels.Activation;
import dev.sluice.models.ModelConfig;
import java.util.List;

/// Gemma 2: norms before and after each sublayer, soft caps on scores and logits, a sliding window
/// in every even layer.
final class Gemma2 implements Family {
    /// Layers of the 27B model, whose query scale GGUF files do not carry.
    private static final int LAYERS_27B = 46;

    @Override
    public String architecture() { return "gemma2"; }

    @Override
    public List<String> transformersNames() { return List.of("Gemma2ForCausalLM"); }

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
                && (listed.length == 0 ? layer % 2 == 0 : listed[layer]);
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
