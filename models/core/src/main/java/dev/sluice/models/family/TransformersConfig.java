package dev.sluice.models.family;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.ModelConfig;
import dev.sluice.models.ModelConfig.AttentionConfig;
import dev.sluice.models.ModelConfig.ExpertConfig;
import dev.sluice.models.ModelConfig.LatentConfig;
import dev.sluice.models.ModelConfig.RopeConfig;
import dev.sluice.models.ModelConfig.Scales;
import dev.sluice.models.RopeScaling;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.json.JsonObject;
import java.util.List;

/// Reads a [ModelConfig] from a transformers `config.json`, of version 4 (`rope_theta`,
/// `rope_scaling`) or 5 (`rope_parameters`).
final class TransformersConfig {
    private final JsonObject json;
    private final Family family;
    private final int layers;
    private final int contextTokens;

    private TransformersConfig(JsonObject json, Family family, int contextTokens) {
        this.json = json;
        this.family = family;
        this.contextTokens = contextTokens;
        layers = json.integer("num_hidden_layers");
        if (layers < 1 || layers > 512) {
            throw malformed("num_hidden_layers is %d, must be 1 to 512".formatted(layers));
        }
    }

    /// The family that `architectures` names.
    static Family family(JsonObject json) {
        List<?> names = json.list("architectures");
        if (names.isEmpty() || !(names.getFirst() instanceof String name)) {
            throw new MalformedModelException(json.path(), "no 'architectures'");
        }
        return Families.ofTransformers(name);
    }

    /// The family of a class without a generating head: `Qwen3Model` and
    /// `Qwen3ForSequenceClassification` have the layers of `Qwen3ForCausalLM`.
    static Family encoderFamily(JsonObject json) {
        List<?> names = json.list("architectures");
        if (names.isEmpty() || !(names.getFirst() instanceof String name)) {
            throw new MalformedModelException(json.path(), "no 'architectures'");
        }
        return Families.ofTransformers(name.replaceFirst(
                "(Model|ForSequenceClassification)$", "ForCausalLM"));
    }

    static ModelConfig read(JsonObject json, Family family, int contextTokens) {
        // Multimodal checkpoints keep the language model's config one level down.
        JsonObject text = json.has("text_config") ? json.object("text_config") : json;
        return new TransformersConfig(text, family, contextTokens).config(
                json.flag("tie_word_embeddings",
                text.flag("tie_word_embeddings", tiedByDefault(family))));
    }

    private static boolean tiedByDefault(Family family) {
        return family.architecture().startsWith("gemma");
    }

    private ModelConfig config(boolean tied) {
        int hidden = json.integer("hidden_size");
        int heads = json.integer("num_attention_heads");
        if (heads < 1 || hidden < 1) {
            throw malformed("%d heads of a hidden size of %d".formatted(heads, hidden));
        }
        int head = json.integer("head_dim", hidden / heads);
        LatentConfig latent = latent();
        var attention = new AttentionConfig(heads,
                latent.kvRank() > 0 ? 1 : json.integer("num_key_value_heads", heads), head, head,
                attentionScale(), (float) json.real("attn_logit_softcapping", 0), window(),
                slidingLayers(), rotaryLayers());
        return new ModelConfig(family.architecture(), json.string("_name_or_path", ""),
                json.integer("vocab_size"), json.integer("max_position_embeddings", 2048), layers,
                hidden, json.integer("intermediate_size", 0),
                (float) json.real("rms_norm_eps", 1e-6),
                tied, attention, rope(attention, latent), scales(), experts(), latent);
    }

    private float attentionScale() {
        if (json.has("query_pre_attn_scalar")) {
            return (float) (1 / Math.sqrt(json.real("query_pre_attn_scalar")));
        }
        return (float) json.real("attention_multiplier", 0);
    }

    private int window() {
        boolean off = json.has("use_sliding_window") && !json.flag("use_sliding_window", false);
        return off ? 0 : json.integer("sliding_window", 0);
    }

    private boolean[] slidingLayers() {
        var sliding = new boolean[layers];
        List<?> types = json.list("layer_types");
        if (!types.isEmpty()) {
            for (int layer = 0; layer < layers; layer++) {
                sliding[layer] = layer < types.size()
                        && "sliding_attention".equals(types.get(layer));
            }
            return sliding;
        }
        if (family.architecture().startsWith("gemma") || family instanceof GptOss) {
            return new boolean[0];
        }
        // Mistral and Phi-3 slide in every layer; Qwen2 from a layer on, if it is switched on.
        int first = json.integer("max_window_layers", 0);
        for (int layer = 0; layer < layers; layer++) {
            sliding[layer] = window() > 0 && layer >= first;
        }
        return sliding;
    }

    private boolean[] rotaryLayers() {
        List<?> listed = json.list("no_rope_layers");
        int interval = json.integer("no_rope_layer_interval", 0);
        if (listed.isEmpty() && interval == 0) {
            return new boolean[0];
        }
        var rotary = new boolean[layers];
        for (int layer = 0; layer < layers; layer++) {
            rotary[layer] = listed.isEmpty() ? (layer + 1) % interval != 0
                    : layer < listed.size() && Long.valueOf(1).equals(listed.get(layer));
        }
        return rotary;
    }

