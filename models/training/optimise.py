"""Muon for the matrices of the layers, AdamW for the rest.

Muon (Jordan et al. 2024): the momentum of a matrix is replaced by the nearest semi-orthogonal
matrix, found by five Newton-Schulz steps. Experts lie side by side in one matrix and are
orthogonalised apart.
"""
import torch


def orthogonal(g, steps=5):
    """g [..., m, n] -> about U V^T of its singular value decomposition."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        s = x @ x.mT
        x = a * x + (b * s + c * (s @ s)) @ x
    return (x.mT if tall else x).float()


class Optimiser:
    """Two optimisers under one learning-rate factor; its state goes into the checkpoint."""

    def __init__(self, decoder, muon_rate, adam_rate):
        self.muon_rate, self.adam_rate = muon_rate, adam_rate
        self.matrices, rest = [], []
        experts = {}
        for _, moe in decoder.moe_layers():
            e, w, d = moe.s.experts, moe.s.expert_width, moe.s.hidden
            experts[moe.experts.gate_proj.weight] = experts[moe.experts.up_proj.weight] = (e, w, d)
            experts[moe.experts.down_proj.weight] = (d, e, w)
        for name, p in decoder.named_parameters():
            plain = p.dim() < 2 or "embed" in name or "lm_head" in name or ".gate.weight" in name
            if plain:
                rest.append(p)
            else:
                self.matrices.append((p, experts.get(p), torch.zeros_like(p)))
        self.adam = torch.optim.AdamW(rest, lr=adam_rate, betas=(0.9, 0.97), weight_decay=0.0)

    @torch.no_grad()
    def step(self, factor):
        self.adam.param_groups[0]["lr"] = self.adam_rate * factor
        self.adam.step()
        rate = self.muon_rate * factor
        for p, parts, momentum in self.matrices:
            momentum.lerp_(p.grad, 0.05)
            g = p.grad.lerp(momentum, 0.95)
            if parts is None:
                u, (m, n) = orthogonal(g), g.shape
            elif parts[0] == g.shape[0]:  # down [D, E*W]
                u = orthogonal(g.view(parts).transpose(0, 1)).transpose(0, 1).reshape(g.shape)
                m, n = parts[0], parts[2]
            else:  # gate, up [E*W, D]
                u, (_, m, n) = orthogonal(g.view(parts)).view(g.shape), parts
            p.mul_(1 - rate * 0.01).add_(u, alpha=-rate * max(1, m / n) ** 0.5)

    def zero(self):
        self.adam.zero_grad(set_to_none=True)
        for p, _, _ in self.matrices:
            p.grad = None

    def state(self):
        return {"adam": self.adam.state_dict(), "momentum": [m for _, _, m in self.matrices]}

    def restore(self, state):
        self.adam.load_state_dict(state["adam"])
        for (_, _, m), saved in zip(self.matrices, state["momentum"]):
            m.copy_(saved)
