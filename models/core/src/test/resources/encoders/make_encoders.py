#!/usr/bin/env python3
"""Make tiny random encoders with the outputs that transformers computes for them.

    python3 make_encoders.py OUT [LLAMA_CPP_TOOLS CONVERTER]

Needs python3-torch, python3-transformers, python3-gguf and, for the GGUF files of
llama.cpp's converter, the folder of its tools and its convert_hf_to_gguf.py. For each
case OUT/<case>/ gets the model (a folder in the layout of sentence-transformers, or model.gguf)
and golden.json: texts, ids and segments as the model's own tokenizer makes them, and the outputs
in float32 on the CPU. Weights are random with a deviation of 0.3, so that wrong positions,
segments or poolings are far outside of any rounding.
"""
import json, os, shutil, sys
import numpy as np, torch
import transformers as T
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, decoders, trainers
import gguf

TEXTS = ["hello world", "The router sends a token to two experts.",
         "a", "Unaffable, naïve words; and so on: 2026!",
         "one two three four five six seven eight nine ten eleven twelve"]
PAIRS = [("what is a router", "A router sends tokens to experts."),
         ("what is a router", "Bread is made of flour and water."),
         ("hello", "hello world")]
OUT = sys.argv[1]
TOOLS = sys.argv[2] if len(sys.argv) > 3 else ""
CONVERTER = sys.argv[3] if len(sys.argv) > 3 else ""
VERSIONS = "transformers %s, torch %s" % (T.__version__, torch.__version__)


def wordpiece(folder):
    words = "the router send ##s a token to two expert un ##aff ##able naive word and so on hello " \
        "world what is one three four five six seven of bread made flour water ##ly".split()
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + words + list(".,;:!?") \
        + [c for c in letters if c != "a"] + ["##" + c for c in letters if c != "s"]
    tok = Tokenizer(models.WordPiece({w: i for i, w in enumerate(vocab)}, unk_token="[UNK]"))
    tok.normalizer = normalizers.BertNormalizer(lowercase=True)
    tok.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tok.decoder = decoders.WordPiece()
    tok.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    fast = T.BertTokenizerFast(tokenizer_object=tok, pad_token="[PAD]", unk_token="[UNK]",
                               cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]")
    fast.save_pretrained(folder)
    with open(folder + "/vocab.txt", "w") as f:
        f.write("\n".join(vocab) + "\n")
    return fast, len(vocab)


def byte_level(folder, last):
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.decoder = decoders.ByteLevel()
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    tok.train_from_iterator(TEXTS * 20, trainers.BpeTrainer(
        vocab_size=300, special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    if last:
        tok.post_processor = processors.TemplateProcessing(
            single="$A </s>", pair="$A $B </s>", special_tokens=[("</s>", 2)])
    else:
        tok.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0),
                                                          add_prefix_space=False)
    fast = T.PreTrainedTokenizerFast(tokenizer_object=tok, bos_token="<s>", eos_token="</s>",
                                     pad_token="<pad>", unk_token="<unk>")
    fast.save_pretrained(folder)
    return fast, tok.get_vocab_size()


def randomise(model, seed):
    g = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        p.data = torch.randn(p.shape, generator=g) * (0.1 if "orm" in name else 0.3)
        if "orm" in name and name.endswith("weight"):
            p.data += 1
    return model.eval()


def modules(folder, pooling, normalize):
    entries = [("", "Transformer"), ("1_Pooling", "Pooling")] \
        + ([("2_Normalize", "Normalize")] if normalize else [])
    with open(folder + "/modules.json", "w") as f:
        json.dump([{"idx": i, "name": str(i), "path": p, "type": "sentence_transformers.models." + t}
                   for i, (p, t) in enumerate(entries)], f, indent=1)
    os.makedirs(folder + "/1_Pooling", exist_ok=True)
    with open(folder + "/1_Pooling/config.json", "w") as f:
        json.dump({"word_embedding_dimension": 0, "pooling_mode_cls_token": pooling == "cls",
                   "pooling_mode_mean_tokens": pooling == "mean",
                   "pooling_mode_max_tokens": False,
                   "pooling_mode_lasttoken": pooling == "last"}, f, indent=1)


def golden(folder, task, texts, encoded, outputs):
    with open(folder + "/golden.json", "w") as f:
        json.dump({"made_by": "make_encoders.py", "versions": VERSIONS, "task": task,
                   "texts": texts, "ids": [e["input_ids"] for e in encoded],
                   "segments": [e.get("token_type_ids", [0] * len(e["input_ids"]))
                                for e in encoded],
                   "outputs": [[float(v) for v in o] for o in outputs]}, f)


