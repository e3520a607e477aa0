package dev.sluice.models.tokenizer;

import dev.sluice.models.tokenizer.Tokenizer.Special;
import dev.sluice.models.tokenizer.Vocabulary.SplitOut;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;

/// Finds the tokens that are split out of text, all in one pass through a trie, so that a
/// vocabulary with thousands of them costs no more than one with two. Where they overlap the
/// longest wins, then the one with the smaller id. Immutable, any thread.
final class SpecialTokens {
    private final List<SplitOut> tokens;
    private final String[] texts;
    /// Trie nodes: label, first child, next sibling, and index into `tokens` plus one.
    private char[] label = new char[64];
    private int[] child = new int[64];
    private int[] sibling = new int[64];
    private int[] token = new int[64];
    private int nodes = 1;
    private final BitSet firstCharacters = new BitSet();

    SpecialTokens(Vocabulary vocabulary) {
        this.tokens = List.copyOf(vocabulary.splitOut());
        this.texts = new String[tokens.size()];
        for (int i = 0; i < texts.length; i++) {
            texts[i] = vocabulary.texts().text(tokens.get(i).id());
            if (!texts[i].isEmpty()) {
                insert(texts[i], i);
            }
        }
    }

    /// Receives the parts of a text in order.
    interface Parts {
        void text(int from, int to);

        void token(int id);
    }

    private record Match(int index, int from, int to) { }

    private void insert(String text, int index) {
        firstCharacters.set(text.charAt(0));
        int node = 0;
        for (int i = 0; i < text.length(); i++) {
            int next = step(node, text.charAt(i));
            node = next == 0 ? grow(node, text.charAt(i)) : next;
        }
        token[node] = index + 1;
    }

    private int grow(int parent, char c) {
        if (nodes == label.length) {
            label = Arrays.copyOf(label, nodes * 2);
            child = Arrays.copyOf(child, nodes * 2);
            sibling = Arrays.copyOf(sibling, nodes * 2);
            token = Arrays.copyOf(token, nodes * 2);
        }
        label[nodes] = c;
        sibling[nodes] = child[parent];
        child[parent] = nodes;
        return nodes++;
    }

    /// The child of `node` for `c`, or 0.
    private int step(int node, char c) {
        int next = child[node];
        while (next != 0 && label[next] != c) {
            next = sibling[next];
        }
        return next;
    }

    /// Divides well-formed `text` at special tokens.
    void split(char[] text, Special special, Parts out) {
        List<Match> matches = special(text, special);
        int from = 0;
        for (Match match : matches) {
            SplitOut found = tokens.get(match.index());
            int end = found.stripLeft() ? trimRight(text, from, match.from()) : match.from();
            if (from < end) {
                out.text(from, end);
            }
            out.token(found.id());
            from = found.stripRight() ? trimLeft(text, match.to()) : match.to();
        }
        if (from < text.length) {
            out.text(from, text.length);
        }
    }

    /// Matches that stand, in order of place.
    private List<Match> special(char[] text, Special special) {
        List<Match> all = candidates(text);
        all.removeIf(match -> refused(text, match, special));
        if (all.size() < 2) {
            return all;
        }
        all.sort(Comparator.<Match>comparingInt(m -> m.from() - m.to())
                .thenComparingInt(m -> tokens.get(m.index()).id())
                .thenComparingInt(Match::from));
        var taken = new BitSet(text.length);
        var kept = new ArrayList<Match>();
        for (Match match : all) {
            int used = taken.nextSetBit(match.from());
            if (used < 0 || used >= match.to()) {
                taken.set(match.from(), match.to());
                kept.add(match);
            }
        }
        kept.sort(Comparator.comparingInt(Match::from));
        return kept;
    }

    /// Every place where a token's text stands, overlapping ones included.
    private List<Match> candidates(char[] text) {
        var found = new ArrayList<Match>();
        for (int i = 0; i < text.length; i++) {
            if (!firstCharacters.get(text[i])) {
                continue;
            }
            int node = 0;
            for (int end = i; end < text.length; end++) {
                node = step(node, text[end]);
                if (node == 0) {
                    break;
                }
                if (token[node] != 0) {
                    found.add(new Match(token[node] - 1, i, end + 1));
                }
            }
        }
        return found;
    }

    private boolean refused(char[] text, Match match, Special special) {
        SplitOut found = tokens.get(match.index());
        return found.parsedOnly() && special == Special.AS_TEXT
                || match.from() > 0 && text[match.from() - 1] == Tokenizer.GUARD
                        && isOneCharacter(text, match)
                || found.singleWord() && (isWord(text, match.from() - 1)
                        || isWord(text, match.to()));
    }

    private static boolean isOneCharacter(char[] text, Match match) {
        return CharacterClass.width(text, match.from(), match.to()) == match.to() - match.from();
    }

    private static boolean isWord(char[] text, int index) {
        return index >= 0 && index < text.length
                && (Character.isLetterOrDigit(text[index]) || text[index] == '_');
    }

    /// `text` with [Tokenizer#GUARD] after the first character of every place where a special
    /// token's text stands, or before a token of one character. Tokens of spaces alone are left:
    /// they carry no authority and keep code and tables as the model knows them.
    String guard(String text) {
        char[] chars = text.toCharArray();
        var cuts = new BitSet();
        for (Match match : candidates(chars)) {
            if (!Vocabulary.isSpaces(texts[match.index()])) {
                cuts.set(isOneCharacter(chars, match) ? match.from()
                        : match.from() + CharacterClass.width(chars, match.from(), match.to()));
            }
        }
        if (cuts.isEmpty()) {
            return text;
        }
        var out = new StringBuilder(chars.length + cuts.cardinality());
        for (int i = 0; i < chars.length; i++) {
            if (cuts.get(i)) {
                out.append(Tokenizer.GUARD);
            }
            out.append(chars[i]);
        }
        return out.toString();
    }

    private static int trimRight(char[] text, int from, int to) {
        int end = to;
        while (end > from && CharacterClass.isSpace(text[end - 1])) {
            end--;
        }
        return end;
    }

    private static int trimLeft(char[] text, int from) {
        int start = from;
        while (start < text.length && CharacterClass.isSpace(text[start])) {
            start++;
        }
        return start;
    }
}
