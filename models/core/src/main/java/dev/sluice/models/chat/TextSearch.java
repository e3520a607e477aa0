package dev.sluice.models.chat;

import dev.sluice.models.chat.Arguments.Bound;
import java.util.Map;

/// Where a text is in another: `find`, `index`, `count`. Positions count code points.
final class TextSearch {
    static final Map<String, Operation> NAMED = Map.of(
            "find", (run, s, a) -> position(run, s, a, "find"),
            "rfind", (run, s, a) -> position(run, s, a, "rfind"),
            "index", (run, s, a) -> position(run, s, a, "index"),
            "rindex", (run, s, a) -> position(run, s, a, "rindex"),
            "count", TextSearch::count);

    private TextSearch() { }

    private static Object position(Rendering run, Object subject, Arguments arguments,
                                   String name) {
        Bound bound = arguments.bind(run, name, "sub", "start?", "end?");
        String whole = Values.text(subject);
        String part = window(run, whole, bound);
        String wanted = bound.text(0);
        int found = name.startsWith("r") ? part.lastIndexOf(wanted) : part.indexOf(wanted);
        if (found < 0 || isBeyond(whole, bound)) {
            if (name.endsWith("index")) {
                throw run.fault("substring not found");
            }
            return -1L;
        }
        return start(whole, bound) + part.codePointCount(0, found);
    }

    private static Object count(Rendering run, Object subject, Arguments arguments) {
        Bound bound = arguments.bind(run, "count", "sub", "start?", "end?");
        String whole = Values.text(subject);
        String part = window(run, whole, bound);
        String wanted = bound.text(0);
        if (isBeyond(whole, bound)) {
            return 0L;
        }
        if (wanted.isEmpty()) {
            return part.codePointCount(0, part.length()) + 1L;
        }
        long count = 0;
        for (int i = part.indexOf(wanted); i >= 0; i = part.indexOf(wanted, i + wanted.length())) {
            count++;
        }
        return count;
    }

    private static String window(Rendering run, String whole, Bound bound) {
        run.searches(whole, bound.text(0));
        return (String) Slicing.slice(run, whole, bound.or(1, null), bound.or(2, null), null);
    }

    private static long start(String whole, Bound bound) {
        int length = whole.codePointCount(0, whole.length());
        long start = bound.or(1, null) == null ? 0 : bound.integer(1);
        return Math.clamp(start < 0 ? start + length : start, 0, length);
    }

    /// An empty text is not found where the search starts behind the end.
    private static boolean isBeyond(String whole, Bound bound) {
        return bound.or(1, null) != null
                && bound.integer(1) > whole.codePointCount(0, whole.length());
    }
}
