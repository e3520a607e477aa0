package dev.sluice.runtime.toolcall;

import dev.sluice.models.json.Json;
import dev.sluice.runtime.toolcall.CallText.Progress;

/// One Python literal on its way to JSON: texts in either quotation mark, numbers, lists,
/// dictionaries, tuples, `True`, `False` and `None`. JSON is Python enough to be read as well.
final class PythonValue {
    private static final int DEPTH_MAX = 100;
    private final StringBuilder json = new StringBuilder();
    private final StringBuilder word = new StringBuilder();
    private final StringBuilder text = new StringBuilder();
    private int depth;
    private char quote;
    private boolean escaped;
    private int hexLeft;
    private int hex;
    private boolean started;

    String json() { return json.toString(); }

    /// Consumes to the end of the value: the `,` or `)` after it stays.
    Progress run(CallText in) {
        while (!in.exhausted()) {
            char c = in.peek();
            if (quote == 0 && depth == 0 && started && (c == ',' || c == ')')) {
                return word(false) ? Progress.DONE : Progress.FAILED;
            }
            in.next();
            if (!accept(c)) {
                return Progress.FAILED;
            }
        }
        return in.ended() ? Progress.FAILED : Progress.MORE;
    }

    private boolean accept(char c) {
        if (quote != 0) {
            return inText(c);
        }
        switch (c) {
            case '"', '\'' -> {
                quote = c;
                started = true;
                return word.isEmpty();
            }
            case '[', '{', '(' -> {
                started = true;
                json.append(c == '(' ? '[' : c);
                return ++depth <= DEPTH_MAX && word.isEmpty();
            }
            case ']', '}', ')' -> {
                boolean read = word(true);
                json.append(c == ')' ? ']' : c);
                return read && --depth >= 0;
            }
            case ',', ':' -> {
                boolean read = word(true);
                json.append(c == ',' ? ", " : ": ");
                return read;
            }
            default -> {
                if (!Character.isWhitespace(c)) {
                    started = true;
                    word.append(c);
                }
                return word.length() < 400;
            }
        }
    }

    /// Writes the number or constant that just ended. Inside brackets there may be none.
    private boolean word(boolean nested) {
        if (word.isEmpty()) {
            return nested || !json.isEmpty();
        }
        String python = word.toString();
        word.setLength(0);
        String value = switch (python) {
            case "True" -> "true";
            case "False" -> "false";
            case "None" -> "null";
            default -> python;
        };
        json.append(value);
        try {
            Json.parse(value);
            return true;
        } catch (Json.MalformedJsonException e) {
            return false;
        }
    }

    private boolean inText(char c) {
        if (hexLeft > 0) {
            int digit = Character.digit(c, 16);
            hex = hex * 16 + digit;
            if (--hexLeft == 0) {
                text.append((char) hex);
            }
            return digit >= 0;
        }
        if (escaped) {
            escaped = false;
            escape(c);
        } else if (c == '\\') {
            escaped = true;
        } else if (c == quote) {
            quote = 0;
            json.append(Json.write(text.toString()));
            text.setLength(0);
        } else {
            text.append(c);
        }
        return true;
    }

    private void escape(char c) {
        switch (c) {
            case 'n' -> text.append('\n');
            case 't' -> text.append('\t');
            case 'r' -> text.append('\r');
            case 'b' -> text.append('\b');
            case 'f' -> text.append('\f');
            case 'u' -> {
                hexLeft = 4;
                hex = 0;
            }
            case 'x' -> {
                hexLeft = 2;
                hex = 0;
            }
            case '\n' -> { }
            case '\\', '\'', '"', '/' -> text.append(c);
            default -> text.append('\\').append(c);
        }
    }
}
