"""The chat format of both models: ChatML, one line a tool, calls as JSON between two marks.

`render` is the Python twin of chat-template.jinja; `selftest` in evaluate.py compares them.
"""
import json

START, END = "<|im_start|>", "<|im_end|>"
CALL, CALL_END = "<tool_call>", "</tool_call>"
SPECIAL = ["<|endoftext|>", START, END, CALL, CALL_END]


def signature(tool):
    """`book_table(city, count: integer, note?): Book a table`; a type is told unless string."""
    f = tool["function"]
    required = f["parameters"].get("required", [])
    parts = []
    for name, schema in f["parameters"].get("properties", {}).items():
        kind = schema.get("type", "string")
        parts.append(name + ("" if name in required else "?")
                     + ("" if kind == "string" else ": " + kind))
    return f"{f['name']}({', '.join(parts)}): {f['description']}"


def call_text(call):
    f = call["function"]
    return (f"{CALL}{{\"name\": \"{f['name']}\", \"arguments\": "
            f"{json.dumps(f['arguments'], ensure_ascii=False)}}}{CALL_END}")


def body(message):
    calls = "".join(call_text(c) for c in message.get("tool_calls", []))
    return message["content"] + calls


def render(tools, messages, answer=True):
    """(prompt, answer): the answer is the last message when `answer`, with its end mark."""
    text = ""
    if tools:
        text += f"{START}tools\n" + "".join(signature(t) + "\n" for t in tools) + f"{END}\n"
    last = messages[-1] if answer else None
    for m in messages[:-1] if answer else messages:
        text += f"{START}{m['role']}\n{body(m)}{END}\n"
    return text + f"{START}assistant\n", body(last) + END if answer else ""


def parts(tools, messages):
    """The whole conversation as (text, 1 for what the assistant says and 0 for the rest)."""
    system, pieces = render(tools, [], False)[0].removesuffix(f"{START}assistant\n"), []
    if system:
        pieces.append((system, 0))
    for m in messages:
        pieces.append((f"{START}{m['role']}\n", 0))
        pieces.append((body(m) + END, int(m["role"] == "assistant")))
        pieces.append(("\n", 0))
    return pieces[:-1]
