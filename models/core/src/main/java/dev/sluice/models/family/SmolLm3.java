package dev.sluice.models.family;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.models.ModelConfig;
import java.util.List;

/// SmolLM3: the Llama layer; every fourth layer does not rotate.
final class SmolLm3 implements Family {
    @Override
    public String architecture() { return "smollm3"; }

    @Override
    public List<String> transformersNames() { return List.of("SmolLM3ForCausalLM"); }

    @Override
    public RopeSpec.Pairing ggufPairing() { return RopeSpec.Pairing.INTERLEAVED; }

    @Override
    public DecoderLayer layer(Parts p, int i) {
        return new DecoderLayer(
                p.norm(i, "attn_norm"), p.attention(i), p.noNorm(),
                p.norm(i, "ffn_norm"), p.mlp(i, Activation.SILU), p.noNorm());
    }

    @Override
    public boolean rotary(ModelConfig config, int layer) {
        boolean[] listed = config.attention().rotaryLayers();
        return listed.length == 0 ? (layer + 1) % 4 != 0 : listed[layer];
    }
}
