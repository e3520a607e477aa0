#!/usr/bin/env python3
"""Times the same steps as GpuTiming with PyTorch, and the device's two ceilings.

    torch_steps.py --out FILE --ceilings
    torch_steps.py --out FILE --shape dense-8b --formats bf16,int8,int4 --modes eager,compiled

Weights are random; keys and values lie in a static cache. `compiled` is torch.compile of one layer
(fullgraph, static shapes, tuned by coordinate descent), called for every layer, and the whole step
captured as one CUDA graph, so that compiling takes seconds and not minutes. int8 has one scale a
row, int4 (PyTorch's own packed kernel) one scale and zero for 32 weights. Experts of a few rows are
gathered, of many rows multiplied by torch._grouped_mm. Every case appends a JSON line; a case that
fails is a line with its error.
"""
import argparse
import json
import sys
import time

try:
    import torch
    import torch.nn.functional as F
except ImportError as e:
    print("torch: not run: " + str(e))
    sys.exit(3)

SHAPES = {
    # layers, vocab, hidden, inner, query heads, kv heads, head dim, experts, top k
    "dense-8b": (32, 128256, 4096, 14336, 32, 8, 128, 0, 0),
    "moe-30b": (48, 151936, 2048, 768, 32, 4, 128, 128, 8),
    "dense-small": (2, 1024, 256, 512, 4, 2, 64, 0, 0),
    "moe-small": (2, 1024, 256, 128, 4, 2, 64, 16, 4),
}
GROUP = 32


def synchronize(device):
    if device == "cuda":
        torch.cuda.synchronize()


