package dev.sluice.bridge.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// The places in a compact JSON text at which a value stands. Immutable.
///
/// @param text with values between `:`, `,`, brackets
record HostileSpots(String text) {
    /// A value replaced by one that is hostile, or something added.
    HostileSpots replace(Random random) {
        List<Integer> begins = begins();
        if (begins.isEmpty()) {
            return this;
        }
        if (random.nextInt(20) == 0) {
            String key = random.nextBoolean() ? "model" : "unknown_" + random.nextInt(9);
            return new HostileSpots(text.replaceFirst("\\{",
                    "{\"" + key + "\":" + quoted(HostileValues.any(random)) + ","));
        }
        int begin = begins.get(random.nextInt(begins.size()));
        int end = end(begin);
        for (int i = 0; i < 20 && end < text.length() && text.charAt(end) == ':'; i++) {
            begin = begins.get(random.nextInt(begins.size()));
            end = end(begin);
        }
        String old = text.substring(begin, end);
        boolean rule = old.startsWith("{\"type\"") || old.startsWith("\"root")
                || old.startsWith("\"[");
        String value = rule && random.nextInt(3) > 0 ? HostileValues.bomb(random)
                : HostileValues.any(random);
        return new HostileSpots(text.substring(0, begin) + value + text.substring(end));
    }

    private static String quoted(String value) {
        return value.replace("\\", "\\\\").replace("$", "\\$");
    }

    /// Where a value begins, or a key: a key that is replaced breaks the JSON. Not the whole.
    private List<Integer> begins() {
        var begins = new ArrayList<Integer>();
        boolean in = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            char before = i > 0 ? text.charAt(i - 1) : ' ';
            if (!in && (before == ':' || before == '[' || before == ',')
                    && ("\"{[tfn-".indexOf(c) >= 0 || Character.isDigit(c))) {
                begins.add(i);
            }
            if (in && c == '\\') {
                i++;
            } else if (c == '"') {
                in = !in;
            }
        }
        return begins;
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
