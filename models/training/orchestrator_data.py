"""Examples for sluice-orchestrator: a list of tools, a request, and calls or plain text.

Test tools are made of things, names and values that training never sees (lexicon.py); verbs,
common parameters and the wording of requests are the grammar and are shared. Answers have few
fixed forms, so that each can be checked:

    call        <tool_call>{"name": ..., "arguments": {...}}</tool_call>, one a step
    ask back    Please tell me the PARAMETER.
    refuse      None of my tools can do that.
    result      The KEY is VALUE. - one sentence a key, in the order of the result
    failure     The call failed: MESSAGE
"""
import json
from lexicon import MONTHS, TRAIN, VERBS, Lexicon

REFUSAL = "None of my tools can do that."
HELLO = "Hello. Give me a task for my tools."


class Parameter:
    """A parameter of a tool: how a value is made and how a request says it."""

    def __init__(self, names, type_, make, phrases):
        self.names, self.type, self.make, self.phrases = names.split(), type_, make, phrases


def words(x, low, high):
    return " ".join(x.word() for _ in range(x.r.randint(low, high)))


PARAMETERS = [
    Parameter("city place location destination", "string", lambda x: x.city(),
              ["in {v}", "in {v}", "near {v}"]),
    Parameter("date day deadline", "string",
              lambda x: x.iso_date() if x.r.random() < 0.6 else
              f"{x.r.choice(MONTHS)} {x.r.randint(1, 28)}", ["on {v}"]),
    Parameter("time hour", "string", lambda x: f"{x.r.randint(0, 23)}:{x.r.randint(0, 59):02d}",
              ["at {v}"]),
    Parameter("person customer user owner", "string", lambda x: x.person(), ["for {v}"]),
    Parameter("recipient receiver contact", "string", lambda x: x.person(), ["to {v}"]),
    Parameter("amount count quantity limit number", "integer", lambda x: x.number(1, 9999),
              ["with {n} {v}", "and {n} {v}", "{n} {v}"]),
    Parameter("id code reference key", "string", lambda x: x.code(),
              ["with {n} {v}", "number {v}", "{v}"]),
    Parameter("email address", "string",
              lambda x: f"{x.made(1, 2)}@{x.made(1, 2)}.{x.r.choice(['com', 'org', 'net'])}",
              ["to {v}", "with {n} {v}"]),
    Parameter("text title question note query message", "string", lambda x: words(x, 2, 5),
              ['with {n} "{v}"', '"{v}"', 'saying "{v}"']),
    Parameter("path file source", "string",
              lambda x: f"{x.word()}/{x.word()}.{x.r.choice(['txt', 'pdf', 'csv', 'md'])}",
              ["from {v}", "with {n} {v}"]),
    Parameter("price weight length size", "number",
              lambda x: round(x.number(1, 999) + x.r.choice([0, 0.5, 0.25, 0.75]), 2),
              ["of {n} {v}", "with {n} {v}"]),
    Parameter("color style kind category", "string", lambda x: x.word(), ["with {n} {v}"]),
    Parameter("expression formula", "string",
              lambda x: f"{x.number(1, 9999)} {x.r.choice('+-*/')} {x.number(2, 999)}",
              ["{v}", 'with {n} "{v}"']),
]
EXPLICIT = ["with {n} {v}", "where {n} is {v}", "and {n} {v}"]
STARTS = ["", "", "", "Please ", "Can you ", "I want you to ", "Could you ", "I need to "]


class Tool:
    """One tool with its parameters; values are made for one request."""

    def __init__(self, x, verb, thing, parameters):
        r = x.r
        self.verb, self.thing, self.parameters = verb, thing, parameters
        parts = [verb] + thing.split()
        style = r.random()
        self.name = ("_".join(parts) if style < 0.75 else
                     parts[0] + "".join(p.capitalize() for p in parts[1:]) if style < 0.9 else
                     "_".join(parts[1:] + parts[:1]))
        said = r.choice(VERBS[verb].split("|")) if r.random() < 0.3 else verb
        self.description = r.choice(["{s} the {t}", "{s} a {t}", "{s} {t}s", "can {s} a {t}"]
                                    ).format(s=said, t=thing).capitalize()

    def schema(self):
        properties = {n: {"type": p.type} for n, p, _, _ in self.parameters}
        return {"type": "function", "function": {
            "name": self.name, "description": self.description,
            "parameters": {"type": "object", "properties": properties,
                           "required": [n for n, _, needed, _ in self.parameters if needed]}}}


