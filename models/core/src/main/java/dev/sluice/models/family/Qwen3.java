package dev.sluice.models.family;

import dev.sluice.kernels.Activation;
import java.util.List;

/// Qwen3: the Llama layer; queries and keys are normed per head before the rotation.
final class Qwen3 implements Family {
    @Override
    public String architecture() { return "qwen3"; }

    @Override
    public List<String> transformersNames() { return List.of("Qwen3ForCausalLM"); }

    @Override
    public DecoderLayer layer(Parts p, int i) {
        return new DecoderLayer(
                p.norm(i, "attn_norm"), p.attention(i), p.noNorm(),
                p.norm(i, "ffn_norm"), p.mlp(i, Activation.SILU), p.noNorm());
    }
}
