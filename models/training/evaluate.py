"""Held-out evaluation: counts per skill, of the same prompts through any of three engines.

    evaluate.py worker --torch out/worker.pt            PyTorch, the checkpoint
    evaluate.py worker --llama MODEL.gguf               llama-server, found on the PATH
    evaluate.py worker --sluice MODEL.gguf --root DIR   Sluice, built in the source tree DIR
    evaluate.py worker --url http://HOST:PORT           a server with POST /v1/completions
    evaluate.py orchestrator --loads out/orchestrator.pt --save FILE
                                                        counts experts' choices instead, in
                                                        --each conversations

All decode greedily from the rendered prompt. --save FILE keeps prompts, expected answers and what
was written; --against FILE counts how many outputs are equal to those of a saved run.
"""
import argparse
import glob
import json
import os
import random
import re
import subprocess
import sys
import time
import urllib.request
import chat
import lexicon
import orchestrator_data
import worker_data
from lexicon import COMMON, MODIFIERS, OBJECTS, TEST, TRAIN, Lexicon, side

DATA = {"worker": worker_data, "orchestrator": orchestrator_data}
LIMIT = {"worker": 160, "orchestrator": 140}
HERE = os.path.dirname(os.path.abspath(__file__))

# Questions that have a dozen answers in all and greetings can not be held out.
CLOSED = (r"(?i)^(which month comes|how many days does|hello|hi\b|help|thank|bye|good m|who are y"
          r"|what can you|what are you|what is your n|tell me a joke)")


def prompts(role, each, seed):
    """[{skill, prompt, expected}], `each` a skill, all from the test side."""
    r, rows = random.Random(seed), []
    for skill in DATA[role].SKILLS:
        for _ in range(each):
            _, tools, messages = DATA[role].example(r, TEST, 1.0, skill)
            prompt, answer = chat.render(tools, messages)
            rows.append({"skill": skill, "prompt": prompt,
                         "expected": answer.removesuffix(chat.END)})
    return rows


def assert_apart(role, count=3000):
    """No word, name, value or tool of a test example may be one that training can draw."""
    r = random.Random(9)
    for word in COMMON + OBJECTS:
        assert (word in Lexicon(r, TRAIN).common + Lexicon(r, TRAIN).objects) == (
            side(word) == TRAIN)
    for wanted, other in ((TRAIN, TEST), (TEST, TRAIN)):
        x = Lexicon(r, wanted)
        for _ in range(count):
            for value in (x.word(), x.made(), x.code(), x.iso_date()):
                assert side(value) == wanted, value
            for name in (x.person() + " " + x.city()).split():
                assert side(name) != other, name
            assert all(side(w) == wanted or w in MODIFIERS for w in x.object().split())
    drawn = {}
    for wanted in (TRAIN, TEST):
        drawn[wanted] = set()
        for i in range(count):
            _, tools, messages = DATA[role].example(random.Random(i), wanted, 1.0)
            drawn[wanted].add(next(m["content"] for m in messages if m["role"] == "user"))
    same = [s for s in drawn[TRAIN] & drawn[TEST] if not re.search(CLOSED, s)]
    assert not same, same[:5]


def final(text):
    """What is checked of a worker's answer: the line after the steps, or all of it."""
    at = text.rfind("\n= ")
    return text[at + 3:].strip() if at >= 0 else text.strip()


def calls(text):
    """The calls in an answer, or None where one is not JSON with name and arguments."""
    found = []
    for body in re.findall(r"<tool_call>(.*?)</tool_call>", text, re.S):
        try:
            call = json.loads(body)
            found.append((call["name"], call["arguments"]))
        except (ValueError, KeyError, TypeError):
            return None
    return found


def same_json(a, b):
    try:
        return json.loads(a) == json.loads(b)
    except ValueError:
        return False


def grade(role, rows):
    """{measure: [right, of]}"""
    counts = {}

    def count(measure, right):
        entry = counts.setdefault(measure, [0, 0])
        entry[0] += bool(right)
        entry[1] += 1

    for row in rows:
        want, got, skill = row["expected"], row["output"], row["skill"]
        if role == "worker":
            count(skill, final(got) == final(want) or
                  skill == "extraction" and same_json(got, want))
            continue
        wanted, made = calls(want), calls(got)
        if skill == "single-call":
            count("tool choice", made and [n for n, _ in made] == [n for n, _ in wanted])
            count("exact call", made == wanted)
        elif skill == "two-steps":
            count("two-steps, tools", made and [n for n, _ in made] == [n for n, _ in wanted])
            count(skill, made == wanted)
        else:
            count(skill, got.strip() == want)
    return counts


# ---- engines --------------------------------------------------------------------------------

