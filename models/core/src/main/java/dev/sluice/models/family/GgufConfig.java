package dev.sluice.models.family;

import dev.sluice.kernels.Dequantiser;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.MalformedModelException;
import dev.sluice.models.ModelConfig;
import dev.sluice.models.ModelConfig.AttentionConfig;
import dev.sluice.models.ModelConfig.ExpertConfig;
import dev.sluice.models.ModelConfig.LatentConfig;
import dev.sluice.models.ModelConfig.RopeConfig;
import dev.sluice.models.ModelConfig.Scales;
import dev.sluice.models.RopeScaling;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.file.GgufFile;
import dev.sluice.models.file.GgufMetadata;

/// Reads a [ModelConfig] from GGUF metadata. Keys are those of gguf-py's `constants.py`.
final class GgufConfig {
    private static final int GATING_SIGMOID = 2;
    private static final int LAYERS_MAX = 512;
    private static final int EXPERTS_MAX = 1024;

    private final GgufFile file;
    private final GgufMetadata meta;
    private final Family family;
    private final String prefix;
    private final int layers;
    private final int contextTokens;

    private GgufConfig(GgufFile file, Family family, int contextTokens) {
        this.file = file;
        this.meta = file.metadata();
        this.family = family;
        this.contextTokens = contextTokens;
        prefix = family.architecture() + ".";
        layers = checked("block_count", integer("block_count") - integer("nextn_predict_layers", 0),
                1, LAYERS_MAX);
    }

    /// @param contextTokens  positions that the caller wants room for; decides between the short
    ///                       and the long factors of LongRoPE
    static ModelConfig read(GgufFile file, Family family, int contextTokens) {
        return new GgufConfig(file, family, contextTokens).config();
    }

    private ModelConfig config() {
        int hidden = integer("embedding_length");
        int vocab = file.tensor("token_embd.weight").matrix().rows();
        AttentionConfig attention = attention(hidden);
        LatentConfig latent = latent();
        return new ModelConfig(family.architecture(), meta.string("general.name", ""), vocab,
                integer("context_length"), layers, hidden, uniform("feed_forward_length", 0),
                real("attention.layer_norm_rms_epsilon"), !file.has("output.weight"), attention,
                rope(attention, latent), scales(), experts(), latent);
    }

    private AttentionConfig attention(int hidden) {
        int heads = uniform("attention.head_count", 0);
        if (heads < 1 || hidden < 1) {
            throw malformed("%d heads of a hidden size of %d".formatted(heads, hidden));
        }
        int head = hidden / heads;
        return new AttentionConfig(heads, uniform("attention.head_count_kv", heads),
                integer("attention.key_length", head), integer("attention.value_length", head),
                real("attention.scale", 0), real("attn_logit_softcapping", 0),
                integer("attention.sliding_window", 0), slidingLayers(), new boolean[0]);
    }

    /// A period p (every p-th layer is full) or one flag per layer; empty leaves it to the family.
    private boolean[] slidingLayers() {
        String key = prefix + "attention.sliding_window_pattern";
        if (!meta.has(key)) {
            return new boolean[0];
        }
        if (meta.count(key) > 1) {
            boolean[] listed = meta.booleans(key);
            if (listed.length < layers) {
                throw malformed("%s has %d entries for %d layers"
                        .formatted(key, listed.length, layers));
            }
            return listed;
        }
        int period = meta.integer(key);
        var sliding = new boolean[layers];
        for (int layer = 0; layer < layers; layer++) {
            sliding[layer] = period > 0 && (layer + 1) % period != 0;
        }
        return sliding;
    }

    private LatentConfig latent() {
        int rank = integer("attention.kv_lora_rank", 0);
        if (rank == 0) {
            return LatentConfig.NONE;
        }
        int rope = integer("rope.dimension_count");
        int key = integer("attention.key_length_mla", integer("attention.key_length"));
        int value = integer("attention.value_length_mla", integer("attention.value_length"));
        return new LatentConfig(integer("attention.q_lora_rank", 0), rank, key - rope, rope, value);
    }

    private RopeConfig rope(AttentionConfig attention, LatentConfig latent) {
        int dims = integer("rope.dimension_count",
                latent.ropeDim() > 0 ? latent.ropeDim() : attention.keyDim());
        float base = real("rope.freq_base", 10_000);
        boolean local = family.localRope();
        float localBase = real("rope.freq_base_swa", local ? 10_000 : base);
        return new RopeConfig(dims, base, localBase, !local, scaling(), family.ggufPairing());
    }

