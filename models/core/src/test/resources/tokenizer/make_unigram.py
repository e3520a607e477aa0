"""Makes the Unigram vocabulary of the tests, in two steps.

  python3 make_unigram.py train WORK        needs sentencepiece: a model of some 250 pieces
                                            with a character map of its own, WORK/tiny.model
  python3 make_unigram.py goldens WORK OUT  needs tokenizers and gguf: OUT/tokenizer.json as XLM-R's
                                            look, OUT/vocab.gguf as llama.cpp's converter writes
                                            them, OUT/goldens.json.gz with the ids of HuggingFace's
                                            tokenizers ("hf") for many texts and, where
                                            LLAMA_TOKENIZE names that program of llama.cpp, its
                                            ids ("gguf")
"""
import base64, gzip, json, os, random, subprocess, sys, unicodedata

TEXTS = [
    "The router sends a token to two experts.", "hello world", "Hello, World! How are you?",
    "Der Schnee fällt leise über die Straße.", "Où est la bibliothèque ? C'est déjà l'été.",
    "¿Dónde está el niño pequeño?", "Быстрая коричневая лиса прыгает.", "Ελληνικά γράμματα εδώ.",
    "東京は日本の首都です。", "ﾊﾟｿｺﾝとｶﾞｽ", "你好，世界。机器学习很有趣。", "한국어 문장을 나눕니다.",
    "مرحبا بالعالم كيف الحال", "שלום עולם מה שלומך", "नमस्ते दुनिया, आप कैसे हैं?",
    "สวัสดีชาวโลก", "வணக்கம் உலகம்", "ሰላም ለዓለም", "გამარჯობა მსოფლიო", "Xin chào thế giới",
    "½ cup ①②③ ™ ﬁne ﬂow ㎏ Ⅳ", "ＦＵＬＬ　ｗｉｄｔｈ　１２３", "cafe\u0301 nai\u0308ve", "😀 emoji 👍🏽 👨‍👩‍👧",
]
ODD = [
    "", " ", "  ", "a", " a ", "a  b", "\t\n a\r\nb \u00a0c\u3000d", "▁", "▁▁a▁ b▁", "a▁b", "\u200b\u200dx\ufeff",
    "\x00\x01\x7f", "e\u0301e\u0301\u0323", "\u0301", "x\u0301\u0302\u0303", "\u1100\u1161\u11a8",
    "ﾊﾞﾊﾟﾊ\u3099ﾊ", "\r\n\r\n", "①", "½½", "ﬁﬁ", "ﷺ", "㎏/㎡", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "🇩🇪🇫🇷", "👍🏽", "a" * 70, "東" * 40,
    "<unk>", "x<mask>y", " <mask> ", "<s>a</s>", "supercalifragilistic", "1234567890",
    "…", "“quoted” – dash—dash", "\ud7ff\ue000\uffff", "ñ n\u0303", "Å Å A\u030a", "ǆ Ǆ", "ſt ﬆ", "٣ ۳",
    "क्षि क्ष", "กำ", "\u0e33", "\u2028x\u2029y\u0085z", "\u3000", "x\u00ad y",
]
SPECIALS = ["<s>", "<pad>", "</s>", "<unk>"]


def rules():
    """A share of NFKC: what stands for what, in code points."""
    out = {}
    ranges = [(0xA0, 0xBF), (0xFF01, 0xFF5E), (0xFF66, 0xFF9F), (0x2460, 0x2473), (0x2160, 0x216B),
              (0xFB00, 0xFB06), (0x3380, 0x33A1), (0x2000, 0x200A), (0x1D518, 0x1D537),
              (0xFDFA, 0xFDFA), (0x0E33, 0x0E33), (0x2026, 0x2026), (0x2122, 0x2122),
              (0x212B, 0x212B), (0x01C4, 0x01C6), (0x3000, 0x3000)]
    for first, last in ranges:
        for c in range(first, last + 1):
            to = unicodedata.normalize("NFKC", chr(c))
            if to != chr(c):
                out[chr(c)] = to
    for c in list(range(0xC0, 0x100)) + [0x1EBF, 0x1EDB, 0x030A + 0]:
        apart = unicodedata.normalize("NFD", chr(c))
        if apart != chr(c):
            out[apart] = chr(c)
    for base in range(0xFF76, 0xFF8F):
        for mark in "\uff9e\uff9f":
            pair = unicodedata.normalize("NFKC", chr(base) + mark)
            if len(pair) == 1:
                out[chr(base) + mark] = pair
    for l in (0x1100, 0x1102):
        for v in (0x1161, 0x1163):
            out[chr(l) + chr(v)] = unicodedata.normalize("NFC", chr(l) + chr(v))
            out[chr(l) + chr(v) + "\u11a8"] = unicodedata.normalize("NFC", chr(l) + chr(v) + "\u11a8")
    for c in "\t\n\r\u0085\u2028\u2029\u200b\u200d\ufeff":
        out[c] = " "
    for c in "\x01\x7f\u00ad":
        out[c] = ""
    return out


