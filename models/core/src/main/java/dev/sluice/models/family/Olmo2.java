package dev.sluice.models.family;

import dev.sluice.kernels.Activation;
import java.util.List;

/// OLMo 2: norms after the sublayers only; queries and keys are normed over all heads together.
final class Olmo2 implements Family {
    @Override
    public String architecture() { return "olmo2"; }

    @Override
    public List<String> transformersNames() { return List.of("Olmo2ForCausalLM"); }

    @Override
    public DecoderLayer layer(Parts p, int i) {
        return new DecoderLayer(
                p.noNorm(), p.attention(i), p.norm(i, "post_attention_norm"),
                p.noNorm(), p.mlp(i, Activation.SILU), p.norm(i, "post_ffw_norm"));
    }
}
