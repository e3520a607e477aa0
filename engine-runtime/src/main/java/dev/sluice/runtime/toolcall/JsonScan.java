package dev.sluice.runtime.toolcall;

import dev.sluice.runtime.toolcall.CallText.Progress;

/// Finds the end of one JSON value in text that arrives in pieces. Brackets and strings only;
/// whether the value is right is checked when it is whole.
final class JsonScan {
    private static final int DEPTH_MAX = 200;
    private final StringBuilder nesting = new StringBuilder();
    private boolean started;
    private boolean inString;
    private boolean escaped;
    private boolean scalar;

    /// Consumes as much of the value as there is.
    Progress run(CallText in) {
        if (!started) {
            in.skipSpace();
        }
        while (!in.exhausted()) {
            char c = in.peek();
            if (scalar && (c == ',' || c == '}' || c == ']' || Character.isWhitespace(c))) {
                return Progress.DONE;
            }
            in.next();
            if (!accept(c)) {
                return Progress.FAILED;
            }
            if (started && !scalar && !inString && nesting.isEmpty()) {
                return Progress.DONE;
            }
        }
        if (in.ended()) {
            return scalar ? Progress.DONE : Progress.FAILED;
        }
        return Progress.MORE;
    }

    private boolean accept(char c) {
        if (inString) {
            string(c);
            return true;
        }
        if (scalar) {
            return true;
        }
        if (nesting.isEmpty() && started) {
            return false;
        }
        switch (c) {
            case '"' -> inString = true;
            case '{' -> nesting.append('}');
            case '[' -> nesting.append(']');
            case '}', ']' -> {
                if (nesting.isEmpty() || nesting.charAt(nesting.length() - 1) != c) {
                    return false;
                }
                nesting.setLength(nesting.length() - 1);
            }
            default -> scalar = nesting.isEmpty();
        }
        started = true;
        return nesting.length() <= DEPTH_MAX;
    }

    private void string(char c) {
        if (escaped) {
            escaped = false;
        } else if (c == '\\') {
            escaped = true;
        } else if (c == '"') {
            inString = false;
        }
    }
}
