"""Learns the tokenizer from generated examples and the project's own English and Java."""
import argparse
import os
import random
import chat
import orchestrator_data
import worker_data
from bpe import Tokenizer
from lexicon import TRAIN

VOCAB = 2048


def project_texts(root, limit):
    """README, docs and Java sources under `root`, in a fixed order, at most `limit` characters."""
    texts, size = [], 0
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in (".git", "target", "out", "test"))
        for name in sorted(files):
            if name.endswith((".md", ".java")) and size < limit:
                with open(os.path.join(folder, name), encoding="utf-8") as f:
                    text = f.read()
                texts.append("".join(c for c in text if ord(c) < 128))
                size += len(text)
    return texts


def main():
    p = argparse.ArgumentParser()
    p.add_argument("out")
    p.add_argument("--project", default="../..")
    p.add_argument("--examples", type=int, default=30000)
    a = p.parse_args()
    r, texts = random.Random(5), project_texts(a.project, 500_000)
    for _ in range(a.examples):
        for data in (worker_data, orchestrator_data):
            _, tools, messages = data.example(r, TRAIN, r.random())
            texts.append("".join(chat.render(tools, messages)))
    tokenizer = Tokenizer.train(texts, chat.SPECIAL, VOCAB)
    assert len(tokenizer.tokens) == VOCAB == len(set(tokenizer.tokens))
    os.makedirs(os.path.dirname(a.out) or ".", exist_ok=True)
    tokenizer.save(a.out)
    print(f"{VOCAB} tokens from {sum(map(len, texts))} characters")


if __name__ == "__main__":
    main()
