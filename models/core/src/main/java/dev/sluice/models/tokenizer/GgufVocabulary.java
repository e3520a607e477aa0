package dev.sluice.models.tokenizer;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.tokenizer.Vocabulary.Roles;
import dev.sluice.models.tokenizer.Vocabulary.SplitOut;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;

/// A [Vocabulary] from the `tokenizer.ggml.*` keys of a GGUF file. Defaults for absent keys are
/// libllama's. Whatever the metadata say, the only exceptions are `MalformedModelException` and
/// `UnsupportedModelException`.
public final class GgufVocabulary {
    private static final String KEY = "tokenizer.ggml.";

    private final VocabularySource source;
    private final TextTable texts;
    private final TextIndex index;
    private final TokenType[] types;

    private GgufVocabulary(VocabularySource source) {
        this.source = source;
        this.texts = named(source.texts(KEY + "tokens"));
        this.index = new TextIndex(texts);
        this.types = types();
    }

    public static Vocabulary read(VocabularySource source) {
        for (String key : List.of("model", "tokens")) {
            if (!source.has(KEY + key)) {
                throw new MalformedModelException(source.path(),
                        "no " + KEY + key + ": the file has no vocabulary");
            }
        }
        try {
            return new GgufVocabulary(source).vocabulary();
        } catch (IllegalArgumentException e) {
            throw new MalformedModelException(source.path(), e.getMessage());
        }
    }

    private Vocabulary vocabulary() {
        float[] scores = source.has(KEY + "scores") ? source.floats(KEY + "scores") : new float[0];
        Kind kind = kind(scores);
        Roles roles = roles(kind);
        return new Vocabulary(new Vocabulary.Tokens(index, types, scores), kind.model(), roles,
                splitOut(), warnings());
    }

    private List<String> warnings() {
        boolean named = source.has(KEY + "pre")
                && !source.string(KEY + "pre").equals(NamedPreTokenizer.DEFAULT);
        return named || !source.string(KEY + "model").equals("gpt2") ? List.of()
                : List.of("the file names no pre-tokenizer (" + KEY + "pre): text is divided by a "
                        + "default that few models were trained with, so answers will be worse");
    }

    /// A model with what its kind implies where the file is silent: ids, negative for none, and
    /// whether BOS is added.
    private record Kind(TokenModel model, int bos, int eos, int unknown, boolean addBos) { }

    private Kind kind(float[] scores) {
        String model = source.string(KEY + "model");
        return switch (model) {
            case "llama" -> new Kind(
                    new TokenModel.SentencePiece(flag("add_space_prefix", true)), 1, 2, 0, true);
            case "bert" -> {
                boolean lowerCase = flag("normalizer.lowercase", true);
                yield new Kind(new TokenModel.WordPiece(lowerCase,
                        flag("normalizer.strip_accents", lowerCase), false, Integer.MAX_VALUE),
                        101, -1, 100, true);
            }
            case "gpt2" -> byteLevel();
            case "t5" -> unigram(scores);
            default -> throw new UnsupportedModelException(
                    "tokenizer model '%s' is not supported; known: bert, gpt2, llama, t5"
                            .formatted(model));
        };
    }

    private Kind unigram(float[] scores) {
        if (scores.length < texts.size()) {
            throw new MalformedModelException(source.path(), "%d tokens, %d scores".formatted(
                    texts.size(), scores.length));
        }
        if (flag("treat_whitespace_as_suffix", false)) {
            throw new UnsupportedModelException(source.path()
                    + ": tokenizer.ggml.treat_whitespace_as_suffix is not supported");
        }
        var exact = new double[scores.length];
        for (int id = 0; id < exact.length; id++) {
            exact[id] = scores[id];
        }
        byte[] charsmap = source.has(KEY + "precompiled_charsmap")
                ? source.bytes(KEY + "precompiled_charsmap") : new byte[0];
        var map = new CharacterMap(charsmap);
        boolean prefix = flag("add_space_prefix", false);
        boolean merged = flag("remove_extra_whitespaces", false);
        TokenModel.TextRule spaces = (text, _) -> Spaces.marked(text, prefix, merged);
        return new Kind(new TokenModel.Unigram(PreTokenizer.whole(), exact, false,
                prefix || merged, List.of((text, _) -> map.rewriteLongest(text), spaces)),
                -1, 1, 2, false);
    }

