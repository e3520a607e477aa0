package dev.sluice.runtime;

import dev.sluice.models.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/// Where DRY's repetitions end, as tokens. A breaker text may lie inside one token, or begin in one
/// token and go on in others, so each token that can begin a breaker has the tails that complete
/// it; an empty tail says that the token holds a whole breaker. Immutable, any thread.
///
/// Reads the whole vocabulary, so make it once per list of texts and not on the engine's thread.
public final class DryBreakers {
    public static final DryBreakers NONE = new DryBreakers(new TreeMap<>());

    /// Longest tail that is looked for, as in the original.
    private static final int TAIL_TOKENS_MAX = 20;
    private static final int[] WHOLE = {};

    private static final int[][] NO_TAILS = {};

    /// Tokens that can begin a breaker, ascending, and each one's tails. Arrays, so that looking
    /// one up allocates nothing.
    private final int[] heads;
    private final int[][][] tails;

    private DryBreakers(SortedMap<Integer, List<int[]>> tailsByHead) {
        heads = new int[tailsByHead.size()];
        tails = new int[heads.length][][];
        int i = 0;
        for (Map.Entry<Integer, List<int[]>> entry : tailsByHead.entrySet()) {
            heads[i] = entry.getKey();
            tails[i++] = entry.getValue().toArray(new int[0][]);
        }
    }

    private int[][] tailsOf(int tokenId) {
        int index = Arrays.binarySearch(heads, tokenId);
        return index < 0 ? NO_TAILS : tails[index];
    }

    public static DryBreakers of(List<String> breakers, Tokenizer tokenizer) {
        var tails = new TreeMap<Integer, List<int[]>>();
        for (String breaker : breakers) {
            int[] boundaries = boundaries(breaker);
            byte[] text = breaker.getBytes(StandardCharsets.UTF_8);
            for (int tokenId = 0; tokenId < tokenizer.vocabSize(); tokenId++) {
                byte[] token = tokenizer.bytes(tokenId);
                if (contains(token, text)) {
                    tails.computeIfAbsent(tokenId, _ -> new ArrayList<>()).add(WHOLE);
                    continue;
                }
                for (int cut : boundaries) {
                    if (endsWith(token, text, cut)) {
                        String rest = new String(
                                text, cut, text.length - cut, StandardCharsets.UTF_8);
                        int[] tail = tokenizer.encode(rest, Tokenizer.Special.AS_TEXT);
                        tails.computeIfAbsent(tokenId, _ -> new ArrayList<>()).add(Arrays.copyOf(
                                tail, Math.min(tail.length, TAIL_TOKENS_MAX)));
                    }
                }
            }
        }
        return new DryBreakers(tails);
    }

    /// Whether the token by itself is a breaker.
    boolean isWhole(int tokenId) {
        for (int[] tail : tailsOf(tokenId)) {
            if (tail.length == 0) {
                return true;
            }
        }
        return false;
    }

    /// How many tokens at the end of the history a repetition may have: those after the last
    /// breaker, at most `most`.
    int repetitionMax(TokenHistory history, int most) {
        int end = history.size();
        for (int back = 0; back < most; back++) {
            int longest = -1;
            for (int[] tail : tailsOf(history.get(end - 1 - back))) {
                if (tail.length > longest && follows(history, end - back, tail)) {
                    longest = tail.length;
                }
            }
            if (longest >= 0) {
                return back - longest;
            }
        }
        return most;
    }

    private static boolean follows(TokenHistory history, int from, int[] tail) {
        if (from + tail.length > history.size()) {
            return false;
        }
        for (int i = 0; i < tail.length; i++) {
            if (history.get(from + i) != tail[i]) {
                return false;
            }
        }
        return true;
    }

    /// Byte offsets of the characters of `text` but the first.
    private static int[] boundaries(String text) {
        int[] offsets = new int[text.codePointCount(0, text.length()) - 1];
        int at = 0;
        for (int i = 0; i < offsets.length; i++) {
            at = text.offsetByCodePoints(at, 1);
            offsets[i] = text.substring(0, at).getBytes(StandardCharsets.UTF_8).length;
        }
        return offsets;
    }

    private static boolean contains(byte[] token, byte[] text) {
        for (int from = 0; from + text.length <= token.length; from++) {
            if (Arrays.equals(token, from, from + text.length, text, 0, text.length)) {
                return true;
            }
        }
        return false;
    }

    private static boolean endsWith(byte[] token, byte[] text, int length) {
        return token.length >= length
                && Arrays.equals(token, token.length - length, token.length, text, 0, length);
    }
}
