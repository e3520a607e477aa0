"""Sizes and budgets. Everything that is not named here is the same for all presets."""
from dataclasses import dataclass
from model import Shape

VOCAB = 2048


@dataclass(frozen=True)
class Preset:
    """`rows` sequences of `length` tokens make one step; `minutes` bounds one model's training."""
    worker: Shape
    orchestrator: Shape
    rows: int
    length: dict
    minutes: float
    muon_rate: float = 0.02
    adam_rate: float = 3e-3


CPU = Preset(
    worker=Shape(VOCAB, hidden=192, layers=5, heads=6, kv_heads=3, head_dim=32,
                 feed_forward=512),
    orchestrator=Shape(VOCAB, hidden=192, layers=5, heads=6, kv_heads=3, head_dim=32,
                       feed_forward=512, experts=8, top_k=2, expert_width=96, scale=2.0),
    rows=16, length={"worker": 240, "orchestrator": 384}, minutes=40)

GPU = Preset(
    worker=Shape(VOCAB, hidden=256, layers=6, heads=8, kv_heads=4, head_dim=32,
                 feed_forward=640),
    orchestrator=Shape(VOCAB, hidden=256, layers=6, heads=8, kv_heads=4, head_dim=32,
                       feed_forward=640, experts=8, top_k=2, expert_width=96, scale=2.0),
    rows=256, length={"worker": 256, "orchestrator": 512}, minutes=5)

# For trying the whole path in a minute.
TINY = Preset(
    worker=Shape(VOCAB, hidden=64, layers=3, heads=2, kv_heads=1, head_dim=32, feed_forward=128),
    orchestrator=Shape(VOCAB, hidden=64, layers=3, heads=2, kv_heads=1, head_dim=32,
                       feed_forward=128, experts=8, top_k=2, expert_width=32, scale=2.0),
    rows=8, length={"worker": 160, "orchestrator": 256}, minutes=0.5)

PRESETS = {"cpu": CPU, "gpu": GPU, "tiny": TINY}