    private Kind byteLevel() {
        String name = source.has(KEY + "pre")
                ? source.string(KEY + "pre") : NamedPreTokenizer.DEFAULT;
        NamedPreTokenizer pre = NamedPreTokenizer.named(name);
        if (!source.has(KEY + "merges") && !name.equals("kimi-k2")) {
            throw new MalformedModelException(source.path(), "no " + KEY + "merges");
        }
        Merges merges = Merges.divided(source.has(KEY + "merges")
                ? source.texts(KEY + "merges") : TextTable.of(List.of()));
        boolean glm = name.equals("chatglm-bpe") || name.equals("glm4");
        return new Kind(new TokenModel.ByteLevelBpe(
                pre.splitter(), merges, pre.ignoreMerges(), List.of()),
                glm ? -1 : 11, 11, -1, pre.addBos());
    }

    private Roles roles(Kind kind) {
        OptionalInt bos = id("bos_token_id", kind.bos());
        OptionalInt eos = id("eos_token_id", kind.eos());
        boolean wordPiece = kind.model() instanceof TokenModel.WordPiece;
        OptionalInt separator = id("seperator_token_id", wordPiece ? 102 : -1);
        var ends = new HashSet<Integer>();
        eos.ifPresent(ends::add);
        for (String key : List.of("eot", "eom", "fim_pad", "fim_rep", "fim_sep")) {
            id(key + "_token_id", -1).ifPresent(ends::add);
        }
        Set<Integer> all = new MarkTexts(index, types).correct(ends);
        var prefix = new ArrayList<Integer>();
        var suffix = new ArrayList<Integer>();
        if (wordPiece || flag("add_bos_token", kind.addBos())) {
            bos.ifPresent(prefix::add);
        }
        if (wordPiece) {
            separator.ifPresent(suffix::add);
        } else if (flag("add_eos_token", kind.model() instanceof TokenModel.Unigram)) {
            eos.ifPresent(suffix::add);
        }
        return new Roles(bos, eos, id("unknown_token_id", kind.unknown()),
                List.copyOf(prefix), List.copyOf(suffix), all);
    }

    /// The id that a key gives, else the default; one outside the vocabulary is as good as none.
    private OptionalInt id(String key, int absent) {
        long id = source.has(KEY + key) ? source.integer(KEY + key) : absent;
        if (id < 0 || id >= texts.size()) {
            id = absent;
        }
        return id < 0 || id >= texts.size() ? OptionalInt.empty() : OptionalInt.of((int) id);
    }

    private boolean flag(String key, boolean absent) {
        return source.has(KEY + key) ? source.flag(KEY + key) : absent;
    }

    private TokenType[] types() {
        var all = new TokenType[texts.size()];
        Arrays.fill(all, TokenType.NORMAL);
        if (source.has(KEY + "token_type")) {
            int[] codes = source.integers(KEY + "token_type");
            if (codes.length < all.length) {
                throw new IllegalArgumentException(
                        "%d tokens, %d token types".formatted(all.length, codes.length));
            }
            for (int i = 0; i < all.length; i++) {
                all[i] = TokenType.ofGguf(codes[i]);
            }
        }
        return all;
    }

    /// Control and unknown tokens where they are parsed, user-defined ones everywhere. GGUF does
    /// not say which take the space beside them; Phi-3's do, known by the model's name.
    private List<SplitOut> splitOut() {
        String name = source.has("general.name")
                ? source.string("general.name").toLowerCase(Locale.ROOT) : "";
        boolean phi3 = name.contains("phi-3") || name.contains("phi3");
        var out = new ArrayList<SplitOut>();
        for (int id = 0; id < types.length; id++) {
            switch (types[id]) {
                case CONTROL, UNKNOWN -> out.add(new SplitOut(id, true, false,
                        phi3 && stripsRight(texts.text(id)), false));
                case USER_DEFINED -> out.add(new SplitOut(id, false, false,
                        phi3 && stripsRight(texts.text(id)), false));
                case NORMAL, UNUSED, BYTE -> { }
            }
        }
        return out;
    }

    private static boolean stripsRight(String text) {
        return !List.of("<unk>", "<s>", "<|endoftext|>").contains(text);
    }

    /// A token without text is named `[EMPTY_i]`, so that it has a name and is never written.
    private static TextTable named(TextTable texts) {
        boolean empty = false;
        for (int i = 0; i < texts.size(); i++) {
            empty |= texts.length(i) == 0;
        }
        if (!empty) {
            return texts;
        }
        var names = new ArrayList<String>();
        for (int i = 0; i < texts.size(); i++) {
            names.add(texts.length(i) == 0 ? "[EMPTY_" + i + "]" : texts.text(i));
        }
        return TextTable.of(names);
    }
}
