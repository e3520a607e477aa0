"""Settles the correction biases of a trained checkpoint and measures MaxVio on held-out text.

    calibrate.py out/orchestrator.pt --out out/orchestrator-calibrated.pt

The weights stay as they are. Training-side text is read, and after each batch
`bias += rate * sign(mean load - load)` as in training, with a rate that falls by a constant factor
from step to step: in training the biases follow a moving target, here they come to rest. Held-out
text is the training's mix of conversations, none of which was trained on: once with the words of
the training side, once with those of the test side, which are so few that each weighs on the
balance. MaxVio is global, over all of it. --out is left out to measure only.
"""
import argparse
import json
import random
import torch
import chat
import lexicon
from batches import DATA
from bpe import Tokenizer
from export import load
from train import balance, take_loads, violation


WINDOW = 20


def read(decoder, ids, documents):
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        decoder.hidden(ids, documents)
    return take_loads(decoder)


def conversations(tokenizer, role, side, seed):
    """Whole conversations of the training's mix, as ids [1,T]; long ones too."""
    r = random.Random(seed)
    while True:
        parts = chat.parts(*DATA[role].continued(r, side, 1.0))
        yield torch.tensor([tokenizer.encode("".join(text for text, _ in parts))])


def loads(decoder, texts, count):
    """What the experts of each layer are chosen for in `count` conversations, and the tokens."""
    total, tokens = None, 0
    while count > 0:
        ids = next(texts)
        if ids.shape[1] <= decoder.s.context:
            part = read(decoder, ids, torch.ones_like(ids))
            total = part if total is None else [a + b for a, b in zip(total, part)]
            tokens, count = tokens + ids.shape[1], count - 1
    return total, tokens


def settle(decoder, texts, a, log):
    """Writes each WINDOW steps the MaxVio of all that was read in them."""
    total = None
    for step in range(a.steps):
        part, _ = loads(decoder, texts, a.batch)
        for (_, moe), counts in zip(decoder.moe_layers(), part):
            moe.load.copy_(counts)
        balance(decoder, a.first * (a.last / a.first) ** (step / max(1, a.steps - 1)))
        take_loads(decoder)
        total = part if total is None else [p + q for p, q in zip(total, part)]
        if (step + 1) % WINDOW == 0:
            log(step=step + 1, maxvio=[round(violation(v), 3) for v in total])
            total = None


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("checkpoint")
    p.add_argument("--out")
    p.add_argument("--tokenizer", default="tokenizer/merges.json")
    p.add_argument("--steps", type=int, default=200)
    p.add_argument("--batch", type=int, default=12, help="conversations a step")
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

    def log(**entry):
        print(json.dumps(entry), flush=True)
        if a.log:
            with open(a.log, "a", encoding="utf-8") as f:
                f.write(json.dumps(entry) + "\n")

    def report(when):
        for side in (lexicon.TRAIN, lexicon.TEST):
            texts = conversations(tokenizer, role, side, 77)
            total, tokens = loads(decoder, texts, a.texts)
            log(when=when, side=side, held_out=[round(violation(v), 3) for v in total],
                tokens=tokens)

    lexicon.PIECES = []  # words as texts have them, not the drill of all pieces
    report("before")
    if a.out:
        settle(decoder, conversations(tokenizer, role, lexicon.TRAIN, a.seed), a, log)
        report("after")
        torch.save({**saved, "weights": decoder.state_dict()}, a.out)


if __name__ == "__main__":
    main()
