"""Held-out requests for the whole loop, one JSON object a line: python3 loops.py SEED COUNT > F

A request to the orchestrator for one of several tools, whose work is a question to the worker:
what is called, what the worker is asked, its answer, and what the orchestrator makes of it. Tools,
things and values are of the test side.
"""
import datetime
import json
import random
import sys
from lexicon import MONTH_DAYS, TEST, VERBS, Lexicon, side
from orchestrator_data import PARAMETERS, Tool, clause, sentence, toolbox
from worker_data import factors, operands

DAYS_LATER = 3


def parameter(name):
    return next(p for p in PARAMETERS if name in p.names)


def unseen(*numbers):
    """Whether neither model was trained on a number; all have seen those of two digits."""
    return all(n < 100 or side(str(n)) == TEST for n in numbers)


def calculation(x):
    kind = x.r.choice("+-*")
    while True:
        a, b = factors(x, 3) if kind == "*" else operands(x, 1, 4)
        if unseen(a, b):
            break
    if kind == "-":
        a, b = max(a, b), min(a, b)
    value = f"{a} {kind} {b}"
    return x.r.choice(["expression", "formula"]), value, value, {
        "+": a + b, "-": a - b, "*": a * b}[kind]


def conversion(x):
    while True:
        n = x.number(100, 999)
        if side(f"{n} ('km', 'm', 3)") == TEST:
            break
    return (x.r.choice(["amount", "quantity", "number"]), n, f"Convert {n} km to m.",
            f"{n}000 m")


def later(x):
    while True:
        text = x.iso_date()
        day = datetime.date.fromisoformat("2023" + text[4:])
        if (day.month < 12 and day.day <= MONTH_DAYS[day.month - 1] - DAYS_LATER
                and side(str(day)) == side(f"{day.month - 1} {day.day} {DAYS_LATER}") == TEST):
            break
    return (x.r.choice(["day", "deadline"]), str(day),
            f"Which date is {DAYS_LATER} days after {day}?",
            str(day + datetime.timedelta(DAYS_LATER)))


def loop(r):
    x = Lexicon(r, TEST)
    name, value, question, answer = r.choice([calculation, calculation, conversion, later])(x)
    tools = toolbox(x, r.randint(1, 3), 1.0)
    thing = x.object()
    while any(set(thing.split()) & set(t.thing.split()) for t in tools):
        thing = x.object()
    wanted = Tool(x, r.choice(list(VERBS)), thing, [(name, parameter(name), True, value)])
    tools.insert(r.randint(0, len(tools)), wanted)
    text, arguments = clause(x, wanted)
    return {"tools": [t.schema() for t in tools], "request": sentence(x, text),
            "name": wanted.name, "arguments": arguments, "question": question,
            "result": str(answer), "answer": f"The answer is {answer}."}


if __name__ == "__main__":
    seed, count = map(int, sys.argv[1:])
    generator = random.Random(seed)
    for _ in range(count):
        print(json.dumps(loop(generator)))
