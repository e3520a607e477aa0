package dev.sluice.models.family;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RouterSpec.Scoring;
import dev.sluice.models.ModelConfig;
import java.util.List;

/// gpt-oss: biases everywhere, attention sinks, a sliding window in every even layer, softmax over
/// the kept experts, and the clamped SwiGLU.
final class GptOss implements Family {
    @Override
    public String architecture() { return "gpt-oss"; }

    @Override
    public List<String> transformersNames() { return List.of("GptOssForCausalLM"); }

    /// The released models do not round; llama.cpp always does.
    @Override
    public boolean truncatesYarn() { return false; }

    @Override
    public boolean needsExperts() { return true; }

    @Override
    public DecoderLayer layer(Parts p, int i) {
        var c = p.config().experts();
        var router = RouterSpec.of(c.experts(), c.topK(), Scoring.SOFTMAX_KEPT, false, c.scale());
        return new DecoderLayer(
                p.norm(i, "attn_norm"), p.attention(i), p.noNorm(),
                p.norm(i, "post_attention_norm"), p.experts(i, router, Activation.SWIGLU_CLAMPED),
                p.noNorm());
    }

    @Override
    public boolean sliding(ModelConfig config, int layer) {
        boolean[] listed = config.attention().slidingLayers();
        return config.attention().window() > 0
                && (listed.length == 0 ? layer % 2 == 0 : listed[layer]);
    }
}