def pooled(states, pooling, normalize):
    v = {"mean": states.mean(0), "cls": states[0], "last": states[-1]}[pooling]
    return torch.nn.functional.normalize(v, dim=0) if normalize else v


def tensors(e, segments=True):
    t = {"input_ids": torch.tensor([e["input_ids"]])}
    if segments and "token_type_ids" in e:
        t["token_type_ids"] = torch.tensor([e["token_type_ids"]])
    return t


def embedding(folder, tok, model, pooling, normalize, texts=TEXTS):
    encoded = [tok(t) for t in texts]
    with torch.no_grad():
        out = [pooled(model(**tensors(e)).last_hidden_state[0], pooling, normalize)
               for e in encoded]
    golden(folder, "EMBEDDING", texts, encoded, out)


def reranker(folder, tok, model):
    encoded = [tok(q, d) for q, d in PAIRS]
    with torch.no_grad():
        out = [model(**tensors(e)).logits[0] for e in encoded]
    golden(folder, "RERANKER", PAIRS, encoded, out)


def prepared(name):
    folder = os.path.join(OUT, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return folder


def small(vocab, **more):
    return dict(dict(vocab_size=vocab, hidden_size=24, num_hidden_layers=2, num_attention_heads=2,
                     intermediate_size=40, max_position_embeddings=48), **more)


def save(model, folder):
    model.save_pretrained(folder, safe_serialization=True)


def bert():
    folder = prepared("bert-mean")
    tok, vocab = wordpiece(folder)
    model = randomise(T.BertModel(T.BertConfig(**small(vocab)), add_pooling_layer=False), 1)
    save(model, folder)
    modules(folder, "mean", True)
    embedding(folder, tok, model, "mean", True)

    folder = prepared("bert-rank")
    tok, vocab = wordpiece(folder)
    model = randomise(T.BertForSequenceClassification(
        T.BertConfig(**small(vocab, num_hidden_layers=1, num_labels=1))), 2)
    save(model, folder)
    reranker(folder, tok, model)


def roberta():
    folder = prepared("roberta-cls")
    tok, vocab = byte_level(folder, last=False)
    config = T.RobertaConfig(**small(vocab, num_hidden_layers=1, type_vocab_size=1,
                                     pad_token_id=1))
    model = randomise(T.RobertaModel(config, add_pooling_layer=False), 3)
    save(model, folder)
    modules(folder, "cls", False)
    embedding(folder, tok, model, "cls", False)


def xlmr():
    """XLM-RoBERTa: an embedder in a folder, and a reranker in a GGUF file of the converter's
    layout, which leaves out the rows of positions that RoBERTa never uses. The tokenizer is
    ../tokenizer/unigram, made by make_unigram.py."""
    folder = prepared("xlmr-mean")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tokenizer/unigram")
    tok = T.PreTrainedTokenizerFast(tokenizer_file=source + "/tokenizer.json", bos_token="<s>",
                                    eos_token="</s>", pad_token="<pad>", unk_token="<unk>")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(source + "/" + name, folder + "/" + name)
    texts = TEXTS[:3] + ["東京は日本の首都です。", "ＦＵＬＬ　ｗｉｄｔｈ cafe\u0301", "Быстрая лиса"]
    shape = dict(small(len(tok), num_hidden_layers=1, type_vocab_size=1, pad_token_id=1,
                       bos_token_id=0, eos_token_id=2, layer_norm_eps=1e-5))
    model = randomise(T.XLMRobertaModel(T.XLMRobertaConfig(**shape), add_pooling_layer=False), 8)
    save(model, folder)
    modules(folder, "mean", True)
    embedding(folder, tok, model, "mean", True, texts)

    folder = prepared("xlmr-rank")
    model = randomise(T.XLMRobertaForSequenceClassification(
        T.XLMRobertaConfig(**dict(shape, num_labels=1))), 9)
    reranker(folder, tok, model)
    s = {k: v.numpy() for k, v in model.state_dict().items()}
    w = gguf.GGUFWriter(folder + "/model.gguf", "bert")
    w.add_context_length(46); w.add_embedding_length(24); w.add_block_count(1)
    w.add_feed_forward_length(40); w.add_head_count(2); w.add_layer_norm_eps(1e-5)
    w.add_causal_attention(False); w.add_pooling_type(gguf.PoolingType.RANK)
    vocabulary = gguf.GGUFReader(source + "/vocab.gguf")
    for name, field in vocabulary.fields.items():
        if name.startswith("tokenizer."):
            kind = field.types[-1] if len(field.types) > 1 else None
            w.add_key_value(name, field.contents(), field.types[0], kind)
    w.add_token_type_count(1)
    e = "roberta.embeddings."
    l = "roberta.encoder.layer.0."
    stored = {"token_embd": e + "word_embeddings", "token_embd_norm": e + "LayerNorm",
              "blk.0.attn_q": l + "attention.self.query", "blk.0.attn_k": l + "attention.self.key",
              "blk.0.attn_v": l + "attention.self.value",
              "blk.0.attn_output": l + "attention.output.dense",
              "blk.0.attn_output_norm": l + "attention.output.LayerNorm",
              "blk.0.ffn_up": l + "intermediate.dense", "blk.0.ffn_down": l + "output.dense",
              "blk.0.layer_output_norm": l + "output.LayerNorm",
              "cls": "classifier.dense", "cls.output": "classifier.out_proj"}
    for name, theirs in stored.items():
        for part in ("weight", "bias"):
            if theirs + "." + part in s:
                w.add_tensor(name + "." + part, np.ascontiguousarray(s[theirs + "." + part]))
    w.add_tensor("token_types.weight", s[e + "token_type_embeddings.weight"])
    w.add_tensor("position_embd.weight",
                 np.ascontiguousarray(s[e + "position_embeddings.weight"][2:]))
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()


def nomic():
    """A GGUF file of the layout that converters make: fused q, k, v; gate and up apart."""
    folder = prepared("nomic-mean")
    tok, vocab = wordpiece(folder)
    config = T.NomicBertConfig(**small(vocab, num_hidden_layers=1, head_dim=12))
    model = randomise(T.NomicBertModel(config), 4)
    embedding(folder, tok, model, "mean", True)
    s = {k: v.numpy() for k, v in model.state_dict().items()}
    w = gguf.GGUFWriter(folder + "/model.gguf", "nomic-bert")
    w.add_context_length(48); w.add_embedding_length(24); w.add_block_count(1)
    w.add_feed_forward_length(40); w.add_head_count(2); w.add_layer_norm_eps(1e-12)
    w.add_causal_attention(False); w.add_pooling_type(gguf.PoolingType.MEAN)
    w.add_rope_freq_base(config.rope_parameters["rope_theta"])
    w.add_token_type_count(2)
    names = json.load(open(folder + "/tokenizer.json"))["model"]["vocab"]
    words = sorted(names, key=names.get)
    w.add_tokenizer_model("bert"); w.add_tokenizer_pre("default")
    w.add_token_list([t if t[0] == "[" else t[2:] if t.startswith("##") else "\u2581" + t
                      for t in words])
    w.add_token_types([3 if t[0] == "[" else 1 for t in words])
    w.add_sep_token_id(3); w.add_unk_token_id(1); w.add_pad_token_id(0)
    w.add_bos_token_id(2); w.add_eos_token_id(3)
    l = "layers.0."
    stored = {"token_embd.weight": s["embeddings.word_embeddings.weight"],
              "token_types.weight": s["embeddings.token_type_embeddings.weight"],
              "token_embd_norm.weight": s["embeddings.LayerNorm.weight"],
              "token_embd_norm.bias": s["embeddings.LayerNorm.bias"],
              "blk.0.attn_qkv.weight": np.concatenate([s[l + "self_attn.%s_proj.weight" % p]
                                                       for p in "qkv"]),
              "blk.0.attn_output.weight": s[l + "self_attn.o_proj.weight"],
              "blk.0.attn_output_norm.weight": s[l + "post_attention_layernorm.weight"],
              "blk.0.attn_output_norm.bias": s[l + "post_attention_layernorm.bias"],
              "blk.0.ffn_gate.weight": s[l + "mlp.gate_proj.weight"],
              "blk.0.ffn_up.weight": s[l + "mlp.up_proj.weight"],
              "blk.0.ffn_down.weight": s[l + "mlp.down_proj.weight"],
              "blk.0.layer_output_norm.weight": s[l + "post_mlp_layernorm.weight"],
              "blk.0.layer_output_norm.bias": s[l + "post_mlp_layernorm.bias"]}
    for name, value in stored.items():
        w.add_tensor(name, np.ascontiguousarray(value))
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()
    for extra in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        os.remove(folder + "/" + extra)


def qwen3():
    folder = prepared("qwen3-last")
    tok, vocab = byte_level(folder, last=True)
    config = T.Qwen3Config(**small(vocab, num_attention_heads=2, num_key_value_heads=1,
                                   head_dim=16, max_position_embeddings=128,
                                   tie_word_embeddings=True, pad_token_id=1,
                                   bos_token_id=0, eos_token_id=2))
    model = randomise(T.Qwen3Model(config), 5)
    save(model, folder)
    modules(folder, "last", True)
    long = " ".join(TEXTS)
    embedding(folder, tok, model, "last", True, TEXTS + [long[:90]])


def question():
    """A reranker on a decoder, in GGUF as llama.cpp's converter writes Qwen3-Reranker: two rows of
    a head for yes and no, and a prompt of its own. The score is the probability of yes."""
    folder = prepared("qwen3-rank")
    tok, vocab = byte_level(folder, last=False)
    config = T.Qwen3Config(**small(vocab, num_hidden_layers=1, num_attention_heads=2,
                                   num_key_value_heads=1, head_dim=16,
                                   max_position_embeddings=128, pad_token_id=1))
    model = randomise(T.Qwen3Model(config), 6)
    head = torch.randn((2, 24), generator=torch.Generator().manual_seed(7)) * 0.3
    template = "<s>query: {query}\n document: {document}</s>answer:"
    encoded = [tok(template.replace("{query}", q).replace("{document}", d),
                   add_special_tokens=False) for q, d in PAIRS]
    with torch.no_grad():
        out = [torch.softmax(head @ model(**tensors(e)).last_hidden_state[0][-1], 0)[:1]
               for e in encoded]
    golden(folder, "RERANKER", PAIRS, encoded, out)
    s = {k: v.numpy() for k, v in model.state_dict().items()}
    w = gguf.GGUFWriter(folder + "/model.gguf", "qwen3")
    w.add_context_length(128); w.add_embedding_length(24); w.add_block_count(1)
    w.add_feed_forward_length(40); w.add_head_count(2); w.add_head_count_kv(1)
    w.add_key_length(16); w.add_value_length(16); w.add_layer_norm_rms_eps(1e-6)
    w.add_rope_freq_base(10000.0); w.add_pooling_type(gguf.PoolingType.RANK)
    w.add_classifier_output_labels(["yes", "no"])
    parsed = json.load(open(folder + "/tokenizer.json"))["model"]
    w.add_tokenizer_model("gpt2"); w.add_tokenizer_pre("gpt-2")
    w.add_token_list(sorted(parsed["vocab"], key=parsed["vocab"].get))
    w.add_token_types([3 if i < 4 else 1 for i in range(vocab)])
    w.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in parsed["merges"]])
    w.add_bos_token_id(0); w.add_eos_token_id(2)
    w.add_string("tokenizer.chat_template.rerank", template)
    l = "layers.0."
    stored = {"token_embd.weight": s["embed_tokens.weight"], "output_norm.weight": s["norm.weight"],
              "cls.output.weight": head.numpy()}
    for ours, theirs in (("attn_norm", "input_layernorm"), ("ffn_norm", "post_attention_layernorm"),
                         ("attn_q", "self_attn.q_proj"), ("attn_k", "self_attn.k_proj"),
                         ("attn_v", "self_attn.v_proj"), ("attn_output", "self_attn.o_proj"),
                         ("attn_q_norm", "self_attn.q_norm"), ("attn_k_norm", "self_attn.k_norm"),
                         ("ffn_gate", "mlp.gate_proj"), ("ffn_up", "mlp.up_proj"),
                         ("ffn_down", "mlp.down_proj")):
        stored["blk.0.%s.weight" % ours] = s[l + theirs + ".weight"]
    for name, value in stored.items():
        w.add_tensor(name, np.ascontiguousarray(value))
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()
    for extra in ("tokenizer.json", "tokenizer_config.json"):
        os.remove(folder + "/" + extra)