def parameters(x, level):
    """A list of (name, parameter, required, value), names and wording unambiguous."""
    r, kept, taken = x.r, [], set()
    share = 0.25 if x.wanted == TRAIN else 0.12  # training reads more lists than it can guess
    for p in r.sample(PARAMETERS, r.choice([1, 1, 2, 2, 3] if level > 0.4 else [1, 1, 2])):
        if r.random() < share:  # a parameter that no other tool has
            p = Parameter(x.made(2, 2) if r.random() < 0.5 else x.word(), "string",
                          r.choice([x.__class__.word, x.__class__.code]), EXPLICIT)
        name = r.choice(p.names)
        if name not in taken:
            taken.add(name)
            kept.append((name, p, not kept or r.random() < 0.8, p.make(x)))
    return kept


def toolbox(x, count, level):
    """`count` tools of different verb and thing; some share the thing, some the verb."""
    tools, used = [], set()
    while len(tools) < count:
        verb, thing = x.r.choice(list(VERBS)), x.object()
        if tools and x.r.random() < 0.25:
            thing = x.r.choice(tools).thing
        elif tools and x.r.random() < 0.2:
            verb = x.r.choice(tools).verb
        near = {(verb, thing)} | ({("delete", thing), ("cancel", thing)}
                                  if verb in ("delete", "cancel") else set())
        if near & used:
            continue
        used.add((verb, thing))
        tools.append(Tool(x, verb, thing, parameters(x, level)))
    return tools


def wording(x, name, p, value):
    r = x.r
    phrase = r.choice(p.phrases if r.random() < 0.75 else EXPLICIT)
    return phrase.format(n=name.replace("_", " "), v=value)


def clause(x, tool, leave_out=None):
    """What a user says to have the tool called, and the arguments that are said."""
    r = x.r
    verb = r.choice(VERBS[tool.verb].split("|"))
    article = "" if verb.startswith("how many") else r.choice(["the ", "the ", "a ", "my ", ""])
    said, arguments = [f"{verb} {article}{tool.thing}"], {}
    phrases = set()
    for name, p, needed, value in tool.parameters:
        if name == leave_out or (not needed and r.random() < 0.5):
            continue
        text = wording(x, name, p, value)
        head = text.split(" ")[0]
        if head in phrases and head in ("to", "for", "in", "on"):
            text = f"with {name} {value}"
        phrases.add(head)
        said.append(text)
        arguments[name] = value
    return " ".join(said), arguments


def sentence(x, text):
    start = x.r.choice(STARTS)
    text = start + text if start else text[0].upper() + text[1:]
    return text + x.r.choice([".", ".", "", "?" if start.startswith(("Can", "Could")) else "!"])


def call(tool, arguments):
    return {"type": "function", "function": {"name": tool.name, "arguments": arguments}}


def opening(x, level, tools=None):
    """The tools of a conversation: those that it has, or new ones."""
    if tools:
        return tools
    many = 2 if level < 0.25 else 4 if level < 0.6 else 7
    return toolbox(x, x.r.randint(1 if level < 0.25 else 2, many), level)


def single(x, level, tools=None):
    tools = opening(x, level, tools)
    tool = x.r.choice(tools)
    text, arguments = clause(x, tool)
    return tools, [user(sentence(x, text)), calls([call(tool, arguments)])]


def two_steps(x, level, tools=None):
    tools = opening(x, level, tools)
    if len(tools) < 2:
        return single(x, level, tools)
    first, second = x.r.sample(tools, 2)
    (a, args_a), (b, args_b) = clause(x, first), clause(x, second)
    text = x.r.choice(["{a} and then {b}", "{a}, then {b}", "first {a}, then {b}",
                       "{a} and after that {b}", "{a} and also {b}"]).format(a=a, b=b)
    return tools, [user(sentence(x, text)), calls([call(first, args_a), call(second, args_b)])]


def ask_back(x, level, tools=None):
    tools = opening(x, level, tools)
    tool = x.r.choice(tools)  # its first parameter is always required
    missing = x.r.choice([n for n, _, required, _ in tool.parameters if required])
    text, _ = clause(x, tool, leave_out=missing)
    return tools, [user(sentence(x, text)), say(f"Please tell me the {missing}.")]


def refusal(x, level, tools=None):
    tools = opening(x, level, tools)
    other = toolbox(x, 1, level)[0]
    while any(t.thing == other.thing or t.verb == other.verb and
              set(t.thing.split()) & set(other.thing.split()) for t in tools):
        other = toolbox(x, 1, level)[0]
    return tools, [user(sentence(x, clause(x, other)[0])), say(REFUSAL)]


UNITS = "km m cm mm kg g mg l ml t seconds minutes hours days months".split()
KEYS = """temperature status price total id name city count result date time state color weight
owner level speed rate score title address value answer distance length message""".split()