    private LatentConfig latent() {
        int rank = json.integer("kv_lora_rank", 0);
        return rank == 0 ? LatentConfig.NONE
                : new LatentConfig(json.integer("q_lora_rank", 0), rank,
                        json.integer("qk_nope_head_dim"), json.integer("qk_rope_head_dim"),
                        json.integer("v_head_dim"));
    }

    // ---- rotary embedding ---------------------------------------------------------------

    private RopeConfig rope(AttentionConfig attention, LatentConfig latent) {
        JsonObject parameters = json.object("rope_parameters");
        JsonObject full = parameters.has("full_attention") ? parameters.object("full_attention")
                : parameters;
        JsonObject scaling = full.values().isEmpty() ? json.object("rope_scaling") : full;
        double base = full.real("rope_theta", json.real("rope_theta", 10_000));
        double localBase = parameters.has("sliding_attention")
                ? parameters.object("sliding_attention").real("rope_theta", base)
                : json.real("rope_local_base_freq", family.localRope() ? 10_000 : base);
        double rotated = full.real("partial_rotary_factor", json.real("partial_rotary_factor", 1));
        int dims = latent.kvRank() > 0 ? latent.ropeDim() : (int) (attention.keyDim() * rotated);
        return new RopeConfig(dims, base, localBase, !family.localRope(), scaling(scaling),
                family.transformersPairing());
    }

    private RopeScaling scaling(JsonObject s) {
        String type = s.string("rope_type", s.string("type", "default"));
        int original = s.integer("original_max_position_embeddings",
                json.integer("original_max_position_embeddings",
                        json.integer("max_position_embeddings", 2048)));
        return switch (type) {
            case "default" -> new RopeScaling.None();
            case "linear" -> new RopeScaling.Linear(s.real("factor"));
            case "llama3" -> new RopeScaling.Llama3(s.real("factor"), s.real("low_freq_factor"),
                    s.real("high_freq_factor"), original);
            case "yarn" -> yarn(s, original);
            case "longrope", "su" -> longRope(s, original);
            default -> throw new UnsupportedModelException(
                    "%s: rope type '%s' is not supported; supported: default, linear, llama3, "
                            .formatted(json.path(), type) + "yarn, longrope");
        };
    }

    private static RopeScaling yarn(JsonObject s, int original) {
        double factor = s.real("factor");
        double multiplier = s.real("mscale", 0);
        double allDims = s.real("mscale_all_dim", 0);
        double magnitude = multiplier != 0 && allDims != 0
                ? RopeScaling.Yarn.temperature(factor, multiplier)
                        / RopeScaling.Yarn.temperature(factor, allDims)
                : RopeScaling.Yarn.temperature(factor, 1);
        return new RopeScaling.Yarn(factor, original, s.real("beta_fast", 32),
                s.real("beta_slow", 1),
                s.flag("truncate", true), (float) s.real("attention_factor", magnitude),
                (float) allDims);
    }

    private RopeScaling longRope(JsonObject s, int original) {
        double stretch = (double) json.integer("max_position_embeddings", original) / original;
        double magnitude = stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(original));
        return new RopeScaling.LongRope(s.reals("short_factor"), s.reals("long_factor"),
                contextTokens > original, (float) s.real("attention_factor", magnitude));
    }

    // ---- scales and experts -------------------------------------------------------------

    private Scales scales() {
        return new Scales((float) json.real("embedding_multiplier", 0),
                (float) json.real("residual_multiplier", 1),
                (float) (1 / json.real("logits_scaling", 1)),
                (float) json.real("final_logit_softcapping", 0));
    }

    private ExpertConfig experts() {
        int experts = json.integer("n_routed_experts",
                json.integer("num_local_experts", json.integer("num_experts", 0)));
        if (experts == 0) {
            return ExpertConfig.NONE;
        }
        int hidden = json.integer("moe_intermediate_size", json.integer("intermediate_size"));
        int shared = json.integer("shared_expert_intermediate_size",
                json.integer("shared_intermediate_size",
                        json.integer("n_shared_experts", 0) * hidden));
        boolean sigmoid = "sigmoid".equals(json.string("scoring_func",
                family instanceof Glm4Moe || isDeepSeek3() ? "sigmoid" : "softmax"));
        boolean greedy = "greedy".equals(json.string("topk_method", ""));
        int groups = greedy ? 1 : Math.max(1, json.integer("n_group", 1));
        return new ExpertConfig(experts, json.integer("num_experts_per_tok"), hidden, shared,
                json.integer("first_k_dense_replace", 0), sigmoid,
                json.flag("norm_topk_prob", family.normalizesExpertWeights()),
                (float) json.real("routed_scaling_factor", 1), groups,
                greedy ? 1 : Math.max(1, json.integer("topk_group", groups)));
    }

    private boolean isDeepSeek3() {
        return json.list("architectures").contains("DeepseekV3ForCausalLM");
    }

    private MalformedModelException malformed(String reason) {
        return new MalformedModelException(json.path(), reason);
    }
}
