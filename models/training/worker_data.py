"""Examples for sluice-worker: one prompt, one checkable answer, named by skill.

Every skill takes (lexicon, level); level in (0,1] grows during training, so that short examples
come first. Arithmetic answers write one step per digit, from the right, with the carry visible:
`347 + 589` is `7+9=16 4+8+1=13 3+5+1=9` and then `= 936`.
"""
from lexicon import DAYS, MONTH_DAYS, MONTHS, Lexicon, side


def upto(low, high, level):
    return max(low, round(low + (high - low) * level))


def operands(x, low, high, first=1):
    """Two numbers whose pair is of the lexicon's side."""
    while True:
        a = x.r.randint(first, 10 ** x.r.randint(1, high) - 1)
        b = x.r.randint(low, 10 ** x.r.randint(1, high) - 1)
        if side(f"{min(a, b)} {max(a, b)}") == x.wanted:
            return a, b


def draw(x, make):
    """The first of make()'s tuples whose text is of the lexicon's side."""
    while True:
        values = make()
        if side(" ".join(map(str, values))) == x.wanted:
            return values


def factors(x, high, first=1):
    """A number of up to `high` digits and one digit, a pair of the lexicon's side."""
    r = x.r
    return draw(x, lambda: (r.randint(first, 10 ** r.randint(1, high) - 1), r.randint(2, 9)))


def add_steps(a, b):
    steps, carry, p, q = [], 0, str(a)[::-1], str(b)[::-1]
    for i in range(max(len(p), len(q))):
        parts = [s[i] for s in (p, q) if i < len(s)] + (["1"] if carry else [])
        total = sum(map(int, parts))
        steps.append("+".join(parts) + f"={total}")
        carry = total // 10
    return " ".join(steps)


def subtract_steps(a, b):
    """a >= b; a borrow is a leading 1 on the upper digit and a -1 in the next step."""
    steps, borrow, p, q = [], 0, str(a)[::-1], str(b)[::-1]
    for i in range(len(p)):
        upper, lower = int(p[i]), int(q[i]) if i < len(q) else 0
        lend = upper - lower - borrow < 0
        parts = [f"{'1' if lend else ''}{upper}"]
        parts += [str(lower)] if i < len(q) else []
        parts += ["1"] if borrow else []
        steps.append("-".join(parts) + f"={upper + 10 * lend - lower - borrow}")
        borrow = int(lend)
    return " ".join(steps)


def multiply_steps(a, d):
    steps, carry = [], 0
    for c in str(a)[::-1]:
        total = int(c) * d + carry
        steps.append(f"{c}*{d}" + (f"+{carry}" if carry else "") + f"={total}")
        carry = total // 10
    return " ".join(steps)


def divide_steps(a, d):
    """Long division from the left: `13/4=3r1` leaves 1 for the next digit."""
    steps, rest = [], 0
    for c in str(a):
        part = rest * 10 + int(c)
        steps.append(f"{part}/{d}={part // d}r{part % d}")
        rest = part % d
    return " ".join(steps), rest


def addition(x, level):
    a, b = operands(x, 0, upto(2, 5, level))
    ask = x.r.choice(["{a} + {b}", "What is {a} + {b}?", "What is {a} plus {b}?", "Add {a} and {b}.",
                      "Calculate {a} + {b}.", "{a}+{b}=", "Compute the sum of {a} and {b}."])
    return ask.format(a=a, b=b), f"{add_steps(a, b)}\n= {a + b}"


def subtraction(x, level):
    a, b = operands(x, 0, upto(2, 5, level))
    a, b = max(a, b), min(a, b)
    ask = x.r.choice(["{a} - {b}", "What is {a} - {b}?", "What is {a} minus {b}?",
                      "Subtract {b} from {a}.", "Calculate {a} - {b}.", "{a}-{b}="])
    return ask.format(a=a, b=b), f"{subtract_steps(a, b)}\n= {a - b}"


def multiplication(x, level):
    a, d = factors(x, upto(1, 4, level))
    ask = x.r.choice(["{a} * {d}", "What is {a} * {d}?", "What is {a} times {d}?",
                      "Multiply {a} by {d}.", "{a}*{d}="])
    return ask.format(a=a, d=d), f"{multiply_steps(a, d)}\n= {a * d}"


def division(x, level):
    a, d = factors(x, upto(1, 4, level), first=2)
    steps, rest = divide_steps(a, d)
    ask = x.r.choice(["{a} / {d}", "What is {a} divided by {d}?", "Divide {a} by {d}."])
    tail = f" remainder {rest}" if rest else ""
    return ask.format(a=a, d=d), f"{steps}\n= {a // d}{tail}"