def convert(name):
    """llama.cpp's own converter writes NAME-gguf/model.gguf, so that its layout is what is read."""
    import importlib.util
    from pathlib import Path
    sys.path.insert(0, TOOLS)
    from conversion.base import TextModel
    # The converter knows vocabularies by a hash of what they do to a text; these are new to it.
    TextModel.get_vocab_base_pre = lambda self, tokenizer: "gpt-2"
    spec = importlib.util.spec_from_file_location("conv", CONVERTER)
    conv = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conv)
    source = os.path.join(OUT, name)
    folder = prepared(name + "-gguf")
    architecture = json.load(open(source + "/config.json"))["architectures"][0]
    with torch.inference_mode():
        cls = conv.get_model_class(architecture) if hasattr(conv, "get_model_class") \
            else conv.ModelBase.from_model_architecture(architecture)
        if architecture.startswith("Qwen3"):
            cls.set_vocab = lambda self: self._set_vocab_gpt2()
        cls(Path(source), gguf.LlamaFileType.ALL_F32, Path(folder + "/model.gguf")).write()
    shutil.copy(source + "/golden.json", folder + "/golden.json")


if __name__ == "__main__":
    bert()
    roberta()
    xlmr()
    nomic()
    qwen3()
    question()
    if TOOLS:
        convert("bert-mean")
        convert("qwen3-last")
