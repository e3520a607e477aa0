package dev.sluice.models.chat;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The filter `tojson` as transformers defines it: Python's `json.dumps` with its spaces, no
/// HTML escapes, non-ASCII characters as they are. One use, one thread.
final class JsonText {
    private final Rendering run;
    private final boolean ascii;
    private final String indent;
    private final boolean pretty;
    private final String itemSeparator;
    private final String keySeparator;
    private final boolean sorts;
    private final StringBuilder out = new StringBuilder();
    private int depth;

    private JsonText(Rendering run, Arguments.Bound bound) {
        this.run = run;
        ascii = bound.flag(0, false);
        Object step = bound.or(1, null);
        pretty = step != null;
        indent = step == null ? ""
                : Values.isText(step) ? Values.text(step) : spaces(bound.integer(1));
        sorts = bound.flag(3, false);
        Object separators = bound.or(2, null);
        if (separators == null) {
            itemSeparator = pretty ? "," : ", ";
            keySeparator = ": ";
        } else {
            List<Object> pair = Values.elements(run, separators);
            if (pair.size() != 2 || !Values.isText(pair.get(0)) || !Values.isText(pair.get(1))) {
                throw run.fault("tojson expects two separators");
            }
            itemSeparator = Values.text(pair.get(0));
            keySeparator = Values.text(pair.get(1));
        }
    }

    private static String spaces(int count) {
        return " ".repeat(Math.clamp(count, 0, 100));
    }

    static Object write(Rendering run, Object subject, Arguments arguments) {
        var json = new JsonText(run, arguments.bind(run, "tojson", "ensure_ascii?", "indent?",
                "separators?", "sort_keys?"));
        json.value(subject);
        return json.out.toString();
    }

    private void value(Object value) {
        run.enter();
        int before = out.length();
        switch (value) {
            case null -> out.append("null");
            case Boolean b -> out.append(b);
            case Long l -> out.append(l.longValue());
            case BigInteger b -> out.append(b);
            case Double d -> out.append(real(d));
            case String text -> quote(text);
            case Markup(String text) -> quote(text);
            case List<?> list -> elements(Values.objects(list));
            case Tuple(List<Object> elements) -> elements(elements);
            case Map<?, ?> map -> entries(map);
            default -> throw run.fault("Object of type " + Values.typeName(value)
                    + " is not JSON serializable");
        }
        run.leave();
        if (depth == 0) {
            run.makes(out.length());
        } else {
            run.steps((out.length() - before) / 8);
        }
    }

    private static String real(double value) {
        return Double.isNaN(value) ? "NaN"
                : Double.isInfinite(value) ? value > 0 ? "Infinity" : "-Infinity"
                : Printing.real(value);
    }

    private void elements(List<Object> elements) {
        if (elements.isEmpty()) {
            out.append("[]");
            return;
        }
        out.append('[');
        depth++;
        for (int i = 0; i < elements.size(); i++) {
            separate(i);
            value(elements.get(i));
        }
        close(']');
    }

    private void entries(Map<?, ?> map) {
        if (map.isEmpty()) {
            out.append("{}");
            return;
        }
        var keys = new ArrayList<Object>(map.keySet());
        if (sorts) {
            Sorting.sort(run, keys, key -> key, false);
        }
        out.append('{');
        depth++;
        for (int i = 0; i < keys.size(); i++) {
            separate(i);
            key(keys.get(i));
            out.append(keySeparator);
            value(map.get(keys.get(i)));
        }
        close('}');
    }

    private void key(Object key) {
        if (key instanceof String text) {
            quote(text);
        } else {
            out.append('"');
            value(key);
            out.append('"');
        }
    }

    private void separate(int index) {
        if (index > 0) {
            out.append(itemSeparator);
        }
        newLine();
    }

    private void close(char bracket) {
        depth--;
        newLine();
        out.append(bracket);
    }

    private void newLine() {
        if (pretty) {
            run.makes((long) indent.length() * depth);
            out.append('\n').repeat(indent, depth);
        }
    }

    private void quote(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\f' -> out.append("\\f");
                case '\b' -> out.append("\\b");
                default -> {
                    if (c < ' ' || ascii && c > '~') {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
