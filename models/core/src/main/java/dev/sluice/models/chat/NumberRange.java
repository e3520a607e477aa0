package dev.sluice.models.chat;

import java.util.ArrayList;
import java.util.List;

/// A Python range of at most `LENGTH_MAX` numbers.
record NumberRange(long start, long stop, long step) {
    /// The bound of Jinja's sandbox.
    static final int LENGTH_MAX = 100_000;

    long length() {
        long span = step > 0 ? Math.subtractExact(stop, start) : Math.subtractExact(start, stop);
        return span <= 0 ? 0 : (span - 1) / Math.absExact(step) + 1;
    }

    List<Object> elements() {
        int length = (int) length();
        var elements = new ArrayList<Object>(length);
        for (int i = 0; i < length; i++) {
            elements.add(start + i * step);
        }
        return elements;
    }
}
