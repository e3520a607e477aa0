"""Writes a trained checkpoint as safetensors (a folder for transformers) and as GGUF F16, Q8_0.

Both formats are written by hand: they are a header and aligned arrays. Names and layouts follow
transformers' Qwen3ForCausalLM and Glm4MoeForCausalLM, and llama.cpp's `qwen3` and `glm4moe`.
"""
import argparse
import json
import os
import struct
import torch
from bpe import Tokenizer
from model import Decoder
from presets import PRESETS

HERE = os.path.dirname(os.path.abspath(__file__))
F32, F16, Q8_0 = 0, 1, 8
FILE_TYPE = {F16: 1, Q8_0: 7}
END_OF_TEXT, END_OF_TURN = 0, 2
VISIBLE = ("<tool_call>", "</tool_call>")  # part of the answer's text, so not control tokens


def load(checkpoint):
    """The decoder of a checkpoint, on the CPU, and what the checkpoint says of its run."""
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    decoder = Decoder(getattr(PRESETS[saved["preset"]], saved["role"]))
    decoder.load_state_dict(saved["weights"])
    return decoder.eval(), saved


def pieces(decoder):
    """Yields (transformers name, GGUF name, tensor or list of expert tensors)."""
    s = decoder.s
    yield "model.embed_tokens", "token_embd", decoder.embed_tokens.weight
    yield "model.norm", "output_norm", decoder.norm.weight
    if s.is_moe():
        yield "lm_head", "output", decoder.lm_head.weight
    for i, layer in enumerate(decoder.layers):
        hf, gg, a = f"model.layers.{i}.", f"blk.{i}.", layer.self_attn
        yield hf + "input_layernorm", gg + "attn_norm", layer.input_layernorm.weight
        yield (hf + "post_attention_layernorm",
               gg + ("post_attention_norm" if s.is_moe() else "ffn_norm"),
               layer.post_attention_layernorm.weight)
        for x, linear in (("q", a.q_proj), ("k", a.k_proj), ("v", a.v_proj), ("o", a.o_proj)):
            name = gg + ("attn_output" if x == "o" else "attn_" + x)
            yield hf + f"self_attn.{x}_proj", name, linear.weight
            if linear.bias is not None:
                yield hf + f"self_attn.{x}_proj.bias", name + ".bias", linear.bias
        yield hf + "self_attn.q_norm", gg + "attn_q_norm", a.q_norm.weight
        yield hf + "self_attn.k_norm", gg + "attn_k_norm", a.k_norm.weight
        if not layer.routed:
            for x in ("gate", "up", "down"):
                yield (hf + f"mlp.{x}_proj", gg + f"ffn_{x}",
                       getattr(layer.mlp, x + "_proj").weight)
            continue
        yield hf + "mlp.gate", gg + "ffn_gate_inp", layer.mlp.gate.weight
        yield (hf + "mlp.gate.e_score_correction_bias", gg + "exp_probs_b.bias", layer.mlp.bias)
        for x in ("gate", "up", "down"):
            yield (hf + f"mlp.shared_experts.{x}_proj", gg + f"ffn_{x}_shexp",
                   getattr(layer.mlp.shared_experts, x + "_proj").weight)
            wide = getattr(layer.mlp.experts, x + "_proj").weight
            parts = list(wide.split(s.expert_width, dim=1 if x == "down" else 0))
            yield hf + f"mlp.experts.*.{x}_proj", gg + f"ffn_{x}_exps", parts


def full(name):
    return name if name.endswith("bias") else name + ".weight"


def config(s):
    """config.json of the transformers folder."""
    common = {"hidden_act": "silu", "hidden_size": s.hidden, "intermediate_size": s.feed_forward,
              "num_hidden_layers": s.layers, "num_attention_heads": s.heads,
              "num_key_value_heads": s.kv_heads, "head_dim": s.head_dim,
              "max_position_embeddings": s.context, "rms_norm_eps": s.eps,
              "vocab_size": s.vocab, "bos_token_id": None, "eos_token_id": END_OF_TURN,
              "pad_token_id": END_OF_TEXT, "attention_dropout": 0.0, "dtype": "float32",
              "initializer_range": 0.02, "use_cache": True,
              "tie_word_embeddings": not s.is_moe(), "attention_bias": s.is_moe()}
    rope = {"rope_type": "default", "rope_theta": s.theta}
    if not s.is_moe():
        return {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3",
                "rope_parameters": rope, "use_sliding_window": False, **common}
    rope["partial_rotary_factor"] = s.rotary
    return {"architectures": ["Glm4MoeForCausalLM"], "model_type": "glm4_moe",
            "rope_parameters": rope, "partial_rotary_factor": s.rotary, "use_qk_norm": True,
            "n_routed_experts": s.experts, "num_experts_per_tok": s.top_k,
            "moe_intermediate_size": s.expert_width, "n_shared_experts": 1, "n_group": 1,
            "topk_group": 1, "first_k_dense_replace": s.dense_layers, "norm_topk_prob": True,
            "routed_scaling_factor": s.scale, **common}


