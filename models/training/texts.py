"""Conversations as text, one JSON string a line: python3 texts.py worker train 1 1000 > F

ROLE, the side of the split (train or test), SEED, COUNT. The texts beside the tests of informed
routing are `worker train 1 1000` and `worker test 2 200`, packed with `gzip -9n`.
"""
import json
import random
import sys
import chat
import lexicon
import orchestrator_data
import worker_data

DATA = {"worker": worker_data, "orchestrator": orchestrator_data}

role, side, seed, count = sys.argv[1:]
lexicon.PIECES = []  # words as texts have them, not the drill of all pieces
r = random.Random(int(seed))
for _ in range(int(count)):
    messages = DATA[role].continued(r, getattr(lexicon, side.upper()), 1.0)
    print(json.dumps("".join(text for text, _ in chat.parts(*messages))))