def listed(x, count, make):
    """`count` different items whose list is of the lexicon's side."""
    while True:
        items = []
        while len(items) < count:
            item = make()
            if item not in items:
                items.append(item)
        if side(" ".join(map(str, items))) == x.wanted:
            return items


def sort_numbers(x, level):
    top = x.r.choice([20, 99, 99, 999])
    items = listed(x, x.r.randint(2, upto(4, 7, level)), lambda: x.r.randint(0, top))
    down = x.r.random() < 0.25
    text = ", ".join(map(str, items))
    ask = x.r.choice(["Sort in descending order: {}", "Sort from large to small: {}"] if down else
                     ["Sort: {}", "Sort these numbers: {}", "Put in ascending order: {}",
                      "Sort from small to large: {}"])
    return ask.format(text), ", ".join(map(str, sorted(items, reverse=down)))


def sort_words(x, level):
    items = listed(x, x.r.randint(2, upto(3, 5, level)), x.word)
    ask = x.r.choice(["Sort alphabetically: {}", "Sort these words: {}",
                      "Put in alphabetical order: {}"])
    steps = ", ".join("-".join(w[:3]) + f" {w}" for w in items)  # what decides, letter by letter
    return ask.format(", ".join(items)), f"{steps}\n= {', '.join(sorted(items))}"


def spell(x, level):
    w = x.word()
    ask = x.r.choice(["Spell {}.", "Spell the word {}."])
    return ask.format(w), "-".join(w)


def reverse_word(x, level):
    w = x.word()
    ask = x.r.choice(["Reverse the word {}.", "Write {} backwards."])
    return ask.format(w), "-".join(w) + "\n" + "-".join(w[::-1]) + "\n= " + w[::-1]


def letters(x, level):
    w, kind = x.word(), x.r.randrange(4)
    dashed = "-".join(w)
    if kind == 0:
        return f"How many letters are in {w}?", "-".join(
            f"{c}{i + 1}" for i, c in enumerate(w)) + f"\n= {len(w)}"
    if kind == 1:
        return f"What is the first letter of {w}?", f"{dashed}\n= {w[0]}"
    if kind == 2:
        return f"What is the last letter of {w}?", f"{dashed}\n= {w[-1]}"
    return f"Write {w} in upper case.", f"{dashed}\n= {w.upper()}"


def join_words(x, level):
    items = listed(x, x.r.randint(2, upto(3, 5, level)), x.word)
    mark, name = x.r.choice([("-", "dashes"), ("+", "plus signs"), ("/", "slashes"),
                             (", ", "commas"), (" ", "spaces"), ("_", "underscores")])
    return f"Join with {name}: {' | '.join(items)}", mark.join(items)


def list_items(x, level):
    numbers = x.r.random() < 0.4
    make = (lambda: x.r.randint(0, 99)) if numbers else x.word
    items = listed(x, x.r.randint(3, upto(4, 7, level)), make)
    text, n = ", ".join(map(str, items)), len(items)
    kind = x.r.randrange(7)
    if kind == 0:
        return f"How many items are in this list: {text}", " ".join(
            f"{i + 1}:{v}" for i, v in enumerate(items)) + f"\n= {n}"
    if kind == 1:
        return f"What is the first item of: {text}", str(items[0])
    if kind == 2:
        return f"What is the last item of: {text}", str(items[-1])
    if kind == 3:
        i = x.r.randrange(min(n, 4))
        return (f"What is the {['first', 'second', 'third', 'fourth'][i]} item of: {text}",
                str(items[i]))
    if kind == 4:
        return f"Reverse this list: {text}", ", ".join(map(str, reversed(items)))
    if kind == 5:
        gone = x.r.choice(items)
        return (f"Remove {gone} from this list: {text}",
                ", ".join(str(v) for v in items if v != gone))
    there = x.r.random() < 0.5
    probe = x.r.choice(items) if there else make()
    return (f"Is {probe} in this list: {text}", "yes" if probe in items else "no")


def extremes(x, level):
    items = listed(x, x.r.randint(2, upto(3, 6, level)), lambda: x.r.randint(0, 999))
    most = x.r.random() < 0.5
    ask = x.r.choice(["What is the largest of {}?", "Maximum of {}?"] if most else
                     ["What is the smallest of {}?", "Minimum of {}?"])
    return ask.format(", ".join(map(str, items))), str(max(items) if most else min(items))


# (from, to, zeros) for powers of ten, (from, to, factor) for the rest.
TENS = [("km", "m", 3), ("m", "cm", 2), ("cm", "mm", 1), ("m", "mm", 3), ("kg", "g", 3),
        ("g", "mg", 3), ("l", "ml", 3), ("t", "kg", 3)]
