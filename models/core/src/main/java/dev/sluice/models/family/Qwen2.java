package dev.sluice.models.family;

import dev.sluice.kernels.Activation;
import java.util.List;

/// Qwen2 and 2.5: the Llama layer with biases on queries, keys and values.
final class Qwen2 implements Family {
    @Override
    public String architecture() { return "qwen2"; }

    @Override
    public List<String> transformersNames() { return List.of("Qwen2ForCausalLM"); }

    @Override
    public DecoderLayer layer(Parts p, int i) {
        return new DecoderLayer(
                p.norm(i, "attn_norm"), p.attention(i), p.noNorm(),
                p.norm(i, "ffn_norm"), p.mlp(i, Activation.SILU), p.noNorm());
    }
}
