"""Writes the graphs that the tests of models/onnx did not write themselves, with what they compute.

    python3 make_graphs.py ../resources/dev/sluice/models/onnx

decoder/: a Llama with random weights as an exporter outside of this project writes it: plain
operators, past_key_values.N.key in, present.N.key out, an attention mask and position ids; and the
logits that torch computed. bert/: a BERT encoder, its token states, and texts' means. rank/ and
classifier/: cross-encoders with their logits. Needs torch
and transformers, not onnx.
"""

import json
import pathlib
import sys

import torch
import torch.onnx._internal.torchscript_exporter.onnx_proto_utils as proto
import transformers

# The exporter looks for functions of onnxscript in the finished file, for which it wants onnx.
proto._add_onnxscript_fn = lambda model, functions: model

OUT = pathlib.Path(sys.argv[1])
LAYERS, HEADS, KV_HEADS, DIM, HIDDEN, INNER, VOCAB = 2, 4, 2, 8, 32, 48, 96


class Layer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.norms = torch.nn.ParameterList(
            [torch.nn.Parameter(1 + 0.1 * torch.randn(HIDDEN)) for _ in range(2)])
        sizes = {"q": (HEADS * DIM, HIDDEN), "k": (KV_HEADS * DIM, HIDDEN),
                 "v": (KV_HEADS * DIM, HIDDEN), "o": (HIDDEN, HEADS * DIM),
                 "gate": (INNER, HIDDEN), "up": (INNER, HIDDEN), "down": (HIDDEN, INNER)}
        self.w = torch.nn.ParameterDict(
            {name: torch.nn.Parameter(0.2 * torch.randn(size)) for name, size in sizes.items()})

    def norm(self, x, i):
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-6) * self.norms[i]

    def forward(self, x, past_key, past_value, cos, sin, bias):
        n = self.norm(x, 0)
        split = lambda y, heads: y.view(y.shape[0], -1, heads, DIM).transpose(1, 2)
        rotate = lambda y: y * cos + torch.cat((-y[..., DIM // 2:], y[..., :DIM // 2]), -1) * sin
        q = rotate(split(n @ self.w["q"].T, HEADS))
        key = torch.cat((past_key, rotate(split(n @ self.w["k"].T, KV_HEADS))), 2)
        value = torch.cat((past_value, split(n @ self.w["v"].T, KV_HEADS)), 2)
        repeat = lambda y: y.repeat_interleave(HEADS // KV_HEADS, 1)
        scores = q @ repeat(key).transpose(2, 3) / DIM ** 0.5 + bias
        attended = torch.softmax(scores, -1) @ repeat(value)
        x = x + attended.transpose(1, 2).reshape(x.shape[0], -1, HEADS * DIM) @ self.w["o"].T
        n = self.norm(x, 1)
        gate = n @ self.w["gate"].T
        return x + (gate * torch.sigmoid(gate) * (n @ self.w["up"].T)) @ self.w["down"].T, key, value


class Decoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.table = torch.nn.Parameter(torch.randn(VOCAB, HIDDEN))
        self.layers = torch.nn.ModuleList([Layer() for _ in range(LAYERS)])

    def forward(self, ids, mask, positions, *past):
        x = self.table[ids]
        theta = 10000.0 ** (-torch.arange(0, DIM, 2).float() / DIM)
        angles = positions.unsqueeze(-1).float() * theta
        angles = torch.cat((angles, angles), -1).unsqueeze(1)
        columns = torch.cumsum(mask, 1) - 1
        visible = (columns.unsqueeze(1) <= positions.unsqueeze(2)) & (mask.unsqueeze(1) > 0)
        bias = torch.where(visible, 0.0, -1e9).unsqueeze(1)
        present = []
        for i, layer in enumerate(self.layers):
            x, key, value = layer(
                x, past[2 * i], past[2 * i + 1], torch.cos(angles), torch.sin(angles), bias)
            present += [key, value]
        return (x @ self.table.T, *present)


def decoder(folder):
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    model = Decoder().eval()
    past = [torch.zeros(1, KV_HEADS, 3, DIM)] * (2 * LAYERS)
    ids = torch.randint(0, VOCAB, (1, 40))
    names = lambda prefix: [f"{prefix}.{i}.{k}" for i in range(LAYERS) for k in ("key", "value")]
    axes = {"input_ids": {0: "batch", 1: "rows"}, "attention_mask": {0: "batch", 1: "total"},
            "position_ids": {0: "batch", 1: "rows"}, "logits": {0: "batch", 1: "rows"}}
    axes |= {n: {0: "batch", 2: "past"} for n in names("past_key_values")}
    axes |= {n: {0: "batch", 2: "total"} for n in names("present")}
    example = (ids[:, :2], torch.ones(1, 5, dtype=torch.long), torch.tensor([[3, 4]]), *past)
    torch.onnx.export(
        model, example, folder / "model.onnx", dynamo=False, opset_version=17, dynamic_axes=axes,
        input_names=["input_ids", "attention_mask", "position_ids", *names("past_key_values")],
        output_names=["logits", *names("present")])
    empty = [torch.zeros(1, KV_HEADS, 0, DIM)] * (2 * LAYERS)
    run = lambda x: model(x, torch.ones_like(x), torch.arange(x.shape[1])[None], *empty)[0]
    with torch.no_grad():
        logits = run(ids)
        greedy = ids
        for _ in range(24):
            greedy = torch.cat((greedy, run(greedy)[:, -1:].argmax(-1)), 1)
    logits.numpy().astype("<f4").tofile(folder / "golden-logits.f32")
    (folder / "golden.json").write_text(json.dumps({
        "torch": torch.__version__, "prompt": ids[0].tolist(),
        "greedy": greedy[0, ids.shape[1]:].tolist()}))
    (folder / "config.json").write_text(json.dumps({
        "model_type": "llama", "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS, "hidden_size": HIDDEN, "vocab_size": VOCAB,
        "max_position_embeddings": 256}))


class States(torch.nn.Module):
    def __init__(self, bert):
        super().__init__()
        self.bert = bert

    def forward(self, ids, mask, types):
        return self.bert(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state


def bert(folder):
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(8)
    config = transformers.BertConfig(
        vocab_size=96, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=64, attn_implementation="eager")
    model = States(transformers.BertModel(config, add_pooling_layer=False)).eval()
    for parameter in model.parameters():
        parameter.data.add_(0.1 * torch.randn_like(parameter))
    names = ["input_ids", "attention_mask", "token_type_ids"]
    ids = torch.randint(5, 96, (2, 7))
    mask = torch.tensor([[1] * 7, [1] * 4 + [0] * 3])
    axes = {n: {0: "batch", 1: "rows"} for n in (*names, "last_hidden_state")}
    torch.onnx.export(
        model, (ids, mask, torch.zeros_like(ids)), folder / "model.onnx", dynamo=False,
        opset_version=17, dynamic_axes=axes, input_names=names,
        output_names=["last_hidden_state"])
    cases = []
    for length in (1, 2, 7, 30):
        tokens = torch.randint(5, 96, (1, length))
        with torch.no_grad():
            states = model(tokens, torch.ones_like(tokens), torch.zeros_like(tokens))[0]
        mean = torch.nn.functional.normalize(states.mean(0), dim=0)
        first = torch.nn.functional.normalize(states[0], dim=0)
        cases.append({"ids": tokens[0].tolist(), "mean": mean.tolist(), "cls": first.tolist()})
    (folder / "golden.json").write_text(json.dumps({
        "torch": torch.__version__, "transformers": transformers.__version__, "cases": cases}))
    (folder / "config.json").write_text(json.dumps(config.to_dict()))


class Scores(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids, mask, types):
        return self.model(input_ids=ids, attention_mask=mask, token_type_ids=types).logits


def scores(folder, model, tokenizer, texts):
    """A cross-encoder or a classifier as Optimum exports it, with texts, ids and logits."""
    folder.mkdir(parents=True, exist_ok=True)
    model.config._attn_implementation = "eager"
    # The exporter puts the module back into the mode it found it in.
    graph = Scores(model).eval()
    encoded = [tokenizer(*t) for t in texts]
    tensors = lambda e: tuple(torch.tensor([e[n]]) for n in
                              ("input_ids", "attention_mask", "token_type_ids"))
    names = ["input_ids", "attention_mask", "token_type_ids"]
    torch.onnx.export(
        graph, tensors(encoded[0]), folder / "model.onnx", dynamo=False, opset_version=17,
        dynamic_axes={n: {0: "batch", 1: "rows"} for n in names} | {"logits": {0: "batch"}},
        input_names=names, output_names=["logits"])
    with torch.no_grad():
        logits = [graph(*tensors(e))[0].tolist() for e in encoded]
    (folder / "golden.json").write_text(json.dumps({
        "transformers": transformers.__version__, "texts": texts,
        "ids": [e["input_ids"] for e in encoded], "outputs": logits}))
    (folder / "config.json").write_text(json.dumps(model.config.to_dict()))


def rank(folder, source):
    """The reranker of models/core's tests, whose tokenizer lies there."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    model = transformers.BertForSequenceClassification.from_pretrained(
        source, attn_implementation="eager")
    scores(folder, model, tokenizer, json.loads((source / "golden.json").read_text())["texts"])


def classifier(folder, source):
    """Which of three models a request is for."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    torch.manual_seed(9)
    model = transformers.BertForSequenceClassification(transformers.BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=24, max_position_embeddings=48, attn_implementation="eager",
        id2label={0: "worker", 1: "orchestrator", 2: "code"}))
    for parameter in model.parameters():
        parameter.data.add_(0.3 * torch.randn_like(parameter))
    scores(folder, model, tokenizer, [["hello world"], ["what is a router"], ["two"]])


RANK = pathlib.Path(__file__).resolve().parents[4] / "core/src/test/resources/encoders/bert-rank"
decoder(OUT / "decoder")
bert(OUT / "bert")
rank(OUT / "rank", RANK)
classifier(OUT / "classifier", RANK)