TIMES = [("minutes", "seconds", 60), ("hours", "minutes", 60), ("days", "hours", 24),
         ("weeks", "days", 7), ("years", "months", 12)]


def units(x, level):
    r = x.r
    if r.random() < 0.6:
        n, (big, small, zeros) = draw(x, lambda: (r.randint(1, 10 ** upto(1, 3, level)),
                                                  r.choice(TENS)))
        if r.random() < 0.65:
            return (f"Convert {n} {big} to {small}.", f"{n * 10 ** zeros} {small}")
        return (f"Convert {n * 10 ** zeros} {small} to {big}.", f"{n} {big}")
    n, (big, small, factor) = draw(x, lambda: (r.randint(2, 9), r.choice(TIMES)))
    ask = r.choice([f"Convert {n} {big} to {small}.", f"How many {small} are {n} {big}?"])
    return ask, f"{multiply_steps(factor, n)}\n= {factor * n} {small}"


def dates(x, level):
    r, kind = x.r, x.r.randrange(4)
    if kind == 0:
        day, n = draw(x, lambda: (r.randrange(7), r.randint(1, upto(3, 9, level))))
        walk = " ".join(f"{i}:{DAYS[(day + i) % 7]}" for i in range(1, n + 1))
        return (f"Which day is {n} day{'s' * (n > 1)} after {DAYS[day]}?",
                f"{walk}\n= {DAYS[(day + n) % 7]}")
    if kind == 1:
        month = r.randrange(12)
        return f"How many days does {MONTHS[month]} have?", str(MONTH_DAYS[month]) + (
            " (29 in a leap year)" if month == 1 else "")
    if kind == 2:
        month, after = r.randrange(12), r.random() < 0.6
        return (f"Which month comes {'after' if after else 'before'} {MONTHS[month]}?",
                MONTHS[(month + (1 if after else -1)) % 12])
    month, day, n = draw(x, lambda: ((m := r.randrange(11)), r.randint(1, MONTH_DAYS[m]),
                                     r.randint(1, 20)))
    total, length = day + n, MONTH_DAYS[month]
    text = f"{add_steps(day, n)} {total}"
    if month == 1:
        ask = f"Which date is {n} days after 2023-02-{day:02d}?"
    else:
        ask = f"Which date is {n} days after 2023-{month + 1:02d}-{day:02d}?"
    if total > length:
        text += f">{length} {subtract_steps(total, length)}"
        return ask, f"{text}\n= 2023-{month + 2:02d}-{total - length:02d}"
    return ask, f"{text}\n= 2023-{month + 1:02d}-{total:02d}"


def extraction(x, level):
    """A sentence with some facts, the wanted keys, and one JSON object."""
    import json
    r = x.r
    name, city, age = x.person(), x.city(), r.randint(18, 99)
    thing, count, code = x.word(), x.number(2, 400), x.code()
    forms = [
        (f"{name} is {age} years old and lives in {city}.",
         [("name", name), ("age", age), ("city", city)]),
        (f"{name} from {city} ordered {count} {thing}s.",
         [("name", name), ("city", city), ("count", count), ("item", thing + "s")]),
        (f"Order {code} for {name} ships to {city}.",
         [("order", code), ("name", name), ("city", city)]),
        (f"The {thing} costs {count} euros and has the code {code}.",
         [("item", thing), ("price", count), ("code", code)]),
        (f"{name} meets {(other := x.person())} in {city} on {(day := r.choice(DAYS))}.",
         [("first", name), ("second", other), ("city", city), ("day", day)]),
    ]
    text, facts = r.choice(forms)
    kept = facts[:max(2, upto(2, len(facts), level))] if r.random() < 0.5 else facts
    if r.random() < 0.3:
        kept = r.sample(kept, r.randint(1, len(kept)))
    keys = ", ".join(k for k, _ in kept)
    ask = r.choice([f"Extract {keys} as JSON: {text}", f"{text} Give me {keys} as JSON."])
    return ask, json.dumps(dict(kept))


FACTS = [
    ("Sluice listens on port {n}.", "Which port does Sluice listen on?", "{n}"),
    ("A page of the cache holds {n} positions.", "How many positions does a page hold?", "{n}"),
    ("The model has {n} experts.", "How many experts does the model have?", "{n}"),
    ("The server was started by {p}.", "Who started the server?", "{p}"),
    ("The model file is called {w}.gguf.", "What is the model file called?", "{w}.gguf"),
    ("The backend in use is {w}.", "Which backend is in use?", "{w}"),
    ("The key for the server is {c}.", "What is the key for the server?", "{c}"),
    ("The engine runs in {t}.", "Where does the engine run?", "{t}"),
    ("A request may last {n} seconds.", "How long may a request last?", "{n} seconds"),
    ("The router keeps {n} experts for each token.", "How many experts does the router keep?",
     "{n}"),
    ("Sluice writes its log to {w}.log.", "Where does Sluice write its log?", "{w}.log"),
    ("The maintainer of the project is {p}.", "Who is the maintainer?", "{p}"),
]


