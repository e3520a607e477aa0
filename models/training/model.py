"""The two decoders in plain PyTorch, named and laid out as transformers lays them out.

`worker` is a dense Qwen3 decoder. `orchestrator` is GLM-4-MoE: sigmoid scores, a correction bias
that chooses experts and never weighs them, one shared expert, leading dense layers. Both are
small, so a layer computes every expert for every token as one wide matrix product and multiplies
what was not chosen by zero: for experts of a hundred columns that is faster than gathering.
"""
from dataclasses import dataclass, asdict
import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Shape:
    """Sizes of one decoder. `experts` 0 means dense."""
    vocab: int
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    feed_forward: int
    context: int = 1024
    experts: int = 0
    top_k: int = 0
    expert_width: int = 0
    dense_layers: int = 1
    scale: float = 1.0
    rotary: float = 1.0
    theta: float = 10000.0
    eps: float = 1e-5

    def is_moe(self):
        return self.experts > 0

    def as_dict(self):
        return asdict(self)


class Norm(nn.Module):
    """y = weight * x / sqrt(mean(x^2) + eps), in float32 whatever the autocast type."""

    def __init__(self, width, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x):
        f = x.float()
        return f * torch.rsqrt(f.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def rotate(x, cos, sin):
    """Rotates the first 2*cos.shape[-1] columns of each head, half against half."""
    n = cos.shape[-1]
    a, b, rest = x[..., :n], x[..., n:2 * n], x[..., 2 * n:]
    return torch.cat((a * cos - b * sin, b * cos + a * sin, rest), -1)


class Attention(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.s = s
        bias = s.is_moe()  # GLM-4-MoE has biases on q, k and v; Qwen3 has none.
        self.q_proj = nn.Linear(s.hidden, s.heads * s.head_dim, bias=bias)
        self.k_proj = nn.Linear(s.hidden, s.kv_heads * s.head_dim, bias=bias)
        self.v_proj = nn.Linear(s.hidden, s.kv_heads * s.head_dim, bias=bias)
        self.o_proj = nn.Linear(s.heads * s.head_dim, s.hidden, bias=False)
        self.q_norm = Norm(s.head_dim, s.eps)
        self.k_norm = Norm(s.head_dim, s.eps)

    def forward(self, x, cos, sin, mask):
        """x [B,T,D]; mask [B,1,T,T] is added to the scores."""
        s, (b, t, _) = self.s, x.shape
        q = rotate(self.q_norm(self.q_proj(x).view(b, t, s.heads, s.head_dim)), cos, sin)
        k = rotate(self.k_norm(self.k_proj(x).view(b, t, s.kv_heads, s.head_dim)), cos, sin)
        v = self.v_proj(x).view(b, t, s.kv_heads, s.head_dim)
        groups = s.heads // s.kv_heads
        q, v = q.to(v.dtype).transpose(1, 2), v.transpose(1, 2)
        k = k.to(v.dtype).transpose(1, 2)
        k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
        if x.is_cuda:
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask.to(q.dtype))
        else:  # on the CPU two plain products run on the matrix unit, the fused form does not
            scores = torch.matmul(q, k.transpose(2, 3)).float() * s.head_dim ** -0.5 + mask
            y = torch.matmul(torch.softmax(scores, -1).to(v.dtype), v)
        return self.o_proj(y.transpose(1, 2).reshape(b, t, -1))


class Mlp(nn.Module):
    def __init__(self, hidden, width):
        super().__init__()
        self.gate_proj = nn.Linear(hidden, width, bias=False)
        self.up_proj = nn.Linear(hidden, width, bias=False)
        self.down_proj = nn.Linear(width, hidden, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Moe(nn.Module):
    """y = shared(x) + sum over the chosen experts of weight * expert(x).

    Chosen by sigmoid score + bias, weighed by the score alone (Wang et al. 2024,
    arXiv 2408.15664). `load` counts the choices since the last balancing step.
    """

    def __init__(self, s):
        super().__init__()
        self.s = s
        self.gate = nn.Linear(s.hidden, s.experts, bias=False)
        self.experts = Mlp(s.hidden, s.experts * s.expert_width)
        self.shared_experts = Mlp(s.hidden, s.expert_width)
        self.register_buffer("bias", torch.zeros(s.experts))
        self.register_buffer("load", torch.zeros(s.experts), persistent=False)

    def forward(self, x, valid):
        s, (b, t, _) = self.s, x.shape
        scores = torch.sigmoid(self.gate(x).float())
        ids = torch.topk(scores.detach() + self.bias, s.top_k, -1).indices
        chosen = torch.zeros_like(scores).scatter(-1, ids, 1.0)
        with torch.no_grad():
            self.load.add_((chosen * valid[..., None]).sum((0, 1)))
        weights = scores * chosen
        weights = s.scale * weights / (weights.sum(-1, keepdim=True) + 1e-20)
        e = self.experts
        h = F.silu(e.gate_proj(x)) * e.up_proj(x)
        h = h.view(b, t, s.experts, s.expert_width) * weights[..., None].to(h.dtype)
        return e.down_proj(h.reshape(b, t, -1)) + self.shared_experts(x)


class Layer(nn.Module):
    def __init__(self, s, index):
        super().__init__()
        self.input_layernorm = Norm(s.hidden, s.eps)
        self.self_attn = Attention(s)
        self.post_attention_layernorm = Norm(s.hidden, s.eps)
        self.routed = s.is_moe() and index >= s.dense_layers
        self.mlp = Moe(s) if self.routed else Mlp(s.hidden, s.feed_forward)

    def forward(self, x, cos, sin, mask, valid):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, mask)
        y = self.post_attention_layernorm(x)
        return x + (self.mlp(y, valid) if self.routed else self.mlp(y))


class Decoder(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.s = s
        self.embed_tokens = nn.Embedding(s.vocab, s.hidden)
        self.layers = nn.ModuleList([Layer(s, i) for i in range(s.layers)])
        self.norm = Norm(s.hidden, s.eps)
        self.lm_head = nn.Linear(s.hidden, s.vocab, bias=False)
        if not s.is_moe():
            self.lm_head.weight = self.embed_tokens.weight  # Qwen3's small sizes tie them
        n = int(s.head_dim * s.rotary)
        inverse = 1.0 / s.theta ** (torch.arange(0, n, 2, dtype=torch.float32) / n)
        angle = torch.arange(s.context, dtype=torch.float32)[:, None] * inverse[None]
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.02 if "embed" in name or "head" in name
                                else p.shape[1] ** -0.5)
            elif name.endswith("bias"):
                nn.init.zeros_(p)
        for layer in self.layers:  # residual branches start small
            nn.init.zeros_(layer.self_attn.o_proj.weight)
            for name, p in layer.mlp.named_parameters():
                if name.endswith("down_proj.weight"):
                    nn.init.zeros_(p)

    @torch.no_grad()
    def begin_from(self, dense):
        """Starts an orchestrator from a trained worker of the same width and depth.

        Attention, norms, embeddings and the dense layers are taken as they are; each expert and
        the shared one take a share of the dense layer's columns (sparse upcycling, Komatsuzaki
        et al. 2022, with shares in place of copies).
        """
        own = self.state_dict()
        for name, value in dense.state_dict().items():
            if name in own and own[name].shape == value.shape:
                own[name].copy_(value)
        for i, moe in self.moe_layers():
            w, e = self.s.expert_width, self.s.experts
            columns = torch.arange((e + 1) * w) % dense.s.feed_forward
            for x in ("gate_proj", "up_proj", "down_proj"):
                old = getattr(dense.layers[i].mlp, x).weight
                old = old[:, columns] if x == "down_proj" else old[columns]
                shared, routed = old.split([w, e * w], 1 if x == "down_proj" else 0)
                getattr(moe.shared_experts, x).weight.copy_(shared)
                getattr(moe.experts, x).weight.copy_(routed)

    def moe_layers(self):
        return [(i, layer.mlp) for i, layer in enumerate(self.layers) if layer.routed]

    def hidden(self, ids, documents):
        """ids, documents [B,T]: a token sees earlier tokens of its own document; 0 is padding."""
        t = ids.shape[1]
        cos, sin = self.cos[:t, None], self.sin[:t, None]
        same = documents[:, :, None] == documents[:, None, :]
        causal = torch.ones(t, t, dtype=torch.bool, device=ids.device).tril()
        mask = torch.zeros(same.shape, device=ids.device).masked_fill(~(same & causal), -1e9)
        x, valid = self.embed_tokens(ids), (documents > 0).float()
        for layer in self.layers:
            x = layer(x, cos, sin, mask[:, None], valid)
        return self.norm(x)

    def forward(self, ids, documents, targets, weights):
        """Weighted mean cross entropy; positions of weight 0 are never projected."""
        x = self.hidden(ids, documents)
        logits = self.lm_head(x).float()
        loss = F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1),
                               reduction="none")
        weights = weights.view(-1)
        return (loss * weights).sum() / weights.sum().clamp(min=1)