def by_torch(rows, checkpoint, limit):
    import torch
    from bpe import Tokenizer
    from export import load
    if hasattr(torch.backends.mkldnn, "matmul"):
        torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    decoder, _ = load(checkpoint)
    tokenizer = Tokenizer.load(os.path.join(HERE, "tokenizer/merges.json"))
    end = tokenizer.ids[chat.END]
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]["prompt"]))
    for at in range(0, len(order), 40):
        part = order[at:at + 40]
        texts = [tokenizer.encode(rows[i]["prompt"]) for i in part]
        starts, open_ = [len(t) for t in texts], set(range(len(part)))
        for _ in range(limit):
            n = -(-max(map(len, texts)) // 32) * 32  # few shapes: each is prepared once
            ids, documents = torch.zeros(2, len(part), n, dtype=torch.long)
            for j, t in enumerate(texts):
                ids[j, :len(t)], documents[j, :len(t)] = torch.tensor(t), 1
            with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
                x = decoder.hidden(ids, documents)
                last = x[torch.arange(len(part)), torch.tensor([len(t) - 1 for t in texts])]
                best = decoder.lm_head(last).argmax(-1).tolist()
            for j in list(open_):
                if best[j] == end:
                    open_.discard(j)
                else:
                    texts[j].append(best[j])
            if not open_:
                break
        for j, i in enumerate(part):
            rows[i]["output"] = tokenizer.decode(texts[j][starts[j]:])


def loads(checkpoint, count, seed, side_):
    """Choices of each expert in each MoE layer while reading new conversations of a side, in the
    mix that training has."""
    import torch
    from bpe import Tokenizer
    from export import load
    decoder, _ = load(checkpoint)
    tokenizer = Tokenizer.load(os.path.join(HERE, "tokenizer/merges.json"))
    lexicon.PIECES = []
    r = random.Random(seed)
    texts = ["".join(text for text, _ in chat.parts(
        *orchestrator_data.continued(r, side_, 1.0))) for _ in range(count)]
    for text in texts:
        ids = torch.tensor([tokenizer.encode(text)])
        with torch.no_grad():
            decoder.hidden(ids, torch.ones_like(ids))
    return {"texts": texts, "counts": [[int(n) for n in moe.load.tolist()]
                                       for _, moe in decoder.moe_layers()]}


def complete(url, prompt, limit):
    body = {"prompt": prompt, "max_tokens": limit, "temperature": 0, "stop": [chat.END]}
    request = urllib.request.Request(url + "/v1/completions", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as response:
        return json.load(response)["choices"][0]["text"]


def by_url(rows, url, limit):
    for row in rows:
        row["output"] = complete(url, row["prompt"], limit)


def by_llama(rows, model, limit, port=18099):
    server = subprocess.Popen(
        ["llama-server", "-m", model, "--port", str(port), "-t", "1", "-c", "1024", "-np", "1",
         "--special"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(60):
            try:
                urllib.request.urlopen(url + "/health", timeout=2).read()
                break
            except OSError:
                time.sleep(0.5)
        by_url(rows, url, limit)
    finally:
        server.terminate()
        server.wait()


def by_sluice(rows, model, root, limit):
    java = os.path.join(os.environ.get("JAVA_HOME", ""), "bin/java")
    if not os.path.exists(java):
        java = (glob.glob("/usr/lib/jvm/*25*/bin/java") + ["java"])[0]
    lines = "".join(json.dumps(row["prompt"]) + "\n" for row in rows)
    done = subprocess.run(
        [java, "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
         "-Xmx1g", "-cp", os.path.join(root, "orchestrator-bridge/target/lib/*"),
         os.path.join(HERE, "Complete.java"), model, str(limit)],
        input=lines, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    for row, line in zip(rows, done.stdout.splitlines(), strict=True):
        row["output"] = json.loads(line)


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("role", choices=list(DATA))
    p.add_argument("--each", type=int, default=50, help="prompts a skill")
    p.add_argument("--seed", type=int, default=2024)
    for engine in ("torch", "llama", "sluice", "url", "loads"):
        p.add_argument("--" + engine)
    p.add_argument("--side", choices=[TRAIN, TEST], default=TEST, help="of --loads")
    p.add_argument("--root", default=os.path.join(HERE, "../.."))
    p.add_argument("--save")
    p.add_argument("--against")
    a = p.parse_args()
    assert_apart(a.role)
    rows, limit = prompts(a.role, a.each, a.seed), LIMIT[a.role]
    begin = time.time()
    if a.loads:
        with open(a.save, "w", encoding="utf-8") as f:
            json.dump(loads(a.loads, a.each, a.seed, a.side), f)
        return
    if a.torch:
        by_torch(rows, a.torch, limit)
    elif a.llama:
        by_llama(rows, a.llama, limit)
    elif a.sluice:
        by_sluice(rows, a.sluice, a.root, limit)
    else:
        by_url(rows, a.url, limit)
    for row in rows:
        row["output"] = row["output"].split(chat.END)[0]
    for measure, (right, of) in grade(a.role, rows).items():
        note = "  (practice)" if measure in DATA[a.role].PRACTICE else ""
        print(f"{measure:18} {right:4} of {of}{note}")
    print(f"{len(rows)} prompts in {time.time() - begin:.0f} s")
    if a.save:
        with open(a.save, "w", encoding="utf-8") as f:
            f.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if a.against:
        with open(a.against, encoding="utf-8") as f:
            other = [json.loads(line) for line in f]
        equal = sum(x["output"] == y["output"] for x, y in zip(rows, other, strict=True))
        print(f"{equal} of {len(rows)} outputs equal to {a.against}")


if __name__ == "__main__":
    main()
