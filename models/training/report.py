"""Draws a run's log as SVG, without any library: loss, accuracy per skill, MaxVio per layer.

    report.py OUT report      reads OUT/{worker,orchestrator,...}.log.jsonl
"""
import json
import os
import sys

COLOURS = ["#1b6ca8", "#d1495b", "#2e933c", "#e39b00", "#6a4c93", "#0f8b8d", "#8d5a2b", "#ff6f91",
           "#555555", "#97c05c", "#3d5a80", "#b5179e", "#7f9c96", "#bc6c25", "#00a6fb", "#9d0208",
           "#606c38", "#c77dff"]
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 360, 60, 40, 190, 45


def read(path):
    """All entries of a log; a resumed run appends, so an entry may repeat a step: the last wins."""
    steps = {}
    with open(path) as f:
        for line in f:
            entry = json.loads(line)
            steps[(entry["step"], "held_out" in entry)] = entry
    return [steps[key] for key in sorted(steps)]


def nice(top):
    for unit in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100):
        if top / unit <= 6:
            return unit
    return top / 5


def chart(title, x_label, series, top=None):
    """series: {name: [(x, y)]} -> the text of an SVG file."""
    points = [p for line in series.values() for p in line]
    x_top = max((x for x, _ in points), default=1) or 1
    y_top = top or max((y for _, y in points), default=1) * 1.05 or 1
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at(x, y):
        return f"{LEFT + x / x_top * width:.1f},{TOP + height - min(y / y_top, 1) * height:.1f}"

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" '
           f'fill="white"/><text x="{LEFT}" y="22" font-size="14">{title}</text>']
    step = nice(y_top)
    for i in range(int(y_top / step + 1e-9) + 1):
        y = float(at(0, i * step).split(",")[1])
        out.append(f'<line x1="{LEFT}" x2="{LEFT + width}" y1="{y}" y2="{y}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{i * step:g}</text>')
    for i in range(5):
        x = x_top * i / 4
        out.append(f'<text x="{at(x, 0).split(",")[0]}" y="{TOP + height + 16}" '
                   f'text-anchor="middle">{x:.3g}</text>')
    out.append(f'<text x="{LEFT + width / 2}" y="{HEIGHT - 8}" text-anchor="middle">'
               f'{x_label}</text>')
    for i, (name, line) in enumerate(series.items()):
        colour, y = COLOURS[i % len(COLOURS)], TOP + 8 + 16 * i
        dash = ' stroke-dasharray="4 3"' if "without" in name else ""
        path = " ".join(at(x, y_) for x, y_ in line)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" '
                   f'stroke-width="1.6"{dash}/><rect x="{LEFT + width + 14}" y="{y - 8}" '
                   f'width="10" height="10" fill="{colour}"/><text x="{LEFT + width + 30}" '
                   f'y="{y + 1}">{name}</text>')
    return "\n".join(out) + "\n</svg>\n"


def million(entry):
    return entry["tokens"] / 1e6


def draw(log, role):
    """{file name: SVG} for one model."""
    losses = [(million(e), e["loss"]) for e in log if "loss" in e]
    held = [e for e in log if "held_out" in e]
    skills = {s: [(million(e), 100 * e["held_out"][s] / e["of"]) for e in held]
              for s in (held[-1]["held_out"] if held else {})}
    files = {f"{role}-loss.svg": chart(f"{role}: training loss", "million tokens seen",
                                       {"loss": losses}),
             f"{role}-skills.svg": chart(f"{role}: held-out answers written exactly, %",
                                         "million tokens seen", skills, 100)}
    if held and held[-1]["maxvio"]:
        files[f"{role}-maxvio.svg"] = chart(
            f"{role}: MaxVio on held-out text", "million tokens seen",
            {f"MoE layer {i + 1}": [(million(e), e["maxvio"][i]) for e in held]
             for i in range(len(held[-1]["maxvio"]))})
    return files


def compare(balanced, unbalanced):
    """MaxVio of training steps, with and without loss-free balancing, by layer."""
    series = {}
    for name, log in (("with", balanced), ("without", unbalanced)):
        for i in range(len(next(e["maxvio"] for e in log if "loss" in e))):
            series[f"{name}, MoE layer {i + 1}"] = [
                (million(e), e["maxvio"][i]) for e in log if "loss" in e]
    return chart("MaxVio in training, with and without loss-free balancing",
                 "million tokens seen", series)


def settling(log):
    """MaxVio of the text read while calibrate.py settles the biases, by layer."""
    steps = [e for e in log if "step" in e]
    ends = {e["when"]: e["held_out"] for e in log if e.get("side") == "train"}
    series = {}
    for i in range(len(steps[0]["maxvio"])):
        name = f"layer {i + 1}: {ends['before'][i]} to {ends['after'][i]}"
        series[name] = [(e["step"], e["maxvio"][i]) for e in steps]
    return chart("MaxVio while the biases settle; held-out before and after", "batches", series)


def main(logs, out):
    os.makedirs(out, exist_ok=True)
    files = {}
    for role in ("worker", "orchestrator"):
        path = os.path.join(logs, role + ".log.jsonl")
        if os.path.exists(path):
            files |= draw(read(path), role)
    pair = [os.path.join(logs, n + ".log.jsonl") for n in ("balanced", "unbalanced")]
    if all(map(os.path.exists, pair)):
        files["balancing.svg"] = compare(*map(read, pair))
    path = os.path.join(logs, "calibration.jsonl")
    if os.path.exists(path):
        with open(path) as f:
            files["calibration.svg"] = settling([json.loads(line) for line in f])
    for name, svg in files.items():
        with open(os.path.join(out, name), "w") as f:
            f.write(svg)
        print(os.path.join(out, name))


if __name__ == "__main__":
    main(*sys.argv[1:3])
