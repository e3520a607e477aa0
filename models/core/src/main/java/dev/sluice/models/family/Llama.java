package dev.sluice.models.family;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.kernels.RouterSpec.Scoring;
import dev.sluice.kernels.RouterSpec;
import java.util.List;

/// Llama 2 and 3, Mistral, and with experts Mixtral (Jiang et al. 2024): softmax over all experts
/// and normalised weights, which is softmax over the kept.
final class Llama implements Family {
    @Override
    public String architecture() { return "llama"; }

    @Override
    public List<String> transformersNames() {
        return List.of("LlamaForCausalLM", "MistralForCausalLM", "MixtralForCausalLM");
    }

    @Override
    public RopeSpec.Pairing ggufPairing() { return RopeSpec.Pairing.INTERLEAVED; }

    @Override
    public DecoderLayer layer(Parts p, int i) {
        return new DecoderLayer(
                p.norm(i, "attn_norm"), p.attention(i), p.noNorm(),
                p.norm(i, "ffn_norm"), feedForward(p, i), p.noNorm());
    }

    private static Sublayer feedForward(Parts p, int i) {
        var c = p.config().experts();
        if (c.experts() == 0) {
            return p.mlp(i, Activation.SILU);
        }
        var router = RouterSpec.of(c.experts(), c.topK(), Scoring.SOFTMAX_KEPT, false, c.scale());
        return p.experts(i, router, Activation.SILU);
    }
}