def listed(x):
    """Results as the worker gives them; the test's outcomes are of the other kinds."""
    r = x.r
    return [lambda: f"{x.number(1, 9999) * r.choice([1, 10, 1000])} {r.choice(UNITS)}",
            lambda: f"{x.number(0, 9999)} {r.choice(UNITS)}", x.iso_date,
            lambda: ", ".join(str(x.number(0, 999)) for _ in range(r.randint(2, 5))),
            lambda: ", ".join(x.word() for _ in range(r.randint(2, 4))),
            lambda: f"{x.number(0, 999)} remainder {r.randint(1, 8)}"]


def outcome(x):
    """A tool's result and what to say about it."""
    r = x.r
    kind = r.random()
    if kind < 0.12:
        message = r.choice(["not found", "no permission", "timeout", "out of stock",
                            words(x, 2, 3)])
        return json.dumps({"error": message}), f"The call failed: {message}"
    if kind < 0.4:
        makes = [lambda: x.number(0, 99999), x.code, x.name, x.word, lambda: words(x, 2, 3)]
        value = r.choice(makes + listed(x) if x.wanted == TRAIN else makes)()
        return str(value), f"The answer is {value}."
    facts = {}
    for key in r.sample(KEYS, r.choice([1, 1, 2, 3])):
        key = key if r.random() < 0.85 else x.word()
        facts[key] = r.choice([lambda: x.number(0, 9999), x.code, x.name, x.word, x.iso_date])()
    return json.dumps(facts), " ".join(f"The {k} is {v}." for k, v in facts.items())


def result(x, level, tools=None):
    share = 0.4 if x.wanted == TRAIN else 0.2
    make = two_steps if x.r.random() < share and level > 0.3 else single
    tools, messages = make(x, level, tools)
    texts = []
    for _ in messages[-1]["tool_calls"]:
        content, text = outcome(x)
        messages.append({"role": "tool", "content": content})
        texts.append(text)
    return tools, messages + [say(" ".join(texts))]


def greeting(x, level, tools=None):
    ask = x.r.choice(["Hello", "Hi", "hello", "hi", "Good morning", "Hello!", "Who are you?",
                      "What can you do?", "Help"])
    answer = HELLO if ask[0] in "HhG" and ask != "Help" else (
        "I am sluice-orchestrator, a very small model: I call tools.")
    return tools or opening(x, level)[:x.r.randint(0, 2)], [user(ask), say(answer)]


def copying(x, level, tools=None):
    """Not in the report: teaches the attention to copy."""
    tools = []
    items = [x.r.choice([x.word, x.name, x.code, x.city])() for _ in range(x.r.randint(1, 6))]
    text = " ".join(items)
    return tools, [user(f"Repeat: {text}"), say(text)]


def user(text):
    return {"role": "user", "content": text}


def say(text):
    return {"role": "assistant", "content": text}


def calls(items):
    return {"role": "assistant", "content": "", "tool_calls": items}


SKILLS = {"single-call": (single, 38), "two-steps": (two_steps, 26), "ask-back": (ask_back, 24),
          "refusal": (refusal, 7), "use-result": (result, 20), "greeting": (greeting, 2),
          "copying": (copying, 8)}
PRACTICE = {"copying", "greeting"}


def example(r, wanted, level, skill=None):
    """One conversation: (skill, tools, messages); the last message is the answer."""
    if skill is None:
        names = list(SKILLS)
        skill = r.choices(names, [SKILLS[n][1] for n in names])[0]
    tools, messages = SKILLS[skill][0](Lexicon(r, wanted), level)
    if r.random() < 0.04:
        messages.insert(0, {"role": "system", "content": r.choice(
            ["You are a helpful assistant.", "Use the tools.", "You are sluice-orchestrator."])})
    return skill, [t.schema() for t in tools], messages


def continued(r, wanted, level):
    """A conversation of up to three requests with the same tools, to learn from: every assistant
    message is an answer. Reading a list of tools costs more than answering, so it is used well."""
    x = Lexicon(r, wanted)
    names = list(SKILLS)
    weights = [SKILLS[n][1] for n in names]
    tools, messages = SKILLS[r.choices(names, weights)[0]][0](x, level)
    for _ in range(r.choice([0, 1, 1, 2]) if tools else 0):
        for tool in tools:
            tool.parameters = [(n, p, needed, p.make(x)) for n, p, needed, _ in tool.parameters]
        skill = r.choices(names[:-1], weights[:-1])[0]
        messages += SKILLS[skill][0](x, level, tools)[1]
    return [t.schema() for t in tools], messages
