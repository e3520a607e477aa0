package dev.sluice.models.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Byte-pair merges over symbol numbers: which pair has which rank and becomes which symbol. A
/// symbol is a token id, or, for a text that merges mention and the vocabulary lacks, a number
/// from the vocabulary's size on. Sennrich et al., "Neural Machine Translation of Rare Words with
/// Subword Units", section 3.2. Immutable after construction, any thread.
///
/// Slots are pairs of longs: `left << 32 | right`, then `rank << 32 | merged`; an empty slot has
/// the key -1, which no pair is.
final class MergeTable {
    /// No merge of the pair. Package-private and hot, so a number.
    static final long NONE = Long.MAX_VALUE;
    /// Pieces up to this many symbols are merged by scanning, which beats a heap there.
    private static final int SCANNED = 40;

    private final TextTable texts;
    private final WritableTokens index;
    private final long[] slots;
    private final int mask;
    private final Map<String, Integer> extra = new HashMap<>();
    private final List<String> extraTexts = new ArrayList<>();

    MergeTable(TextTable texts, WritableTokens index, Merges merges) {
        this.texts = texts;
        this.index = index;
        int capacity = Integer.highestOneBit(Math.max(8, merges.size()) * 2 - 1) * 2;
        this.slots = new long[capacity * 2];
        this.mask = capacity - 1;
        for (int i = 0; i < slots.length; i += 2) {
            slots[i] = -1;
        }
        for (int rank = 0; rank < merges.size(); rank++) {
            add(merges, rank);
        }
    }

    private void add(Merges merges, int rank) {
        TextTable table = merges.texts();
        byte[] bytes = table.utf8();
        int leftLength = merges.leftLengths()[rank];
        int left = table.start(rank);
        int right = left + leftLength + 1;
        int rightLength = table.length(rank) - leftLength - 1;
        int hash = TextIndex.hash(0, bytes, left, left + leftLength);
        int joined = index.findJoined(TextIndex.hash(hash, bytes, right, right + rightLength),
                bytes, left, leftLength, right, rightLength);
        int leftSymbol = symbol(bytes, left, leftLength);
        int rightSymbol = symbol(bytes, right, rightLength);
        if (joined == TextIndex.ABSENT) {
            joined = extra(text(bytes, left, leftLength) + text(bytes, right, rightLength));
        }
        put(leftSymbol, rightSymbol, rank, joined);
    }

    /// The symbol of a text; a new one where there is none yet. For construction only.
    private int symbol(byte[] bytes, int from, int length) {
        int id = index.find(bytes, from, from + length);
        return id == TextIndex.ABSENT ? extra(text(bytes, from, length)) : id;
    }

    private int extra(String text) {
        return extra.computeIfAbsent(text, t -> {
            extraTexts.add(t);
            return texts.size() + extraTexts.size() - 1;
        });
    }

    /// The symbol of `text`, or [TextIndex#ABSENT] when neither vocabulary nor merges know it.
    int symbolOf(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int id = index.find(bytes, 0, bytes.length);
        return id == TextIndex.ABSENT ? extra.getOrDefault(text, TextIndex.ABSENT) : id;
    }

    /// Whether merges mention texts that are no tokens.
    boolean hasExtraTexts() { return !extraTexts.isEmpty(); }

    /// The text of a symbol that is no token.
    String extraText(int symbol) {
        return extraTexts.get(symbol - texts.size());
    }

    private void put(int left, int right, int rank, int merged) {
        long key = (long) left << 32 | right;
        int slot = slot(left, right);
        while (slots[slot * 2] != -1) {
            if (slots[slot * 2] == key) {
                return; // A pair that is listed twice keeps its first rank.
            }
            slot = (slot + 1) & mask;
        }
        slots[slot * 2] = key;
        slots[slot * 2 + 1] = (long) rank << 32 | merged;
    }

    /// `rank << 32 | merged symbol` of a pair, or [#NONE].
    long find(int left, int right) {
        if (left < 0 || right < 0) {
            return NONE;
        }
        long key = (long) left << 32 | right;
        for (int slot = slot(left, right);; slot = (slot + 1) & mask) {
            long found = slots[slot * 2];
            if (found == key) {
                return slots[slot * 2 + 1];
            }
            if (found == -1) {
                return NONE;
            }
        }
    }

    private int slot(int left, int right) {
        int h = left * 0x9E3779B9 + right * 0x85EBCA6B;
        h ^= h >>> 15;
        return (h * 0x2C1B3C6D >>> 7) & mask;
    }

    /// Merges `symbols[0, count)` in place, always the pair of least rank and of those the
    /// leftmost, and returns how many are left. A negative symbol merges with nothing.
    int merge(int[] symbols, int count) {
        return count <= SCANNED ? mergeScanning(symbols, count) : mergeQueued(symbols, count);
    }

    private int mergeScanning(int[] symbols, int length) {
        int count = length;
        long[] pairs = new long[SCANNED];
        for (int i = 0; i + 1 < count; i++) {
            pairs[i] = find(symbols[i], symbols[i + 1]);
        }
        while (count > 1) {
            long best = NONE;
            int at = 0;
            for (int i = 0; i + 1 < count; i++) {
                if (pairs[i] < best) {
                    best = pairs[i];
                    at = i;
                }
            }
            if (best == NONE) {
                return count;
            }
            symbols[at] = (int) best;
            System.arraycopy(symbols, at + 2, symbols, at + 1, count - at - 2);
            System.arraycopy(pairs, at + 1, pairs, at, count - at - 2);
            count--;
            if (at + 1 < count) {
                pairs[at] = find(symbols[at], symbols[at + 1]);
            }
            if (at > 0) {
                pairs[at - 1] = find(symbols[at - 1], symbols[at]);
            }
        }
        return count;
    }

    /// A linked list of symbols and a heap of pairs: O(n log n) whatever the text. A heap entry is
    /// stale when its left symbol is gone or no longer makes that rank.
    private int mergeQueued(int[] symbols, int count) {
        int[] previous = new int[count];
        int[] next = new int[count];
        long[] pairs = new long[count];
        var queue = new MergeQueue(count);
        for (int i = 0; i < count; i++) {
            previous[i] = i - 1;
            next[i] = i + 1;
            pairs[i] = i + 1 < count ? find(symbols[i], symbols[i + 1]) : NONE;
            offer(queue, pairs, i);
        }
        while (!queue.isEmpty()) {
            long entry = queue.take();
            int left = (int) entry;
            if (pairs[left] == NONE || pairs[left] >>> 32 != entry >>> 32) {
                continue;
            }
            int right = next[left];
            symbols[left] = (int) pairs[left];
            pairs[right] = NONE;
            next[left] = next[right];
            if (next[left] < count) {
                previous[next[left]] = left;
            }
            pairs[left] = next[left] < count ? find(symbols[left], symbols[next[left]]) : NONE;
            offer(queue, pairs, left);
            int before = previous[left];
            if (before >= 0) {
                pairs[before] = find(symbols[before], symbols[left]);
                offer(queue, pairs, before);
            }
        }
        int kept = 0;
        for (int i = 0; i < count; i = next[i]) {
            symbols[kept++] = symbols[i];
        }
        return kept;
    }

    private static void offer(MergeQueue queue, long[] pairs, int at) {
        if (pairs[at] != NONE) {
            queue.add((int) (pairs[at] >>> 32), at);
        }
    }

    private static String text(byte[] bytes, int from, int length) {
        return new String(bytes, from, length, StandardCharsets.UTF_8);
    }
}
