package dev.sluice.models.tokenizer;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;

/// WordPiece as BERT uses it (Devlin et al., "BERT", and its reference tokenizer): words between
/// spaces, punctuation and ideographs alone, each word the longest tokens from the left or, if
/// that fails anywhere, the unknown token. A word start carries `▁`. Immutable, any thread.
final class WordPieceEncoder implements FragmentEncoder {
    private final TokenModel.WordPiece model;
    private final WritableTokens index;
    private final Vocabulary vocabulary;

    WordPieceEncoder(Vocabulary vocabulary, TokenModel.WordPiece model) {
        this.vocabulary = vocabulary;
        this.model = model;
        this.index = new WritableTokens(vocabulary.index(), vocabulary.writable());
    }

    @Override
    public void encode(char[] text, int from, int to, boolean atStart, TokenIds out) {
        var word = new StringBuilder();
        String normal = decompose(new String(text, from, to - from));
        for (int i = 0; i < normal.length();) {
            int c = normal.codePointAt(i);
            i += Character.charCount(c);
            int bits = CharacterClass.of(c);
            if ((bits & CharacterClass.SPACE) != 0) {
                word(word, out);
            } else if (isDropped(c, bits)) {
                continue;
            } else if (standsAlone(c, bits)) {
                word(word, out);
                word(word.appendCodePoint(c), out);
            } else {
                word.appendCodePoint(model.lowerCase() ? Character.toLowerCase(c) : c);
            }
        }
        word(word, out);
    }

    @Override
    public byte[] decode(String text) {
        return text.replace(MergeBoundaryScanner.SPACE_MARK, ' ').getBytes(StandardCharsets.UTF_8);
    }

    private String decompose(String text) {
        if (!model.stripAccents()) {
            return text;
        }
        if (model.wholeDecomposition()) {
            return Normalizer.normalize(text, Normalizer.Form.NFD);
        }
        var out = new StringBuilder(text.length());
        for (int i = 0; i < text.length();) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            out.appendCodePoint(c < 0x80 ? c
                    : Normalizer.normalize(Character.toString(c), Normalizer.Form.NFD)
                            .codePointAt(0));
        }
        return out.toString();
    }

    private boolean isDropped(int c, int bits) {
        return c == 0xFFFD || model.stripAccents() && (bits & CharacterClass.MARK) != 0
                || switch (Character.getType(c)) {
                    case Character.CONTROL, Character.FORMAT, Character.PRIVATE_USE -> true;
                    default -> false;
                };
    }

    private static boolean standsAlone(int c, int bits) {
        return (bits & CharacterClass.PUNCTUATION) != 0
                || c < 0x7F && (bits & CharacterClass.SYMBOL) != 0
                || c >= 0x4E00 && c <= 0x9FFF || c >= 0x3400 && c <= 0x4DBF
                || c >= 0x20000 && c <= 0x2A6DF || c >= 0x2A700 && c <= 0x2B81F
                || c >= 0x2B920 && c <= 0x2CEAF
                || c >= 0xF900 && c <= 0xFAFF || c >= 0x2F800 && c <= 0x2FA1F;
    }

    /// Appends the tokens of `word`, if there is one, and empties it.
    private void word(StringBuilder word, TokenIds out) {
        if (word.isEmpty()) {
            return;
        }
        byte[] utf8 = (MergeBoundaryScanner.SPACE_MARK + word.toString())
                .getBytes(StandardCharsets.UTF_8);
        int before = out.size();
        boolean known = word.codePointCount(0, word.length()) <= model.longestWord();
        word.setLength(0);
        for (int from = 0; from < utf8.length && known;) {
            int end = longest(utf8, from, out);
            known = end > from;
            from = end;
        }
        if (!known) {
            out.truncate(before);
            vocabulary.roles().unknown().ifPresent(out::add);
        }
    }

    /// Appends the longest token that begins at `from` and returns its end; `from` if none does.
    private int longest(byte[] utf8, int from, TokenIds out) {
        for (int to = Math.min(utf8.length, from + index.index().longest()); to > from; to--) {
            int id = index.find(utf8, from, to);
            if (id != TextIndex.ABSENT) {
                out.add(id);
                return to;
            }
        }
        return from;
    }
}
