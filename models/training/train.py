"""Trains one of the two models under a time budget; can be stopped and resumed at any moment.

The learning rate, the difficulty and the end follow the seconds spent training (or --steps when
given, which repeats a run), so a shared or slow machine changes how much is seen, not the shape.
"""
import argparse
import json
import os
import random
import signal
import time
import torch
import chat
from batches import DATA, stream
from bpe import Tokenizer
from export import load
from lexicon import TEST
from model import Decoder
from optimise import Optimiser
from presets import PRESETS


def balance(decoder, rate):
    """b += rate * sign(mean - load), from the loads of the step that is over (Wang et al.)."""
    for _, moe in decoder.moe_layers():
        moe.bias.add_(rate * torch.sign(moe.load.mean() - moe.load))


def violation(load):
    """MaxVio = (max load - mean load) / mean load."""
    return float(load.max() / load.mean() - 1) if float(load.sum()) > 0 else 0.0


def take_loads(decoder):
    loads = [moe.load.clone() for _, moe in decoder.moe_layers()]
    for _, moe in decoder.moe_layers():
        moe.load.zero_()
    return loads


@torch.no_grad()
def held_out(decoder, tokenizer, role, each, device, length, side=TEST, level=1.0):
    """Per skill: how many held-out answers greedy decoding would write exactly; and MaxVio.

    Teacher-forced: an answer counts when every token of it is the most likely one after the
    right ones before it, which is when greedy decoding writes exactly this answer.
    """
    data, r, counts = DATA[role], random.Random(77), {}
    take_loads(decoder)
    for skill in data.SKILLS:
        rows = []
        while len(rows) < each:
            _, tools, messages = data.example(r, side, level, skill)
            prompt, answer = chat.render(tools, messages)
            p, a = tokenizer.encode(prompt), tokenizer.encode(answer)
            if len(p) + len(a) <= length:
                rows.append((p + a, len(p)))
        right = 0
        for i in range(0, each, 50):
            part = rows[i:i + 50]
            n = max(len(t) for t, _ in part)
            ids = torch.zeros(len(part), n, dtype=torch.long)
            documents = torch.zeros_like(ids)
            for j, (t, _) in enumerate(part):
                ids[j, :len(t)], documents[j, :len(t)] = torch.tensor(t), 1
            with torch.autocast(device, dtype=torch.bfloat16):
                x = decoder.hidden(ids.to(device), documents.to(device))
                best = decoder.lm_head(x).argmax(-1).cpu()
            right += sum(best[j, p - 1:len(t) - 1].tolist() == t[p:]
                         for j, (t, p) in enumerate(part))
        counts[skill] = right
    return counts, [violation(load) for load in take_loads(decoder)]


class Run:
    """One training run: its files, its clock and its checkpoint."""

    def __init__(self, a):
        self.a, preset = a, PRESETS[a.preset]
        self.preset, self.role = preset, a.role
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.minutes = a.minutes or preset.minutes
        self.length = preset.length[a.role]
        torch.manual_seed(a.seed)
        self.decoder = Decoder(getattr(preset, a.role)).to(self.device)
        self.optimiser = Optimiser(self.decoder, preset.muon_rate, preset.adam_rate)
        self.step, self.seconds, self.tokens, self.began = 0, 0.0, 0, (0, 0.0)
        self.path = os.path.join(a.out, f"{a.name}.pt")
        if os.path.exists(self.path):
            self.restore(self.path)
        elif a.resume:
            self.restore(a.resume)
            self.began = self.step, self.seconds
        elif a.begin_from:
            self.decoder.begin_from(load(a.begin_from)[0].to(self.device))
        self.log = open(os.path.join(a.out, f"{a.name}.log.jsonl"), "a")

    def restore(self, path):
        saved = torch.load(path, map_location=self.device, weights_only=True)
        self.decoder.load_state_dict(saved["weights"])
        self.optimiser.restore(saved["optimiser"])
        self.step, self.seconds, self.tokens = saved["step"], saved["seconds"], saved["tokens"]
        self.began = tuple(saved.get("began", (0, 0.0)))
        print(f"resumed {path} at step {self.step}, {self.seconds:.0f} s", flush=True)

    def save(self):
        torch.save({"weights": self.decoder.state_dict(), "optimiser": self.optimiser.state(),
                    "step": self.step, "seconds": self.seconds, "tokens": self.tokens,
                    "began": self.began, "preset": self.a.preset, "role": self.role},
                   self.path + ".part")
        os.replace(self.path + ".part", self.path)

    def progress(self):
        """0 at the start of this run, or of what a resumed run adds; 1 at the end."""
        step, seconds = self.began
        if self.a.steps:
            return (self.step - step) / self.a.steps
        return (self.seconds - seconds) / (60 * self.minutes)

    def level(self):
        """Difficulty: from easy to everything in the first 40 % of the run."""
        return 1.0 if self.began[0] else min(1.0, 0.15 + 2.2 * self.progress())

    def factor(self):
        """Warm up for 2 %, stay, then fall in a line to nothing from 45 % on."""
        p = self.progress()
        return self.a.peak * min(1.0, p / 0.02 + 0.02, max(0.0, (1 - p) / 0.55))

    def write(self, **entry):
        entry = {"step": self.step, "seconds": round(self.seconds), "tokens": self.tokens, **entry}
        self.log.write(json.dumps(entry) + "\n")
        self.log.flush()
        print(json.dumps(entry), flush=True)

    def evaluate(self, tokenizer, each):
        counts, vios = held_out(self.decoder, tokenizer, self.role, each, self.device,
                                self.length)
        self.write(held_out=counts, of=each, maxvio=[round(v, 3) for v in vios])