def write_safetensors(path, decoder):
    header, data = {"__metadata__": {"format": "pt"}}, []
    at = 0
    for name, _, value in pieces(decoder):
        for i, t in enumerate(value if isinstance(value, list) else [value]):
            raw = t.detach().float().contiguous().numpy().tobytes()
            header[full(name.replace("*", str(i)))] = {
                "dtype": "F32", "shape": list(t.shape), "data_offsets": [at, at + len(raw)]}
            data.append(raw)
            at += len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(data))


def write_folder(folder, decoder, tokenizer, template):
    os.makedirs(folder, exist_ok=True)
    write_safetensors(os.path.join(folder, "model.safetensors"), decoder)
    tokenizer_json = tokenizer.transformers_json()
    for entry in tokenizer_json["added_tokens"]:
        entry["special"] = entry["content"] not in VISIBLE
    files = {"config.json": config(decoder.s), "tokenizer.json": tokenizer_json,
             "generation_config.json": {"eos_token_id": END_OF_TURN, "pad_token_id": END_OF_TEXT,
                                        "do_sample": False},
             "tokenizer_config.json": {
                 "tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>",
                 "pad_token": "<|endoftext|>", "clean_up_tokenization_spaces": False,
                 "model_max_length": decoder.s.context, "chat_template": template}}
    for name, content in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            json.dump(content, f, ensure_ascii=False, indent=1)


# ---- GGUF -----------------------------------------------------------------------------------

def text(value):
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def typed(value):
    """A metadata value with its type number: bool, int (u32), float (f32), str, or a list."""
    if isinstance(value, bool):
        return 7, struct.pack("<?", value)
    if isinstance(value, int):
        return 4, struct.pack("<I", value)
    if isinstance(value, float):
        return 6, struct.pack("<f", value)
    if isinstance(value, str):
        return 8, text(value)
    kind = 8 if isinstance(value[0], str) else 5
    raw = [text(v) if kind == 8 else struct.pack("<i", v) for v in value]
    return 9, struct.pack("<iQ", kind, len(value)) + b"".join(raw)


def q8_0(t):
    """Scales [N/32] float16, max |x| / 127 of 32 neighbours in a row, and codes [N/32,32] int8."""
    x = t.detach().float().contiguous().view(-1, 32)
    scale = x.abs().amax(1) / 127
    inverse = torch.where(scale > 0, 1 / scale, torch.zeros_like(scale))
    y = x * inverse[:, None]
    return scale.half(), (torch.sign(y) * torch.floor(y.abs() + 0.5)).to(torch.int8)


def block_q8_0(t):
    scale, codes = q8_0(t)
    out = torch.empty(codes.shape[0], 34, dtype=torch.uint8)
    out[:, :2] = scale[:, None].view(torch.uint8)
    out[:, 2:] = codes.view(torch.uint8)
    return out.numpy().tobytes()


@torch.no_grad()
def round_weights(decoder):
    """Gives the matrices the values that their Q8_0 encoding has."""
    for _, name, value in pieces(decoder):
        for t in value if isinstance(value, list) else [value]:
            if t.dim() == 2 and "ffn_gate_inp" not in name:
                scale, codes = q8_0(t)
                t.copy_((scale.float()[:, None] * codes.float()).view(t.shape))


def encoded(t, kind):
    if kind == Q8_0:
        return block_q8_0(t)
    t = t.detach().float().contiguous()
    return (t.half() if kind == F16 else t).numpy().tobytes()


