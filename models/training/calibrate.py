"""Settles the correction biases of a trained checkpoint and measures MaxVio on held-out text.

    calibrate.py out/orchestrator.pt --out out/orchestrator-calibrated.pt

The weights stay as they are. Training-side text is read, and after each batch
`bias += rate * sign(mean load - load)` as in training, with a rate that falls by a constant factor
from step to step: in training the biases follow a moving target, here they come to rest. Held-out
text is the training's mix of conversations with words, names and tools of the test side; MaxVio is
global, over all of it. --out is left out to measure only.
"""
import argparse
import json
import random
import torch
import chat
import lexicon
from batches import DATA, Batches
from bpe import Tokenizer
from export import load
from presets import PRESETS
from train import balance, take_loads, violation


WINDOW = 20


def read(decoder, ids, documents):
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        decoder.hidden(ids, documents)
    return take_loads(decoder)


def settle(decoder, batches, steps, first, last, log):
    """Writes each WINDOW steps the MaxVio of all that was read in them."""
    total = None
    for step in range(steps):
        ids, documents, _, _ = batches.make(step, 1.0)
        loads = read(decoder, ids, documents)
        for (_, moe), counts in zip(decoder.moe_layers(), loads):
            moe.load.copy_(counts)
        balance(decoder, first * (last / first) ** (step / max(1, steps - 1)))
        take_loads(decoder)
        total = loads if total is None else [a + b for a, b in zip(total, loads)]
        if (step + 1) % WINDOW == 0:
            log(step=step + 1, maxvio=[round(violation(v), 3) for v in total])
            total = None


def held_out(decoder, tokenizer, role, count, seed=77):
    """MaxVio of each MoE layer over `count` conversations of the test side, and their tokens."""
    r, total, tokens = random.Random(seed), None, 0
    for _ in range(count):
        parts = chat.parts(*DATA[role].continued(r, lexicon.TEST, 1.0))
        ids = torch.tensor([tokenizer.encode("".join(text for text, _ in parts))])
        if ids.shape[1] > decoder.s.context:
            continue
        loads = read(decoder, ids, torch.ones_like(ids))
        total = loads if total is None else [a + b for a, b in zip(total, loads)]
        tokens += ids.shape[1]
    return [violation(load) for load in total], tokens


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("checkpoint")
    p.add_argument("--out")
    p.add_argument("--tokenizer", default="tokenizer/merges.json")
    p.add_argument("--steps", type=int, default=300)
    p.add_argument("--rows", type=int, default=8, help="of text in a batch")
    p.add_argument("--log", help="JSON lines, for report.py")
    p.add_argument("--first", type=float, default=0.01)
    p.add_argument("--last", type=float, default=0.0002)
    p.add_argument("--seed", type=int, default=3)
    p.add_argument("--texts", type=int, default=300, help="held-out conversations")
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    if hasattr(torch.backends.mkldnn, "matmul"):
        torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    decoder, saved = load(a.checkpoint)
    tokenizer, role = Tokenizer.load(a.tokenizer), saved["role"]
    preset = PRESETS[saved["preset"]]

    def log(**entry):
        print(json.dumps(entry), flush=True)
        if a.log:
            with open(a.log, "a", encoding="utf-8") as f:
                f.write(json.dumps(entry) + "\n")

    def report(when):
        vios, tokens = held_out(decoder, tokenizer, role, a.texts)
        log(when=when, held_out=[round(v, 3) for v in vios], tokens=tokens)

    report("before")
    if a.out:
        lexicon.PIECES = []  # words as texts have them, not the drill of all pieces
        settle(decoder, Batches(role, a.tokenizer, a.rows, preset.length[role], a.seed),
               a.steps, a.first, a.last, log)
        report("after")
        torch.save({**saved, "weights": decoder.state_dict()}, a.out)


if __name__ == "__main__":
    main()
