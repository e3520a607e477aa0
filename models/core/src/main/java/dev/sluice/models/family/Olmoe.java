package dev.sluice.models.family;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RouterSpec.Scoring;
import java.util.List;

/// OLMoE: softmax over all experts, weights as they are; query and key norms over all heads.
final class Olmoe implements Family {
    @Override
    public String architecture() { return "olmoe"; }

    @Override
    public List<String> transformersNames() { return List.of("OlmoeForCausalLM"); }

    @Override
    public boolean needsExperts() { return true; }

    @Override
    public DecoderLayer layer(Parts p, int i) {
        var c = p.config().experts();
        var router =
                RouterSpec.of(c.experts(), c.topK(), Scoring.SOFTMAX_ALL, c.normalize(), c.scale());
        return new DecoderLayer(
                p.norm(i, "attn_norm"), p.attention(i), p.noNorm(),
                p.norm(i, "ffn_norm"), p.experts(i, router, Activation.SILU), p.noNorm());
    }
}
