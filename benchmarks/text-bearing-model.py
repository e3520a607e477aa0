#!/usr/bin/env python3
"""A model for load runs: the tensors of one GGUF file, random weights perhaps, with the tokenizer of
another, so that every token has a text that a client can see. Ids beyond the tokenizer's get words
of their own. Needs the gguf package.

    text-bearing-model.py SHAPE.gguf TOKENIZER.gguf OUT.gguf
"""
import sys

from gguf import GGUFReader, GGUFWriter, GGUFValueType, TokenType


def put(writer, field):
    """Copies one metadata field."""
    kind = field.types[0]
    if kind == GGUFValueType.ARRAY:
        writer.add_key_value(field.name, field.contents(), kind, field.types[-1])
    else:
        writer.add_key_value(field.name, field.contents(), kind)


def main():
    shape, words, out = GGUFReader(sys.argv[1]), GGUFReader(sys.argv[2]), sys.argv[3]
    architecture = shape.fields["general.architecture"].contents()
    writer = GGUFWriter(out, architecture)
    for name, field in shape.fields.items():
        if not name.startswith(("GGUF.", "tokenizer.", "general.architecture")):
            put(writer, field)
    rows = next(int(t.shape[1]) for t in shape.tensors if t.name == "token_embd.weight")
    skipped = ("tokenizer.ggml.tokens", "tokenizer.ggml.token_type", "tokenizer.ggml.scores")
    for name, field in words.fields.items():
        if name.startswith("tokenizer.") and name not in skipped:
            put(writer, field)
    tokens = words.fields["tokenizer.ggml.tokens"].contents()
    types = words.fields["tokenizer.ggml.token_type"].contents()
    more = rows - len(tokens)
    writer.add_token_list(tokens + ["\u0120w%05d" % i for i in range(more)])
    writer.add_token_types(types + [int(TokenType.NORMAL)] * more)
    for tensor in shape.tensors:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


main()