def metadata(s, name, tokenizer, template, file_type):
    a = "glm4moe" if s.is_moe() else "qwen3"
    keys = {"general.architecture": a, "general.type": "model", "general.name": name,
            "general.file_type": file_type, "general.quantization_version": 2,
            f"{a}.block_count": s.layers, f"{a}.context_length": s.context,
            f"{a}.embedding_length": s.hidden, f"{a}.feed_forward_length": s.feed_forward,
            f"{a}.attention.head_count": s.heads, f"{a}.attention.head_count_kv": s.kv_heads,
            f"{a}.attention.key_length": s.head_dim, f"{a}.attention.value_length": s.head_dim,
            f"{a}.attention.layer_norm_rms_epsilon": s.eps, f"{a}.rope.freq_base": s.theta}
    if s.is_moe():
        keys |= {f"{a}.rope.dimension_count": int(s.head_dim * s.rotary),
                 f"{a}.expert_count": s.experts, f"{a}.expert_used_count": s.top_k,
                 f"{a}.expert_group_count": 1, f"{a}.expert_group_used_count": 1,
                 f"{a}.expert_feed_forward_length": s.expert_width,
                 f"{a}.expert_shared_count": 1, f"{a}.leading_dense_block_count": s.dense_layers,
                 f"{a}.expert_gating_func": 2, f"{a}.expert_weights_scale": s.scale,
                 f"{a}.expert_weights_norm": True}
    types = [1 if i >= len(tokenizer.special) else 4 if t in VISIBLE else 3
             for i, t in enumerate(tokenizer.tokens)]
    return keys | {
        "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "qwen2",
        "tokenizer.ggml.tokens": tokenizer.tokens, "tokenizer.ggml.token_type": types,
        "tokenizer.ggml.merges": [f"{x} {y}" for x, y in tokenizer.merges],
        "tokenizer.ggml.eos_token_id": END_OF_TURN, "tokenizer.ggml.bos_token_id": END_OF_TEXT,
        "tokenizer.ggml.padding_token_id": END_OF_TEXT, "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": template, "general.sampling.temp": 0.0}


def write_gguf(path, decoder, name, tokenizer, template, wide):
    """`wide` is the encoding of matrices; vectors and the routers stay float32."""
    infos, arrays, at = [], [], 0
    for _, gguf_name, value in pieces(decoder):
        t = torch.stack(value) if isinstance(value, list) else value
        kind = F32 if t.dim() == 1 or "ffn_gate_inp" in gguf_name else wide
        raw = encoded(t, kind)
        shape = list(reversed(t.shape))
        infos.append(text(full(gguf_name)) + struct.pack(
            f"<I{len(shape)}qiQ", len(shape), *shape, kind, at))
        raw += b"\0" * (-len(raw) % 32)
        arrays.append(raw)
        at += len(raw)
    keys = metadata(decoder.s, name, tokenizer, template, FILE_TYPE[wide])
    head = b"GGUF" + struct.pack("<Iqq", 3, len(infos), len(keys))
    for key, value in keys.items():
        kind, raw = typed(value)
        head += text(key) + struct.pack("<i", kind) + raw
    head += b"".join(infos)
    head += b"\0" * (-len(head) % 32)
    with open(path, "wb") as f:
        f.write(head + b"".join(arrays))


def export(checkpoint, tokenizer_path, out):
    """Writes OUT/sluice-ROLE/ (safetensors), OUT/sluice-ROLE-f16.gguf and -q8_0.gguf."""
    decoder, saved = load(checkpoint)
    tokenizer, name = Tokenizer.load(tokenizer_path), "sluice-" + saved["role"]
    with open(os.path.join(HERE, "chat-template.jinja"), encoding="utf-8") as f:
        template = f.read().strip()
    write_folder(os.path.join(out, name), decoder, tokenizer, template)
    for kind, tag in ((F16, "f16"), (Q8_0, "q8_0")):
        path = os.path.join(out, f"{name}-{tag}.gguf")
        write_gguf(path, decoder, name, tokenizer, template, kind)
        print(f"{path}: {os.path.getsize(path)} bytes")
    round_weights(decoder)  # for comparing engines on the Q8_0 file without its rounding
    write_folder(os.path.join(out, name + "-q8_0"), decoder, tokenizer, template)


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("checkpoint")
    p.add_argument("--tokenizer", default="tokenizer/merges.json")
    p.add_argument("--out", default="out")
    a = p.parse_args()
    export(a.checkpoint, a.tokenizer, a.out)
