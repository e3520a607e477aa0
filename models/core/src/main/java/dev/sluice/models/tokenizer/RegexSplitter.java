package dev.sluice.models.tokenizer;

import java.nio.CharBuffer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A pre-tokenizer that is a regular expression: matches are pieces, and so is what lies between
/// them. The slow form; the common patterns have scanners, and this is their judge.
record RegexSplitter(Pattern pattern, Delimiter delimiter) implements PreTokenizer {

    /// What becomes of a match, in the words of `tokenizer.json`.
    enum Delimiter { ISOLATED, REMOVED, MERGED_WITH_PREVIOUS, MERGED_WITH_NEXT }

    /// A pattern of a pre-tokenizer: classes are Unicode's, `\s` is White_Space.
    static RegexSplitter isolating(String regex) {
        return new RegexSplitter(
                Pattern.compile(regex, Pattern.UNICODE_CHARACTER_CLASS), Delimiter.ISOLATED);
    }

    @Override
    public void split(char[] text, int from, int to, Pieces out) {
        Matcher matcher = pattern.matcher(CharBuffer.wrap(text)).region(from, to);
        int start = from;
        boolean afterMatch = false;
        while (find(matcher, to - from)) {
            int matchStart = matcher.start();
            int matchEnd = matcher.end();
            switch (delimiter) {
                case ISOLATED -> {
                    give(start, matchStart, out);
                    give(matchStart, matchEnd, out);
                    start = matchEnd;
                }
                case REMOVED -> {
                    give(start, matchStart, out);
                    start = matchEnd;
                }
                case MERGED_WITH_PREVIOUS -> {
                    give(start, matchEnd, out);
                    start = matchEnd;
                }
                case MERGED_WITH_NEXT -> {
                    if (matchStart > start || afterMatch) {
                        give(start, matchStart, out);
                        start = matchStart;
                    }
                    afterMatch = true;
                }
            }
        }
        give(start, to, out);
    }

    /// A repeated group recurses in `java.util.regex`; no pattern that is named here has one, but
    /// one read from a file may.
    private boolean find(Matcher matcher, int length) {
        try {
            return matcher.find();
        } catch (StackOverflowError e) {
            throw new IllegalArgumentException(("the pre-tokenizer's pattern %s needs more stack "
                    + "than there is for a text of %d characters").formatted(pattern, length), e);
        }
    }

    private static void give(int from, int to, Pieces out) {
        if (to > from) {
            out.piece(from, to);
        }
    }
}
