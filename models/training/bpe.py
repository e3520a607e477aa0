"""Byte-level BPE: training, encoding, and the files that other programs read.

Text is split as `qwen2` splits it (words with one leading mark, single digits, runs of marks),
which llama.cpp, transformers and Sluice know by that name; then bytes are merged pair by pair
(Sennrich et al. 2016). Python's `re` has no \\p{L}: [^\\W\\d_] stands for it, \\d for \\p{N};
they differ only for characters that the training text does not have.
"""
import collections
import heapq
import json
import re

SPLIT = re.compile(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|(?:[^\r\n\w]|_)?[^\W\d_]+|\d"
                   r"| ?(?:[^\s\w]|_)+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
# Merges are learnt inside runs of letters and inside runs of marks, never across: a word has the
# same pieces after a space, a quote or a bracket, so a small model can copy it piece by piece.
APART = re.compile(r"[^\W\d_]+|(?:[\W\d]|_)+")
PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
           r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def byte_alphabet():
    """Byte -> the character that stands for it in vocabulary files (GPT-2's map)."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in kept]
    return {**{b: chr(b) for b in kept}, **{b: chr(256 + i) for i, b in enumerate(others)}}


ALPHABET = byte_alphabet()


def learn(counts, size):
    """The first `size` merges for {piece: count}; ties go to the smaller pair."""
    pieces = [([ALPHABET[b] for b in p.encode()], n) for p, n in sorted(counts.items())]
    totals, where = collections.Counter(), collections.defaultdict(set)
    for i, (symbols, n) in enumerate(pieces):
        for pair in zip(symbols, symbols[1:]):
            totals[pair] += n
            where[pair].add(i)
    queue = [(-n, pair) for pair, n in totals.items()]
    heapq.heapify(queue)
    merges = []
    while len(merges) < size and queue:
        n, pair = heapq.heappop(queue)
        if -n != totals[pair]:
            if totals[pair] > 0:
                heapq.heappush(queue, (-totals[pair], pair))
            continue
        merges.append(pair)
        changed = set()
        for i in where.pop(pair):
            symbols, count = pieces[i]
            for old in zip(symbols, symbols[1:]):
                totals[old] -= count
            merged, j = [], 0
            while j < len(symbols):
                both = j + 1 < len(symbols) and (symbols[j], symbols[j + 1]) == pair
                merged.append(symbols[j] + symbols[j + 1] if both else symbols[j])
                j += 2 if both else 1
            pieces[i] = (merged, count)
            for new in zip(merged, merged[1:]):
                totals[new] += count
                where[new].add(i)
                changed.add(new)
        for new in changed:
            heapq.heappush(queue, (-totals[new], new))
    return merges


class Tokenizer:
    """Special tokens come first, then the 256 bytes, then one token a merge."""

    def __init__(self, special, merges):
        self.special, self.merges = special, [tuple(m) for m in merges]
        self.tokens = special + [ALPHABET[b] for b in range(256)] + [a + b for a, b in merges]
        self.ids = {t: i for i, t in enumerate(self.tokens)}
        self.ranks = {m: i for i, m in enumerate(self.merges)}
        self.marks = re.compile("(" + "|".join(re.escape(s) for s in special) + ")")
        self.cache = {}
        back = {c: b for b, c in ALPHABET.items()}
        self.bytes = [s.encode() for s in special] + [
            bytes(back[c] for c in t) for t in self.tokens[len(special):]]

    @staticmethod
    def train(texts, special, vocab):
        marks = re.compile("|".join(re.escape(s) for s in special))
        counts = collections.Counter()
        for text in texts:
            for part in marks.split(text):
                for p in SPLIT.findall(part):
                    counts.update(APART.findall(p))
        return Tokenizer(special, learn(counts, vocab - 256 - len(special)))

    def piece(self, text):
        known = self.cache.get(text)
        if known is not None:
            return known
        symbols = [ALPHABET[b] for b in text.encode()]
        while len(symbols) > 1:
            ranked = [(self.ranks.get(p, 1 << 30), i)
                      for i, p in enumerate(zip(symbols, symbols[1:]))]
            rank, i = min(ranked)
            if rank == 1 << 30:
                break
            symbols[i:i + 2] = [symbols[i] + symbols[i + 1]]
        ids = [self.ids[s] for s in symbols]
        if len(self.cache) < 200_000:
            self.cache[text] = ids
        return ids

    def encode(self, text):
        ids = []
        for part in self.marks.split(text):
            if part in self.ids and part in self.special:
                ids.append(self.ids[part])
            else:
                for piece in SPLIT.findall(part):
                    ids += self.piece(piece)
        return ids

    def decode(self, ids):
        return b"".join(self.bytes[i] for i in ids).decode("utf-8", "replace")

    def save(self, path):
        with open(path, "w") as f:
            json.dump({"special": self.special, "merges": [list(m) for m in self.merges]}, f)

    @staticmethod
    def load(path):
        with open(path) as f:
            data = json.load(f)
        return Tokenizer(data["special"], [tuple(m) for m in data["merges"]])

    def transformers_json(self):
        """The content of tokenizer.json."""
        added = [{"id": i, "content": s, "single_word": False, "lstrip": False, "rstrip": False,
                  "normalized": False, "special": True} for i, s in enumerate(self.special)]
        return {
            "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
            "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated",
                 "invert": False},
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False,
                 "use_regex": False}]},
            "post_processor": None,
            "decoder": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False,
                        "use_regex": False},
            "model": {"type": "BPE", "dropout": None, "unk_token": None,
                      "continuing_subword_prefix": None, "end_of_word_suffix": None,
                      "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                      "vocab": self.ids, "merges": [list(m) for m in self.merges]}}
