package dev.sluice.models.family;

import dev.sluice.kernels.Activation;
import java.util.List;

/// Phi-3, 3.5 and 4-mini: the Llama layer with fused projections and LongRoPE.
final class Phi3 implements Family {
    @Override
    public String architecture() { return "phi3"; }

    @Override
    public List<String> transformersNames() { return List.of("Phi3ForCausalLM"); }

    @Override
    public DecoderLayer layer(Parts p, int i) {
        return new DecoderLayer(
                p.norm(i, "attn_norm"), p.attention(i), p.noNorm(),
                p.norm(i, "ffn_norm"), p.mlp(i, Activation.SILU), p.noNorm());
    }
}
