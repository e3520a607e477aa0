package dev.sluice.models.family;

import java.util.List;
import java.util.Map;

/// Which transformers tensor holds what a GGUF name means, per architecture. Expert stacks are
/// named by one expert's tensor with `%d` for its number.
final class TransformersNames {
    private static final Map<String, String> GLOBAL = Map.of(
            "token_embd.weight", "model.embed_tokens.weight",
            "output_norm.weight", "model.norm.weight",
            "output.weight", "lm_head.weight",
            "cls.output.weight", "score.weight");

    /// Parts of a layer that every family names alike.
    private static final Map<String, String> LAYER = Map.ofEntries(
            Map.entry("attn_norm", "input_layernorm"),
            Map.entry("attn_q", "self_attn.q_proj"),
            Map.entry("attn_k", "self_attn.k_proj"),
            Map.entry("attn_v", "self_attn.v_proj"),
            Map.entry("attn_qkv", "self_attn.qkv_proj"),
            Map.entry("attn_output", "self_attn.o_proj"),
            Map.entry("attn_q_norm", "self_attn.q_norm"),
            Map.entry("attn_k_norm", "self_attn.k_norm"),
            Map.entry("attn_q_a", "self_attn.q_a_proj"),
            Map.entry("attn_q_a_norm", "self_attn.q_a_layernorm"),
            Map.entry("attn_q_b", "self_attn.q_b_proj"),
            Map.entry("attn_kv_a_mqa", "self_attn.kv_a_proj_with_mqa"),
            Map.entry("attn_kv_a_norm", "self_attn.kv_a_layernorm"),
            Map.entry("attn_kv_b", "self_attn.kv_b_proj"),
            Map.entry("ffn_norm", "post_attention_layernorm"),
            Map.entry("ffn_gate", "mlp.gate_proj"),
            Map.entry("ffn_up", "mlp.up_proj"),
            Map.entry("ffn_down", "mlp.down_proj"),
            Map.entry("ffn_gate_inp", "mlp.gate"),
            Map.entry("ffn_gate_exps", "mlp.experts.%d.gate_proj"),
            Map.entry("ffn_up_exps", "mlp.experts.%d.up_proj"),
            Map.entry("ffn_down_exps", "mlp.experts.%d.down_proj"),
            Map.entry("ffn_gate_shexp", "mlp.shared_experts.gate_proj"),
            Map.entry("ffn_up_shexp", "mlp.shared_experts.up_proj"),
            Map.entry("ffn_down_shexp", "mlp.shared_experts.down_proj"));

    private static final Map<String, String> GEMMA = Map.of(
            "post_attention_norm", "post_attention_layernorm",
            "ffn_norm", "pre_feedforward_layernorm",
            "post_ffw_norm", "post_feedforward_layernorm");

    /// What an architecture names otherwise.
    private static final Map<String, Map<String, String>> OTHERWISE = Map.of(
            "gemma2", GEMMA,
            "gemma3", GEMMA,
            "olmo2", Map.of(
                    "post_attention_norm", "post_attention_layernorm",
                    "post_ffw_norm", "post_feedforward_layernorm"),
            "phi3", Map.of("ffn_up", "mlp.gate_up_proj"),
            "glm4moe", Map.of("post_attention_norm", "post_attention_layernorm"),
            "gpt-oss", Map.of(
                    "post_attention_norm", "post_attention_layernorm",
                    "ffn_gate_inp", "mlp.router"),
            "llama", Map.of(
                    "ffn_gate_inp", "block_sparse_moe.gate",
                    "ffn_gate_exps", "block_sparse_moe.experts.%d.w1",
                    "ffn_up_exps", "block_sparse_moe.experts.%d.w3",
                    "ffn_down_exps", "block_sparse_moe.experts.%d.w2"),
            "granitemoe", Map.of("ffn_gate_inp", "block_sparse_moe.router.layer"),
            "qwen2moe", Map.of(
                    "ffn_gate_shexp", "mlp.shared_expert.gate_proj",
                    "ffn_up_shexp", "mlp.shared_expert.up_proj",
                    "ffn_down_shexp", "mlp.shared_expert.down_proj",
                    "ffn_gate_inp_shexp", "mlp.shared_expert_gate"));

    private TransformersNames() { }

    /// Candidates, the most likely first; empty when the architecture has nothing of that name.
    static List<String> of(String architecture, String ggufName) {
        String global = GLOBAL.get(ggufName);
        if (global != null) {
            return List.of(global, "language_model." + global,
                    global.replaceFirst("model[.]", "model.language_model."),
                    global.replaceFirst("model[.]", ""));
        }
        String[] parts = ggufName.split("[.]", 4);
        if (parts.length != 4 || !parts[0].equals("blk")) {
            return List.of();
        }
        String local = local(architecture, parts[2], parts[3]);
        if (local.isEmpty()) {
            return List.of();
        }
        String layer = "layers." + parts[1] + "." + local;
        return List.of("model." + layer, "language_model.model." + layer,
                "model.language_model." + layer, layer);
    }

    private static String local(String architecture, String part, String suffix) {
        switch (part + "." + suffix) {
            case "exp_probs_b.bias" -> { return "mlp.gate.e_score_correction_bias"; }
            case "attn_sinks.weight" -> { return "self_attn.sinks"; }
            default -> { }
        }
        Map<String, String> own = OTHERWISE.getOrDefault(architecture, Map.of());
        String name = own.getOrDefault(part, LAYER.getOrDefault(part, ""));
        return name.isEmpty() ? "" : name + "." + suffix;
    }
}
