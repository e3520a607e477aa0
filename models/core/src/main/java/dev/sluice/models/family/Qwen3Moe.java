package dev.sluice.models.family;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RouterSpec.Scoring;
import java.util.List;

/// Qwen3-MoE: softmax over all experts, kept weights normalised.
final class Qwen3Moe implements Family {
    @Override
    public String architecture() { return "qwen3moe"; }

    @Override
    public List<String> transformersNames() { return List.of("Qwen3MoeForCausalLM"); }

    @Override
    public boolean normalizesExpertWeights() { return true; }

    @Override
    public boolean needsExperts() { return true; }

    @Override
    public DecoderLayer layer(Parts p, int i) {
        var c = p.config().experts();
        var router =
                RouterSpec.of(c.experts(), c.topK(), Scoring.SOFTMAX_ALL, c.normalize(), c.scale());
        return new DecoderLayer(
                p.norm(i, "attn_norm"), p.attention(i), p.noNorm(), p.norm(i, "ffn_norm"),
                p.hasExperts(i) ? p.experts(i, router, Activation.SILU)
                        : p.mlp(i, Activation.SILU),
                p.noNorm());
    }
}