def train(run):
    a, decoder, optimiser = run.a, run.decoder, run.optimiser
    tokenizer = Tokenizer.load(a.tokenizer)
    forward = torch.compile(decoder) if a.compile else decoder
    arguments = (run.role, a.tokenizer, run.preset.rows, run.length, a.seed)
    batches = stream(arguments, run.step, lambda _: run.level(), a.processes)
    next_eval = (int(run.progress() * a.evals) + 1) / a.evals
    saved = logged = run.seconds
    loss_sum, loads, count = 0.0, None, 0
    asked_to_stop = []
    signal.signal(signal.SIGTERM, lambda *_: asked_to_stop.append(True))
    clock = time.time()
    while run.progress() < 1:
        ids, documents, targets, weights = (t.to(run.device, non_blocking=True)
                                            for t in next(batches))
        with torch.autocast(run.device, dtype=torch.bfloat16):
            loss = forward(ids, documents, targets, weights)
        loss.backward()
        optimiser.step(run.factor())
        optimiser.zero()
        with torch.no_grad():
            if not a.no_balance:
                balance(decoder, a.balance_rate * max(0.1, run.factor()))
            seen = take_loads(decoder)
            loads = seen if loads is None else [p + q for p, q in zip(loads, seen)]
        run.step, count = run.step + 1, count + 1
        run.tokens += ids.numel()
        if run.device == "cpu" or run.step % 20 == 0:
            loss_sum += float(loss.detach())
        now = time.time()
        run.seconds, clock = run.seconds + now - clock, now
        if run.seconds - logged > a.log_seconds:
            scale = 1 if run.device == "cpu" else 20
            run.write(loss=round(loss_sum * scale / count, 4), level=round(run.level(), 3),
                      maxvio=[round(violation(v), 3) for v in loads],
                      rate=round(run.factor(), 4))
            loss_sum, loads, count, logged = 0.0, None, 0, run.seconds
        if run.seconds - saved > 120 or asked_to_stop:
            run.save()
            saved = run.seconds
        if asked_to_stop:
            return
        if run.progress() >= next_eval and next_eval < 1:
            run.evaluate(tokenizer, 30)
            next_eval += 1 / a.evals
            clock = time.time()
    run.save()
    run.evaluate(tokenizer, a.each)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("role", choices=["worker", "orchestrator"])
    p.add_argument("--preset", choices=list(PRESETS), default="cpu")
    p.add_argument("--out", default="out")
    p.add_argument("--name", help="of the checkpoint and the log; default: the role")
    p.add_argument("--tokenizer", default="tokenizer/merges.json")
    p.add_argument("--minutes", type=float, help="of training, without evaluation")
    p.add_argument("--steps", type=int, help="train this many steps instead of by time")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--begin-from", help="a worker's checkpoint, for an orchestrator")
    p.add_argument("--resume", help="a checkpoint of the same role and size, to train on from "
                   "with its optimiser: the rate starts again and the level stays at 1")
    p.add_argument("--peak", type=float, default=1.0, help="the largest rate, as a factor")
    p.add_argument("--no-balance", action="store_true", help="leave the biases at zero")
    p.add_argument("--balance-rate", type=float, default=0.002)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--processes", type=int, default=0, help="that make data ahead")
    p.add_argument("--compile", action="store_true")
    p.add_argument("--evals", type=int, default=6)
    p.add_argument("--each", type=int, default=100, help="held-out examples a skill at the end")
    p.add_argument("--log-seconds", type=float, default=20)
    a = p.parse_args()
    a.name = a.name or a.role
    torch.set_num_threads(a.threads)
    # On a CPU whose BLAS is slow the matrix unit does float32 products with bfloat16 inputs.
    if hasattr(torch.backends.mkldnn, "matmul"):
        torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    torch.set_float32_matmul_precision("high")
    os.makedirs(a.out, exist_ok=True)
    train(Run(a))


if __name__ == "__main__":
    main()
