package dev.sluice.models.family;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RouterSpec.GroupRule;
import dev.sluice.kernels.RouterSpec.Scoring;
import java.util.List;

/// GLM-4-MoE: grouped attention with biases and half-rotated heads; leading dense layers, then
/// sigmoid routing with a correction bias and a shared expert.
final class Glm4Moe implements Family {
    @Override
    public String architecture() { return "glm4moe"; }

    @Override
    public List<String> transformersNames() { return List.of("Glm4MoeForCausalLM"); }

    @Override
    public boolean needsExperts() { return true; }

    @Override
    public DecoderLayer layer(Parts p, int i) {
        return new DecoderLayer(
                p.norm(i, "attn_norm"), p.attention(i), p.noNorm(),
                p.norm(i, "post_attention_norm"), feedForward(p, i), p.noNorm());
    }

    private static Sublayer feedForward(Parts p, int i) {
        var c = p.config().experts();
        if (i < c.denseLayers()) {
            return p.mlp(i, Activation.SILU);
        }
        var router = new RouterSpec(c.experts(), c.topK(), Scoring.SIGMOID, c.normalize(),
                c.scale(), c.groups(), c.groupsKept(), GroupRule.BEST_TWO);
        return p.experts(i, router, Activation.SILU);
    }
}
