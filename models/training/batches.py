"""Packed training batches, made from (seed, step) alone, so that a resumed run sees the same."""
import random
import sys
import torch
import chat
import orchestrator_data
import worker_data
from bpe import Tokenizer
from lexicon import TRAIN

DATA = {"worker": worker_data, "orchestrator": orchestrator_data}
PROMPT_WEIGHT = 0.05  # a little of the loss goes to reading, the rest to answering


class Batches:
    """Rows of `length` tokens; several conversations share a row and never see each other."""

    def __init__(self, role, tokenizer_path, rows, length, seed):
        self.role, self.rows, self.length, self.seed = role, rows, length, seed
        self.tokenizer = Tokenizer.load(tokenizer_path)

    def conversation(self, r, level):
        """Tokens, and for each how much predicting it counts."""
        while True:
            tools, messages = DATA[self.role].continued(r, TRAIN, level)
            tokens, weights = [], []
            for text, weight in chat.parts(tools, messages):
                ids = self.tokenizer.encode(text)
                tokens += ids
                weights += [weight or PROMPT_WEIGHT] * len(ids)
            if len(tokens) <= self.length + 1:
                return tokens, weights

    def make(self, step, level):
        """ids, documents, targets [rows,length] int64 and weights float32 for one step."""
        r = random.Random(self.seed * 1_000_003 + step)
        shape = (self.rows, self.length)
        ids, documents, targets = (torch.zeros(shape, dtype=torch.long) for _ in range(3))
        weights = torch.zeros(shape)
        used, count = [0] * self.rows, [0] * self.rows
        misses = 0
        while misses < 12:  # first fit; a dozen conversations that fit nowhere end the step
            tokens, counts = self.conversation(r, level)
            n = len(tokens) - 1
            row = next((i for i in range(self.rows) if used[i] + n <= self.length), -1)
            if row < 0:
                misses += 1
                continue
            at, count[row] = used[row], count[row] + 1
            ids[row, at:at + n] = torch.tensor(tokens[:-1])
            targets[row, at:at + n] = torch.tensor(tokens[1:])
            documents[row, at:at + n] = count[row]
            weights[row, at:at + n] = torch.tensor(counts[1:])
            used[row] = at + n
        return ids, documents, targets, weights


_made = None


def begin(*arguments):
    """Prepares a worker process."""
    global _made
    torch.set_num_threads(1)
    _made = Batches(*arguments)


def produce(step_and_level):
    return _made.make(*step_and_level)


def stream(arguments, first, level_of, processes):
    """Batches from step `first` on; with processes > 0 they are made ahead elsewhere."""
    def jobs():
        step = first
        while True:
            yield step, level_of(step)
            step += 1
    if processes == 0:
        begin(*arguments)
        for job in jobs():
            yield produce(job)
        return
    import multiprocessing
    with multiprocessing.get_context("spawn").Pool(processes, begin, arguments) as pool:
        ahead, source = [], jobs()
        while True:
            while len(ahead) < 3 * processes:
                ahead.append(pool.apply_async(produce, (next(source),)))
            yield ahead.pop(0).get()
