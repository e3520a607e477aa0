package dev.sluice.models.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;
import java.util.Set;

/// The tokenizer of a [Vocabulary]: special tokens are split out, guards dropped, and what is left
/// goes through the model. Immutable but for caches that any thread may use.
final class VocabularyTokenizer implements Tokenizer {
    private final Vocabulary vocabulary;
    private final TextIndex names;
    private final SpecialTokens specials;
    private final FragmentEncoder encoder;

    VocabularyTokenizer(Vocabulary vocabulary) {
        this.vocabulary = vocabulary;
        this.names = vocabulary.index();
        this.specials = new SpecialTokens(vocabulary);
        this.encoder = switch (vocabulary.model()) {
            case TokenModel.ByteLevelBpe model -> new ByteLevelEncoder(vocabulary, model);
            case TokenModel.CharacterBpe model -> new CharacterEncoder(vocabulary, model);
            case TokenModel.SentencePiece model -> new SentencePieceEncoder(vocabulary, model);
            case TokenModel.Unigram model -> new UnigramEncoder(vocabulary, model);
            case TokenModel.WordPiece model -> new WordPieceEncoder(vocabulary, model);
        };
    }

    @Override
    public int vocabSize() { return vocabulary.size(); }

    @Override
    public int[] encode(String text, Special special) {
        char[] chars = Utf8.wellFormed(text);
        var out = new TokenIds(chars.length / 3 + 8);
        specials.split(chars, special, new SpecialTokens.Parts() {
            @Override
            public void text(int from, int to) {
                fragment(chars, from, to, out);
            }

            @Override
            public void token(int id) {
                out.add(id);
            }
        });
        return out.toArray();
    }

    private void fragment(char[] chars, int from, int to, TokenIds out) {
        int kept = 0;
        for (int i = from; i < to; i++) {
            kept += chars[i] == GUARD ? 0 : 1;
        }
        if (kept == to - from) {
            encoder.encode(chars, from, to, from == 0, out);
        } else if (kept > 0) {
            char[] unguarded = new char[kept];
            int n = 0;
            for (int i = from; i < to; i++) {
                if (chars[i] != GUARD) {
                    unguarded[n++] = chars[i];
                }
            }
            encoder.encode(unguarded, 0, kept, from == 0, out);
        }
    }

    @Override
    public int[] encodePrompt(String text) {
        int[] ids = encode(text, Special.PARSE);
        var prefix = vocabulary.roles().prefix();
        var suffix = vocabulary.roles().suffix();
        boolean begun = !prefix.isEmpty() && ids.length > 0 && ids[0] == prefix.getFirst();
        boolean ended = !suffix.isEmpty() && ids.length > 0
                && ids[ids.length - 1] == suffix.getLast();
        return framed(ids, !begun, !ended);
    }

    @Override
    public int[] withBosAndEos(int[] ids) {
        return framed(ids, true, true);
    }

    private int[] framed(int[] ids, boolean begin, boolean end) {
        var out = new TokenIds(ids.length + 4);
        if (begin) {
            vocabulary.roles().prefix().forEach(out::add);
        }
        out.addAll(ids);
        if (end) {
            vocabulary.roles().suffix().forEach(out::add);
        }
        return out.toArray();
    }

    @Override
    public byte[] bytes(int tokenId) {
        String text = name(tokenId);
        return switch (vocabulary.type(tokenId)) {
            case CONTROL, UNKNOWN, UNUSED -> new byte[0];
            case USER_DEFINED -> text.getBytes(StandardCharsets.UTF_8);
            case NORMAL -> encoder.decode(text);
            case BYTE -> {
                int value = ByteTokens.value(text);
                yield value < 0 ? new byte[0] : new byte[] {(byte) value};
            }
        };
    }

    @Override
    public String name(int tokenId) {
        if (tokenId < 0 || tokenId >= vocabulary.size()) {
            throw new IndexOutOfBoundsException("token id: expected 0 to %d, got %d"
                    .formatted(vocabulary.size() - 1, tokenId));
        }
        return vocabulary.texts().text(tokenId);
    }

    @Override
    public boolean isControl(int tokenId) {
        name(tokenId);
        return switch (vocabulary.type(tokenId)) {
            case CONTROL, UNKNOWN -> true;
            case NORMAL, USER_DEFINED, UNUSED, BYTE -> false;
        };
    }

    @Override
    public int id(String name) {
        int id = names.find(name.getBytes(StandardCharsets.UTF_8));
        if (id == TextIndex.ABSENT) {
            throw new IllegalArgumentException("no token is named '%s'".formatted(name));
        }
        return id;
    }

    @Override
    public boolean contains(String name) {
        return names.find(name.getBytes(StandardCharsets.UTF_8)) != TextIndex.ABSENT;
    }

    @Override
    public String bosText() { return textOf(vocabulary.roles().bos()); }

    @Override
    public String eosText() { return textOf(vocabulary.roles().eos()); }

    private String textOf(OptionalInt id) {
        return id.isPresent() ? name(id.getAsInt()) : "";
    }

    @Override
    public Set<Integer> endOfGeneration() { return vocabulary.roles().endOfGeneration(); }

    @Override
    public boolean dropsLeadingSpace() {
        return switch (vocabulary.model()) {
            case TokenModel.SentencePiece model -> model.spacePrefix();
            case TokenModel.CharacterBpe model -> model.spacePrefix();
            case TokenModel.Unigram model -> model.spacePrefix();
            case TokenModel.WordPiece _ -> true;
            case TokenModel.ByteLevelBpe _ -> false;
        };
    }

    @Override
    public String guard(String text) { return specials.guard(text); }
}
