package dev.sluice.bridge.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// The places in a compact JSON text at which a value stands. Immutable.
///
/// @param text with values between `:`, `,`, brackets
record HostileSpots(String text) {
    private record Span(int begin, int end) { }

    /// A value replaced by one that is hostile, a key by one that is not known, or something added.
    HostileSpots replace(Random random) {
        List<Span> spans = spans();
        if (spans.isEmpty()) {
            return this;
        }
        if (random.nextInt(20) == 0) {
            String key = random.nextBoolean() ? "model" : "unknown_" + random.nextInt(9);
            return new HostileSpots(text.replaceFirst("\\{",
                    "{\"" + key + "\":" + quoted(HostileValues.any(random)) + ","));
        }
        Span span = spans.get(random.nextInt(spans.size()));
        String old = text.substring(span.begin, span.end);
        boolean rule = old.startsWith("{\"type\"") || old.startsWith("\"root")
                || old.startsWith("\"[");
        String value = rule && random.nextInt(3) > 0 ? HostileValues.bomb(random)
                : HostileValues.any(random);
        return new HostileSpots(text.substring(0, span.begin) + value + text.substring(span.end));
    }

    private static String quoted(String value) {
        return value.replace("\\", "\\\\").replace("$", "\\$");
    }

    /// Every value but the whole.
    private List<Span> spans() {
        var spans = new ArrayList<Span>();
        for (int i = 1; i < text.length(); i++) {
            char before = text.charAt(i - 1);
            if ((before == ':' || before == '[' || before == ',') && !inString(i)
                    && ("\"{[tfn-".indexOf(text.charAt(i)) >= 0
                            || Character.isDigit(text.charAt(i)))) {
                int end = end(i);
                boolean key = end < text.length() && text.charAt(end) == ':';
                if (!key) {
                    spans.add(new Span(i, end));
                }
            }
        }
        return spans;
    }

    private boolean inString(int at) {
        boolean in = false;
        for (int i = 0; i < at; i++) {
            if (text.charAt(i) == '\\') {
                i++;
            } else if (text.charAt(i) == '"') {
                in = !in;
            }
        }
        return in;
    }

    private int end(int begin) {
        int depth = 0;
        boolean in = false;
        for (int i = begin; i < text.length(); i++) {
            char c = text.charAt(i);
            if (in) {
                if (c == '\\') {
                    i++;
                }
                in = c != '"';
            } else if (c == '"') {
                in = true;
            } else if (c == '{' || c == '[') {
                depth++;
            } else if (c == '}' || c == ']') {
                depth--;
                if (depth < 0) {
                    return i;
                }
            } else if (c == ',' && depth == 0 || c == ':' && depth == 0) {
                return i;
            }
        }
        return text.length();
    }
}