def about_sluice(x, level):
    """A text of one to four facts, and a question about one of them, or about none."""
    r = x.r
    chosen = r.sample(FACTS, r.randint(1, upto(2, 4, level)) + 1)
    said, other = chosen[:-1], chosen[-1]
    values = [dict(n=x.number(2, 9999), p=x.person(), w=x.word(), c=x.code(), t=x.city())
              for _ in said]
    text = " ".join(f.format(**v) for (f, _, _), v in zip(said, values))
    if r.random() < 0.12:
        return f"{text} {other[1]}", "The text does not say."
    i = r.randrange(len(said))
    return f"{text} {said[i][1]}", said[i][2].format(**values[i])


def copying(x, level):
    """Not a skill of the report: it teaches the attention to copy, which every skill needs."""
    r = x.r
    items = [r.choice([x.word, x.name, x.code, lambda: str(x.number(0, 99999))])()
             for _ in range(r.randint(1, upto(3, 8, level)))]
    return r.choice(["Repeat: {}", "Say: {}", "Echo: {}"]).format(" ".join(items)), " ".join(items)


SELF = ("I am sluice-worker, a very small model that ships with Sluice. I can add, subtract, "
        "multiply and divide, sort, handle words and lists, convert units, work with dates, "
        "extract JSON from a sentence, and answer from a given text.")
BEYOND = ("I do not know. I am a very small model: I calculate, sort, handle words and lists, "
          "convert units and dates, extract JSON, and answer from a given text.")
CHAT = [("Hello", "Hello. Give me a small task."), ("Hi", "Hello. Give me a small task."),
        ("Who are you?", SELF), ("What can you do?", SELF), ("What are you?", SELF),
        ("Help", SELF), ("help me", SELF), ("Thanks", "You are welcome."),
        ("Thank you", "You are welcome."), ("Good morning", "Hello. Give me a small task."),
        ("Bye", "Goodbye."), ("What is your name?", SELF)]
OPEN = ["Why is the {w} {v}?", "Write a poem about {w}.", "Who was {p}?", "Tell me about {t}.",
        "What do you think about {w}s?", "How do I cook {w}?", "Explain {w} to me.",
        "What is the capital of {t}?", "Tell me a joke.", "What is the meaning of {w}?",
        "How far is {t} from {t}?", "Who invented the {w}?", "When was {p} born?"]


def smalltalk(x, level):
    r = x.r
    if r.random() < 0.45:
        ask, answer = r.choice(CHAT)
        ask = r.choice([ask, ask.rstrip("?") if r.random() < .5 else ask, ask.lower(), ask + "!"
                        if ask[-1] != "?" else ask])
        return ask, answer
    return r.choice(OPEN).format(w=x.word(), v=x.word(), p=x.person(), t=x.city()), BEYOND


SKILLS = {
    "addition": (addition, 10), "subtraction": (subtraction, 14),
    "multiplication": (multiplication, 7), "division": (division, 7),
    "sort-numbers": (sort_numbers, 15), "sort-words": (sort_words, 16),
    "reverse-word": (reverse_word, 12), "letters": (letters, 10), "join-words": (join_words, 8),
    "list-items": (list_items, 14), "extremes": (extremes, 9), "units": (units, 4),
    "dates": (dates, 6), "extraction": (extraction, 10), "about-sluice": (about_sluice, 6),
    "smalltalk": (smalltalk, 3), "copying": (copying, 10), "spelling": (spell, 14),
}
PRACTICE = {"copying", "spelling", "smalltalk"}  # trained, not part of the report's bars


def example(r, wanted, level, skill=None):
    """One conversation: (skill, tools, messages); the last message is the answer."""
    if skill is None:
        names = list(SKILLS)
        skill = r.choices(names, [SKILLS[n][1] for n in names])[0]
    ask, answer = SKILLS[skill][0](Lexicon(r, wanted), level)
    messages = [{"role": "user", "content": ask}, {"role": "assistant", "content": answer}]
    if r.random() < 0.04:
        messages.insert(0, {"role": "system", "content": r.choice(
            ["You are a helpful assistant.", "Answer briefly.", "You are sluice-worker."])})
    return skill, [], messages


def continued(r, wanted, level):
    """A conversation to learn from: one question, sometimes two or three."""
    _, tools, messages = example(r, wanted, level)
    while r.random() < 0.12:
        messages += example(r, wanted, level)[2][-2:]
    return tools, messages