def timed(step, device, seconds):
    """Median, low and high tenth in milliseconds, and the number of repetitions."""
    limit = time.perf_counter() + seconds
    for _ in range(5):
        step()
        synchronize(device)
        if time.perf_counter() > limit:
            break
    times = []
    start = time.perf_counter()
    while len(times) < 2000 and (time.perf_counter() - start < seconds or (
            len(times) < 10 and time.perf_counter() - start < 10 * seconds)):
        before = time.perf_counter()
        step()
        synchronize(device)
        times.append((time.perf_counter() - before) * 1e3)
    times.sort()
    n = len(times)
    return (times[(n - 1) // 2] + times[n // 2]) / 2, times[n // 10], times[n - 1 - n // 10], n


class Weight:
    """A matrix [n, k] in one of the formats, and the product with it."""

    def __init__(self, n, k, form, device):
        self.form = form
        if form == "bf16":
            self.parts = (torch.empty(n, k, device=device, dtype=torch.bfloat16).normal_(0, 0.02),)
        elif form == "int8":
            self.parts = (torch.randint(-127, 128, (n, k), device=device, dtype=torch.int8),
                          torch.full((n,), 0.02 / 74, device=device, dtype=torch.bfloat16))
        else:
            codes = torch.randint(0, 256, (n, k // 2), device=device, dtype=torch.int32)
            packed = torch.ops.aten._convert_weight_to_int4pack(codes.to(torch.uint8), 8)
            scales = torch.zeros(k // GROUP, n, 2, device=device, dtype=torch.bfloat16)
            scales[:, :, 0] = 0.02 / 4.6
            self.parts = (packed, scales)

    def bytes(self):
        return sum(p.numel() * p.element_size() for p in self.parts)


def product(x, parts, form):
    if form == "bf16":
        return F.linear(x, parts[0])
    if form == "int8":
        return F.linear(x, parts[0].to(x.dtype)) * parts[1]
    flat = x.reshape(-1, x.shape[-1])
    y = torch.ops.aten._weight_int4pack_mm(flat, parts[0], GROUP, parts[1])
    return y.reshape(*x.shape[:-1], y.shape[-1])


def norm(x, weight):
    f = x.float()
    return (f * torch.rsqrt(f.pow(2).mean(-1, keepdim=True) + 1e-5)).to(x.dtype) * weight


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


class Model:
    def __init__(self, shape, form, device, positions, batch):
        (self.layers, self.vocab, d, f, self.heads, self.kv, self.dim, self.experts,
         self.top) = SHAPES[shape]
        self.form, self.device, self.hidden = form, device, d
        bf = dict(device=device, dtype=torch.bfloat16)
        self.embedding = torch.empty(self.vocab, d, **bf).normal_(0, 0.02)
        self.head = Weight(self.vocab, d, form, device)
        self.norm = torch.ones(d, **bf)
        self.blocks = []
        for _ in range(self.layers):
            w = {"norm1": (torch.ones(d, **bf),), "norm2": (torch.ones(d, **bf),),
                 "qkv": Weight((self.heads + 2 * self.kv) * self.dim, d, form, device).parts,
                 "out": Weight(d, self.heads * self.dim, form, device).parts}
            if self.experts:
                w["qnorm"] = (torch.ones(self.dim, **bf), torch.ones(self.dim, **bf))
                w["router"] = (torch.empty(self.experts, d, device=device).normal_(0, 0.02),)
                w["up"] = (torch.empty(self.experts, 2 * f, d, **bf).normal_(0, 0.02),)
                w["down"] = (torch.empty(self.experts, d, f, **bf).normal_(0, 0.02),)
            else:
                w["up"] = Weight(2 * f, d, form, device).parts
                w["down"] = Weight(d, f, form, device).parts
            self.blocks.append(w)
        self.cache = [torch.zeros(2, batch, self.kv, positions, self.dim, **bf)
                      for _ in range(self.layers)]
        at = torch.arange(positions, device=device)[:, None]
        angle = at * 500000.0 ** (-torch.arange(self.dim // 2, device=device) / (self.dim // 2))
        self.cos, self.sin = angle.cos().to(torch.bfloat16), angle.sin().to(torch.bfloat16)

    def block(self, x, w, cache, start):
        b, t, _ = x.shape
        h = norm(x, w["norm1"][0])
        q, k, v = product(h, w["qkv"], self.form).split(
            (self.heads * self.dim, self.kv * self.dim, self.kv * self.dim), -1)
        q = q.view(b, t, self.heads, self.dim)
        k = k.view(b, t, self.kv, self.dim)
        if self.experts:
            q, k = norm(q, w["qnorm"][0]), norm(k, w["qnorm"][1])
        cos = self.cos[start:start + t, None]
        sin = self.sin[start:start + t, None]
        cache[0, :b, :, start:start + t] = rotate(k, cos, sin).transpose(1, 2)
        cache[1, :b, :, start:start + t] = v.view(b, t, self.kv, self.dim).transpose(1, 2)
        y = F.scaled_dot_product_attention(
            rotate(q, cos, sin).transpose(1, 2), cache[0, :b, :, :start + t],
            cache[1, :b, :, :start + t], is_causal=t > 1, enable_gqa=True)
        x = x + product(y.transpose(1, 2).reshape(b, t, -1), w["out"], self.form)
        h = norm(x, w["norm2"][0])
        return x + (self.moe(h.view(b * t, -1), w).view(b, t, -1) if self.experts
                    else self.mlp(h, w))

    def mlp(self, h, w):
        gate, up = product(h, w["up"], self.form).chunk(2, -1)
        return product(F.silu(gate) * up, w["down"], self.form)

    def route(self, h, w):
        scores = F.linear(h.float(), w["router"][0]).softmax(-1)
        weights, ids = scores.topk(self.top, -1)
        return weights / weights.sum(-1, keepdim=True), ids

    def moe(self, h, w):
        weights, ids = self.route(h, w)
        up, down = w["up"][0], w["down"][0]
        if h.shape[0] == 1:
            gate, upper = torch.einsum("i,aoi->ao", h[0], up[ids[0]]).chunk(2, -1)
            y = torch.einsum("ai,aoi->ao", F.silu(gate) * upper, down[ids[0]])
            return (weights[0, :, None].to(y.dtype) * y).sum(0, keepdim=True)
        flat = ids.reshape(-1)
        order = flat.argsort(stable=True)
        counts = (flat[:, None] == torch.arange(self.experts, device=flat.device)).sum(0)
        ends = counts.cumsum(0).to(torch.int32)
        rows = h[order // self.top]
        gate, upper = torch._grouped_mm(rows, up.transpose(-2, -1), offs=ends).chunk(2, -1)
        y = torch._grouped_mm(F.silu(gate) * upper, down.transpose(-2, -1), offs=ends)
        y = y * weights.reshape(-1)[order][:, None].to(y.dtype)
        out = torch.zeros_like(rows)
        out[order] = y
        return out.view(h.shape[0], self.top, -1).sum(1)

    def step(self, block, tokens, start):
        x = self.embedding[tokens]
        for w, cache in zip(self.blocks, self.cache):
            x = block(x, w, cache, start)
        return product(norm(x[:, -1], self.norm), self.head.parts, self.form).argmax(-1)

    def touched(self, tokens, start):
        """Distinct experts over all layers, for the bytes that a step must move."""
        seen = []
        plain, route = self.route, self.route

        def watched(h, w):
            weights, ids = route(h, w)
            seen.append(ids.unique().numel())
            return weights, ids
        self.route = watched
        self.step(self.block, tokens, start)
        self.route = plain
        return sum(seen)

    def bytes(self, batch, context, touched):
        total = self.head.bytes()
        for w in self.blocks:
            for name, parts in w.items():
                if not (self.experts and name in ("up", "down")):
                    total += sum(p.numel() * p.element_size() for p in parts)
        if self.experts:
            one = sum(self.blocks[0][n][0][0].numel() * 2 for n in ("up", "down"))
            total += touched * one
        return total + batch * (context + 2) * self.layers * 2 * self.kv * self.dim * 2

    def operations(self, rows):
        d = self.hidden
        per_layer = 0
        w = self.blocks[0]
        for name in ("qkv", "out", "up", "down"):
            part = w[name][0]
            share = self.top / self.experts if self.experts and name in ("up", "down") else 1
            size = part.numel()
            if self.form == "int4":
                size = {"qkv": (self.heads + 2 * self.kv) * self.dim * d,
                        "out": self.heads * self.dim * d}.get(
                            name, w["up"][1].numel() // 2 * GROUP if name == "up"
                            else w["down"][1].numel() // 2 * GROUP)
            per_layer += size * share
        if self.experts:
            per_layer += w["router"][0].numel()
        attention = 4 * (rows * (rows + 1) / 2) * self.heads * self.dim
        return self.layers * (2 * per_layer * rows + attention) + 2 * self.vocab * d


def captured(step, device):
    """The step as one CUDA graph."""
    if device != "cuda":
        return step
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


class Writer:
    def __init__(self, path):
        self.path = path
        self.start = time.perf_counter()

    def write(self, line):
        with open(self.path, "a") as f:
            f.write(json.dumps(line) + "\n")
        print("[%6.1f s] %s" % (time.perf_counter() - self.start, line), flush=True)


def ceilings(writer, device, small):
    """Bytes read and written by a large copy on the device; a large product of random BF16."""
    gib, side = (0.0625, 512) if small else (4, 8192)
    source = torch.randint(0, 255, (int(gib * (1 << 30)),), device=device, dtype=torch.uint8)
    target = torch.empty_like(source)
    copy = timed(lambda: target.copy_(source), device, 1)[0]
    del source, target
    a = torch.randn(side, side, device=device, dtype=torch.bfloat16)
    b = torch.randn(side, side, device=device, dtype=torch.bfloat16)
    matmul = timed(lambda: a @ b, device, 1)[0]
    writer.write({"part": "ceilings", "device": name(device), "torch": torch.__version__,
                  "copyGibibytes": float(gib),
                  "copyGigabytesPerSecond": 2 * gib * (1 << 30) / copy / 1e6,
                  "matmul": "%d^3 BF16" % side, "matmulTeraflops": 2 * side ** 3 / matmul / 1e9})


def name(device):
    return torch.cuda.get_device_name() if device == "cuda" else "cpu"


def run(args, writer, device, form, mode):
    torch._dynamo.reset()  # the limit of compiled variants is one code object's, not one model's
    model = Model(args.shape, form, device, max(args.prompt, args.context + 1), args.batch)
    block = model.block if mode == "eager" else torch.compile(
        model.block, fullgraph=True, dynamic=False,
        options={"coordinate_descent_tuning": True} if device == "cuda" else {})
    deadline = writer.start + args.limit
    for case in args.cases.split(","):
        line = {"engine": "torch " + mode, "shape": args.shape, "encoding": form.upper(),
                "layers": model.layers}
        batch = args.batch if case == "batch" else 1
        rows, start = (args.prompt, 0) if case == "prefill" else (1, args.context)
        line["case"] = "prefill %d" % rows if case == "prefill" else "decode %d" % batch
        try:
            if time.perf_counter() > deadline:
                raise TimeoutError("not run: %d s are over" % args.limit)
            with torch.no_grad():
                generator = torch.Generator().manual_seed(5)
                tokens = torch.randint(0, model.vocab, (batch, rows), generator=generator).to(
                    device)
                if case != "prefill":
                    prompt = torch.randint(0, model.vocab, (1, args.context),
                                           generator=generator).to(device)
                    model.step(model.block, prompt, 0)
                    for cache in model.cache:
                        cache[:, 1:] = cache[:, :1]
                    touched = model.touched(tokens, start) if model.experts else 0
                step = lambda: model.step(block, tokens, start)
                step()
                synchronize(device)
                if mode == "compiled":
                    step = captured(step, device)
                ms, low, high, n = timed(step, device, args.seconds)
            line.update(milliseconds=ms, lowMilliseconds=low, highMilliseconds=high,
                        repetitions=n, tokensPerSecond=batch * rows / ms * 1e3)
            if case == "prefill":
                line["operations"] = model.operations(rows)
            else:
                line["context"] = args.context
                line["bytes"] = model.bytes(batch, args.context, touched)
        except Exception as e:  # one case's failure is a line of its own
            line["error"] = "%s: %s" % (type(e).__name__, str(e).splitlines()[0][:300])
        writer.write(line)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--ceilings", action="store_true")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--shape", choices=SHAPES)
    parser.add_argument("--formats", default="bf16")
    parser.add_argument("--modes", default="eager,compiled")
    parser.add_argument("--cases", default="decode,batch,prefill")
    parser.add_argument("--prompt", type=int, default=2048)
    parser.add_argument("--context", type=int, default=1024)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--limit", type=int, default=500, help="no case begins later")
    args = parser.parse_args()
    if args.device == "cuda" and not torch.cuda.is_available():
        print("torch: not run: torch %s sees no CUDA device" % torch.__version__)
        return 3
    writer = Writer(args.out)
    if args.ceilings:
        ceilings(writer, args.device, args.small)
    for form in args.formats.split(",") if args.shape else []:
        for mode in args.modes.split(","):
            if form == "int8" and mode == "eager":
                continue  # would expand each weight first
            try:
                run(args, writer, args.device, form, mode)
            except Exception as e:
                writer.write({"engine": "torch " + mode, "shape": args.shape, "case": "open",
                              "encoding": form.upper(), "error": str(e).splitlines()[0][:300]})
            if args.device == "cuda":
                torch.cuda.empty_cache()
    return 0


sys.exit(main())
