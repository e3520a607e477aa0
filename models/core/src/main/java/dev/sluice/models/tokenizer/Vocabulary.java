package dev.sluice.models.tokenizer;

import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/// What a tokenizer is made of, whatever file it came from: texts of tokens by id, what each is
/// for, how text becomes ids, and which ids have a role. Made by [GgufVocabulary] or
/// [JsonVocabulary]. Immutable; arrays are not copied.
///
/// `scores` has one entry per token or none at all. `splitOut` lists the tokens that are found in
/// text before anything else.
public record Vocabulary(TextTable texts, TokenType[] types, float[] scores, TokenModel model,
        Roles roles, List<SplitOut> splitOut) {

    /// Ids with a role; `prefix` and `suffix` are what the model wants around a prompt.
    public record Roles(OptionalInt bos, OptionalInt eos, OptionalInt unknown,
            List<Integer> prefix, List<Integer> suffix, Set<Integer> endOfGeneration) { }

    /// A token that is split out of text: `parsedOnly` where control tokens are parsed, else in
    /// every text. It may take the white space beside it with it, or ask to stand alone as a word.
    public record SplitOut(int id, boolean parsedOnly, boolean stripLeft, boolean stripRight,
            boolean singleWord) { }

    public Vocabulary {
        if (types.length != texts.size()) {
            throw new IllegalArgumentException(
                    "%d tokens, %d token types".formatted(texts.size(), types.length));
        }
        if (scores.length != 0 && scores.length < texts.size()) {
            throw new IllegalArgumentException(
                    "%d tokens, %d scores".formatted(texts.size(), scores.length));
        }
    }

    public int size() { return types.length; }

    /// The tokenizer of this vocabulary. A vocabulary that contradicts itself, such as two tokens
    /// with one text, is an `IllegalArgumentException` that names the place.
    public Tokenizer tokenizer() {
        return new VocabularyTokenizer(this);
    }

    /// Whether merges may produce the token. Marks may not, whatever merges a file lists; a
    /// user-defined token of several characters is split out before merging or not wanted.
    boolean isWritable(int id) {
        return switch (types[id]) {
            case NORMAL, UNUSED -> true;
            case CONTROL, UNKNOWN, BYTE -> false;
            case USER_DEFINED -> {
                String text = texts.text(id);
                yield text.codePointCount(0, text.length()) == 1 || isSpaces(text);
            }
        };
    }

    static boolean isSpaces(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != MarkedWordScanner.SPACE_MARK && !CharacterClass.isSpace(c)) {
                return false;
            }
        }
        return true;
    }
}
