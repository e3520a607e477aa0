package dev.sluice.models.family;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.kernels.RouterSpec.GroupRule;
import dev.sluice.kernels.RouterSpec.Scoring;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.models.ModelConfig;
import dev.sluice.models.RopeScaling;
import java.util.List;

/// DeepSeek-V2, V2-Lite, V3 and R1: latent attention; leading dense layers, then experts with a
/// shared one. V2 scores by softmax and takes a group by its best expert; V3 scores by sigmoid with
/// a correction bias and takes a group by its two best (DeepSeek-V3 report, section 2.1.2).
final class DeepSeek implements Family {
    @Override
    public String architecture() { return "deepseek2"; }

    @Override
    public List<String> transformersNames() {
        return List.of("DeepseekV2ForCausalLM", "DeepseekV3ForCausalLM");
    }

    @Override
    public RopeSpec.Pairing ggufPairing() { return RopeSpec.Pairing.INTERLEAVED; }

    @Override
    public RopeSpec.Pairing transformersPairing() { return RopeSpec.Pairing.INTERLEAVED; }

    @Override
    public boolean needsExperts() { return true; }

    @Override
    public boolean needsLatent() { return true; }

    @Override
    public DecoderLayer layer(Parts p, int i) {
        return new DecoderLayer(
                p.norm(i, "attn_norm"), p.latentAttention(i, attentionScale(p.config())),
                p.noNorm(),
                p.norm(i, "ffn_norm"), feedForward(p, i), p.noNorm());
    }

    private static Sublayer feedForward(Parts p, int i) {
        var c = p.config().experts();
        if (i < c.denseLayers()) {
            return p.mlp(i, Activation.SILU);
        }
        var router = new RouterSpec(c.experts(), c.topK(),
                c.sigmoid() ? Scoring.SIGMOID : Scoring.SOFTMAX_ALL, c.normalize(), c.scale(),
                c.groups(), c.groupsKept(), c.sigmoid() ? GroupRule.BEST_TWO : GroupRule.BEST);
        return p.experts(i, router, Activation.SILU);
    }

    /// 1/sqrt(nope + rope), times the square of YaRN's temperature where the context is stretched.
    @Override
    public float attentionScale(ModelConfig config) {
        double temperature = config.rope().scaling() instanceof RopeScaling.Yarn yarn
                ? RopeScaling.Yarn.temperature(yarn.factor(), yarn.scoreMultiplier()) : 1;
        return (float) (temperature * temperature
                / Math.sqrt(config.latent().nopeDim() + config.latent().ropeDim()));
    }
}