def train(work):
    import sentencepiece as spm
    os.makedirs(work, exist_ok=True)
    with open(work + "/rules.tsv", "w") as f:
        for a, b in sorted(rules().items()):
            f.write(" ".join("%X" % ord(c) for c in a) + "\t"
                    + " ".join("%X" % ord(c) for c in b) + "\n")
    with open(work + "/texts.txt", "w") as f:
        f.write("\n".join(TEXTS * 30) + "\n")
    spm.SentencePieceTrainer.train(
        input=work + "/texts.txt", model_prefix=work + "/tiny", model_type="unigram",
        vocab_size=420, character_coverage=0.995, hard_vocab_limit=False,
        normalization_rule_tsv=work + "/rules.tsv", num_threads=1)
    p = spm.SentencePieceProcessor(model_file=work + "/tiny.model")
    with open(work + "/pieces.json", "w") as f:
        json.dump([[p.id_to_piece(i), p.get_score(i)] for i in range(p.get_piece_size())], f)
    # Fields of the model's protobuf: 3 is the normalizer, in it 2 the character map.
    data = open(work + "/tiny.model", "rb").read()
    with open(work + "/charsmap", "wb") as f:
        f.write(field(field(data, 3), 2))


def field(data, wanted):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            _, at = varint(data, at)
        elif key & 7 == 5:
            at += 4
        elif key & 7 == 1:
            at += 8
        else:
            size, at = varint(data, at)
            if key >> 3 == wanted:
                return data[at:at + size]
            at += size
    return b""


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


def texts():
    r = random.Random(20261121)
    out = TEXTS + ODD
    letters = sorted(set("".join(TEXTS + ODD)))
    for _ in range(300):
        out.append("".join(r.choice(letters) for _ in range(r.randint(1, 30))))
    words = " ".join(TEXTS).split()
    for _ in range(100):
        out.append(r.choice([" ", "  ", "\n", "\u3000"]).join(
            r.choice(words) for _ in range(r.randint(2, 8))))
    return [t for t in out if not any(0xD800 <= ord(c) < 0xE000 for c in t)]


def goldens(work, out):
    from tokenizers import Tokenizer, AddedToken, models, normalizers, pre_tokenizers, processors
    os.makedirs(out, exist_ok=True)
    pieces = json.load(open(work + "/pieces.json"))
    charsmap = open(work + "/charsmap", "rb").read()
    # fairseq's order: its four marks, the pieces but for SentencePiece's own three, the mask.
    vocab = [(t, 0.0) for t in SPECIALS] + [(t, s) for t, s in pieces[3:]] + [("<mask>", 0.0)]
    tok = Tokenizer(models.Unigram(vocab, unk_id=3))
    tok.normalizer = normalizers.Precompiled(charsmap)
    tok.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tok.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)])
    tok.add_special_tokens([AddedToken(t, special=True) for t in SPECIALS]
                           + [AddedToken("<mask>", lstrip=True, special=True)])
    tok.save(out + "/tokenizer.json", pretty=False)
    with open(out + "/tokenizer_config.json", "w") as f:
        json.dump({"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>",
                   "pad_token": "<pad>", "mask_token": "<mask>"}, f)
    all_texts = texts()
    result = {"made_by": "make_unigram.py", "texts": all_texts,
              "hf": [tok.encode(t, add_special_tokens=False).ids for t in all_texts]}
    write_gguf(out, vocab, charsmap)
    program = os.environ.get("LLAMA_TOKENIZE", "")
    if program:
        result["gguf"] = [tokenized(program, out + "/vocab.gguf", t) for t in all_texts]
    with gzip.GzipFile(out + "/goldens.json.gz", "wb", mtime=0) as f:
        f.write(json.dumps(result, ensure_ascii=False).encode("utf-8"))
    print(len(vocab), "tokens,", len(charsmap), "bytes of charsmap,", len(all_texts), "texts")


def write_gguf(out, vocab, charsmap):
    import gguf
    w = gguf.GGUFWriter(out + "/vocab.gguf", "bert")
    w.add_tokenizer_model("t5"); w.add_tokenizer_pre("default")
    w.add_token_list([t for t, _ in vocab])
    w.add_token_scores([s for _, s in vocab])
    w.add_token_types([3, 3, 3, 2] + [1] * (len(vocab) - 5) + [3])
    w.add_add_space_prefix(True); w.add_remove_extra_whitespaces(True)
    w.add_precompiled_charsmap(charsmap)
    w.add_token_type_count(1)
    w.add_bos_token_id(0); w.add_eos_token_id(2); w.add_unk_token_id(3)
    w.add_sep_token_id(2); w.add_pad_token_id(1); w.add_mask_token_id(len(vocab) - 1)
    w.add_add_bos_token(True); w.add_add_eos_token(True); w.add_add_sep_token(True)
    w.write_header_to_file(); w.write_kv_data_to_file(); w.close()


def tokenized(program, model, text):
    if "\x00" in text:
        return None
    got = subprocess.run([program, "-m", model, "--stdin", "--ids", "--no-bos", "--log-disable",
                          "--no-escape", "--no-parse-special"],
                         input=text.encode("utf-8"), capture_output=True)
    line = got.stdout.decode().strip()
    return json.loads(line) if got.returncode == 0 and line.startswith("[") else None


if __name__ == "__main__":
    if sys.argv[1] == "train":
        train(sys.argv[2])
    else:
        goldens(sys.argv[2], sys.argv[3])
