package dev.sluice.models.family;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.RopeSpec;
import java.util.List;

/// Granite: the Llama layer with multipliers on embeddings, residuals, scores and logits.
final class Granite implements Family {
    @Override
    public String architecture() { return "granite"; }

    @Override
    public List<String> transformersNames() { return List.of("GraniteForCausalLM"); }

    @Override
    public RopeSpec.Pairing ggufPairing() { return RopeSpec.Pairing.INTERLEAVED; }

    @Override
    public DecoderLayer layer(Parts p, int i) {
        return new DecoderLayer(
                p.norm(i, "attn_norm"), p.attention(i), p.noNorm(),
                p.norm(i, "ffn_norm"), p.mlp(i, Activation.SILU), p.noNorm());
    }
}
