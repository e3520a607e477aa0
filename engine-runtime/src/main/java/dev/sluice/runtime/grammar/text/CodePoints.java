package dev.sluice.runtime.grammar.text;

import java.util.Arrays;

/// A set of code points as ranges, `[low, high, low, high, ...]`, ascending and apart. Immutable.
public final class CodePoints {
    public static final int MAX = Character.MAX_CODE_POINT;
    public static final CodePoints NONE = new CodePoints(new int[0]);
    public static final CodePoints ALL = new CodePoints(new int[] {0, MAX});

    private final int[] ranges;

    private CodePoints(int[] ranges) {
        this.ranges = ranges;
    }

    public static CodePoints range(int low, int high) {
        return low > high ? NONE : new CodePoints(new int[] {low, high});
    }

    /// The characters of a text.
    public static CodePoints of(String characters) {
        CodePoints all = NONE;
        int c;
        for (int i = 0; i < characters.length(); i += Character.charCount(c)) {
            c = characters.codePointAt(i);
            all = all.or(range(c, c));
        }
        return all;
    }

    /// Ranges in any order that may overlap.
    public static CodePoints ofRanges(int[] pairs) {
        int count = pairs.length / 2;
        long[] sorted = new long[count];
        for (int i = 0; i < count; i++) {
            sorted[i] = (long) pairs[2 * i] << 32 | pairs[2 * i + 1];
        }
        Arrays.sort(sorted);
        int[] joined = new int[pairs.length];
        int size = 0;
        for (long pair : sorted) {
            int low = (int) (pair >>> 32);
            int high = (int) pair;
            if (size > 0 && low <= joined[size - 1] + 1) {
                joined[size - 1] = Math.max(joined[size - 1], high);
            } else {
                joined[size++] = low;
                joined[size++] = high;
            }
        }
        return new CodePoints(Arrays.copyOf(joined, size));
    }

    public boolean isEmpty() { return ranges.length == 0; }

    public int rangeCount() { return ranges.length / 2; }

    public int low(int range) { return ranges[2 * range]; }

    public int high(int range) { return ranges[2 * range + 1]; }

    public boolean contains(int codePoint) {
        return intersects(codePoint, codePoint);
    }

    public boolean intersects(int low, int high) {
        int from = 0;
        int to = rangeCount();
        while (from < to) {
            int middle = from + to >>> 1;
            if (high(middle) < low) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return from < rangeCount() && low(from) <= high;
    }

    public CodePoints or(CodePoints other) {
        int[] both = Arrays.copyOf(ranges, ranges.length + other.ranges.length);
        System.arraycopy(other.ranges, 0, both, ranges.length, other.ranges.length);
        return ofRanges(both);
    }

    public CodePoints not() {
        int[] rest = new int[ranges.length + 2];
        int size = 0;
        int next = 0;
        for (int i = 0; i < rangeCount(); i++) {
            if (next < low(i)) {
                rest[size++] = next;
                rest[size++] = low(i) - 1;
            }
            next = high(i) + 1;
        }
        if (next <= MAX) {
            rest[size++] = next;
            rest[size++] = MAX;
        }
        return new CodePoints(Arrays.copyOf(rest, size));
    }

    @Override
    public String toString() { return Arrays.toString(ranges); }
}
