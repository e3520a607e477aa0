package dev.sluice.models.tokenizer;

import java.util.BitSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/// What a tokenizer is made of, whatever file it came from: texts of tokens by id, what each is
/// for, how text becomes ids, and which ids have a role. Made by [GgufVocabulary] or
/// [JsonVocabulary]. Immutable; arrays are not copied.
public final class Vocabulary {
    private final TextTable texts;
    private final TextIndex index;
    private final TokenType[] types;
    private final float[] scores;
    private final TokenModel model;
    private final Roles roles;
    private final List<SplitOut> splitOut;
    private final List<String> warnings;

    /// Ids with a role; `prefix` and `suffix` are what the model wants around a prompt.
    public record Roles(OptionalInt bos, OptionalInt eos, OptionalInt unknown,
            List<Integer> prefix, List<Integer> suffix, Set<Integer> endOfGeneration) { }

    /// A token that is split out of text: `parsedOnly` where control tokens are parsed, else in
    /// every text. It may take the white space beside it with it, or ask to stand alone as a word.
    public record SplitOut(int id, boolean parsedOnly, boolean stripLeft, boolean stripRight,
            boolean singleWord) { }

    /// Tokens by id: their texts, no two the same, and for each its type and, where `scores` is not
    /// empty, its score.
    record Tokens(TextIndex index, TokenType[] types, float[] scores) {
        Tokens {
            int size = index.texts().size();
            if (types.length != size) {
                throw new IllegalArgumentException(
                        "%d tokens, %d token types".formatted(size, types.length));
            }
            if (scores.length != 0 && scores.length < size) {
                throw new IllegalArgumentException(
                        "%d tokens, %d scores".formatted(size, scores.length));
            }
            for (int id = 0; id < scores.length; id++) {
                if (Float.isNaN(scores[id])) {
                    throw new IllegalArgumentException(
                            "the score of token %d is not a number".formatted(id));
                }
            }
        }
    }

    /// `splitOut` lists the tokens that are found in text before anything else.
    Vocabulary(Tokens tokens, TokenModel model, Roles roles, List<SplitOut> splitOut,
            List<String> warnings) {
        this.index = tokens.index();
        this.texts = index.texts();
        this.types = tokens.types();
        this.scores = tokens.scores();
        this.model = model;
        this.roles = roles;
        this.splitOut = List.copyOf(splitOut);
        this.warnings = List.copyOf(warnings);
    }

    public int size() { return types.length; }

    public TextTable texts() { return texts; }

    public TokenType type(int id) { return types[id]; }

    public TokenModel model() { return model; }

    public Roles roles() { return roles; }

    public List<SplitOut> splitOut() { return splitOut; }

    /// What a user should be told about the file, one sentence each; usually nothing.
    public List<String> warnings() { return warnings; }

    TextIndex index() { return index; }

    float[] scores() { return scores; }

    /// The tokenizer of this vocabulary; a new one each time, so keep it.
    public Tokenizer tokenizer() {
        return new VocabularyTokenizer(this);
    }

    /// The tokens that merges may produce. Marks may not, whatever merges a file lists; a
    /// user-defined token of several characters is split out before merging or not wanted.
    BitSet writable() {
        var writable = new BitSet(types.length);
        for (int id = 0; id < types.length; id++) {
            switch (types[id]) {
                case NORMAL, UNUSED -> writable.set(id);
                case CONTROL, UNKNOWN, BYTE -> { }
                case USER_DEFINED -> {
                    String text = texts.text(id);
                    writable.set(id, text.codePointCount(0, text.length()) == 1
                            || isSpaces(text));
                }
            }
        }
        return writable;
    }

    static boolean isSpaces(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != MergeBoundaryScanner.SPACE_MARK && !CharacterClass.isSpace(c)) {
                return false;
            }
        }
        return true;
    }
}