    private RopeScaling scaling() {
        if (file.has("rope_freqs.weight")) {
            return new RopeScaling.Factors(floats("rope_freqs.weight"));
        }
        int original = integer("rope.scaling.original_context_length", integer("context_length"));
        if (file.has("rope_factors_long.weight") && file.has("rope_factors_short.weight")) {
            return new RopeScaling.LongRope(floats("rope_factors_short.weight"),
                    floats("rope_factors_long.weight"), contextTokens > original,
                    real("rope.scaling.attn_factor", 1));
        }
        float factor = real("rope.scaling.factor", real("rope.scale_linear", 1));
        String type = meta.string(prefix + "rope.scaling.type", "linear");
        return switch (type) {
            case "none" -> new RopeScaling.None();
            case "linear" -> factor == 0 || factor == 1 ? new RopeScaling.None()
                    : new RopeScaling.Linear(factor);
            case "yarn" -> yarn(factor, original);
            default -> throw new UnsupportedModelException("%s: rope scaling '%s' is not supported;"
                    .formatted(file.path(), type) + " supported: none, linear, yarn, longrope");
        };
    }

    private RopeScaling yarn(float factor, int original) {
        // Converters store a tenth of DeepSeek's mscale_all_dim; its mscale is the same number, so
        // the two magnitudes cancel and only the scores are scaled.
        double multiplier = real("rope.scaling.yarn_log_multiplier", 0) / 0.1;
        double magnitude = multiplier != 0 ? 1
                : RopeScaling.Yarn.temperature(factor, 1) * real("rope.scaling.attn_factor", 1);
        return new RopeScaling.Yarn(factor, original, real("rope.scaling.yarn_beta_fast", 32),
                real("rope.scaling.yarn_beta_slow", 1),
                meta.bool(prefix + "rope.scaling.yarn_truncate", family.truncatesYarn()),
                (float) magnitude, (float) multiplier);
    }

    private Scales scales() {
        float divisor = real("logit_scale", 1);
        return new Scales(real("embedding_scale", 0), real("residual_scale", 1),
                divisor == 0 ? 1 : 1 / divisor, real("final_logit_softcapping", 0));
    }

    private ExpertConfig experts() {
        int experts = checked("expert_count", integer("expert_count", 0), 0, EXPERTS_MAX);
        if (experts == 0) {
            return ExpertConfig.NONE;
        }
        int topK = checked("expert_used_count", integer("expert_used_count"), 1, experts);
        int hidden = integer("expert_feed_forward_length", uniform("feed_forward_length", 0));
        int shared = integer("expert_shared_feed_forward_length",
                integer("expert_shared_count", 0) * hidden);
        float scale = real("expert_weights_scale", 1);
        int groups = Math.max(1, integer("expert_group_count", 1));
        return new ExpertConfig(experts, topK, hidden, shared,
                integer("leading_dense_block_count", 0),
                integer("expert_gating_func", 0) == GATING_SIGMOID,
                meta.bool(prefix + "expert_weights_norm", family.normalizesExpertWeights()),
                scale == 0 ? 1 : scale, groups,
                Math.max(1, integer("expert_group_used_count", groups)));
    }

    // ---- keys ---------------------------------------------------------------------------

    private int integer(String key) { return meta.integer(prefix + key); }

    private int integer(String key, int absent) { return meta.integer(prefix + key, absent); }

    private float real(String key) { return meta.real(prefix + key); }

    private float real(String key, float absent) { return meta.real(prefix + key, absent); }

    /// One number, or the same number for every layer.
    private int uniform(String key, int absent) {
        int[] values = meta.perLayer(prefix + key, layers, absent);
        for (int value : values) {
            if (value != values[0]) {
                throw new UnsupportedModelException("%s: %s differs between layers (%d and %d)"
                        .formatted(file.path(), prefix + key, values[0], value));
            }
        }
        return values[0];
    }

    private int checked(String key, int value, int least, int most) {
        if (value < least || value > most) {
            throw malformed("%s is %d, must be %d to %d"
                    .formatted(prefix + key, value, least, most));
        }
        return value;
    }

    private float[] floats(String tensor) {
        Matrix m = file.tensor(tensor).matrix();
        var out = new float[m.cols()];
        Dequantiser.row(m, 0, out);
        return out;
    }

    private MalformedModelException malformed(String reason) {
        return new MalformedModelException(file.path(), reason);
    }
}
