package dev.sluice.runtime;

/// Guesses that a text repeats itself: looks for the last tokens where they occurred before, most
/// recently first, and takes what followed there (prompt lookup decoding; sampling.md section 8).
/// Answers that quote their prompt, and code that is edited, repeat a lot. Any thread.
final class PromptLookup {
    /// Longer matches are better guesses, so they are tried first.
    private static final int LONGEST = 4;
    private static final int SHORTEST = 2;

    private PromptLookup() {}

    /// Fills `into` with at most `most` tokens that may follow `history`; returns how many.
    static int guess(TokenHistory history, int most, int[] into) {
        for (int length = LONGEST; length >= SHORTEST; length--) {
            int end = lastOccurrence(history, length);
            if (end >= 0) {
                int count = Math.min(most, history.size() - end);
                for (int i = 0; i < count; i++) {
                    into[i] = history.get(end + i);
                }
                return count;
            }
        }
        return 0;
    }

    /// Where the latest earlier occurrence of the last `length` tokens ends, negative for none.
    private static int lastOccurrence(TokenHistory history, int length) {
        int[] ids = history.tokenIds();
        int size = history.size();
        if (size <= length) {
            return -1;
        }
        int newest = ids[size - 1];
        for (int end = size - 1; end >= length; end--) {
            if (ids[end - 1] == newest && matches(ids, end - length, size - length, length)) {
                return end;
            }
        }
        return -1;
    }

    private static boolean matches(int[] ids, int from, int wanted, int length) {
        for (int i = 0; i < length; i++) {
            if (ids[from + i] != ids[wanted + i]) {
                return false;
            }
        }
        return true;
    }
}
