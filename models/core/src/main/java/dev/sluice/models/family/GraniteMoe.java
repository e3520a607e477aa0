package dev.sluice.models.family;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.kernels.RouterSpec.Scoring;
import dev.sluice.kernels.RouterSpec;
import java.util.List;

/// Granite-MoE: softmax over the kept experts, and the multipliers of Granite.
final class GraniteMoe implements Family {
    @Override
    public String architecture() { return "granitemoe"; }

    @Override
    public List<String> transformersNames() { return List.of("GraniteMoeForCausalLM",
            "GraniteMoeSharedForCausalLM"); }

    @Override
    public RopeSpec.Pairing ggufPairing() { return RopeSpec.Pairing.INTERLEAVED; }

    @Override
    public boolean needsExperts() { return true; }

    @Override
    public DecoderLayer layer(Parts p, int i) {
        var c = p.config().experts();
        var router = RouterSpec.of(c.experts(), c.topK(), Scoring.SOFTMAX_KEPT, false, c.scale());
        return new DecoderLayer(
                p.norm(i, "attn_norm"), p.attention(i), p.noNorm(),
                p.norm(i, "ffn_norm"), p.experts(i, router, Activation.SILU), p.noNorm());
    }
}
