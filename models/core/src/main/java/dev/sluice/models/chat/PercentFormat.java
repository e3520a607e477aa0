package dev.sluice.models.chat;

import java.util.List;
import java.util.Map;

/// Python's `format % values`: one value, a tuple of values, or a map for `%(name)s`. One use,
/// one thread.
final class PercentFormat {
    private final Rendering run;
    private final String format;
    private final Object values;
    private final List<Object> queue;
    private int at;
    private int used;

    private PercentFormat(Rendering run, String format, Object values) {
        this.run = run;
        this.format = format;
        this.values = values;
        this.queue = values instanceof Tuple(List<Object> several) ? several
                : Arguments.of(values).positional();
    }

    static String format(Rendering run, String format, Object values) {
        return new PercentFormat(run, format, values).text();
    }

    private String text() {
        var out = new StringBuilder();
        while (at < format.length()) {
            char c = format.charAt(at++);
            if (c == '%') {
                out.append(conversion());
            } else {
                out.append(c);
            }
        }
        boolean mayIgnore = values instanceof Map || values instanceof List;
        if (used < queue.size() && !mayIgnore) {
            throw run.fault("not all arguments converted during string formatting");
        }
        run.makes(out.length());
        return out.toString();
    }

    private String conversion() {
        Object named = peek() == '(' ? named() : Scope.ABSENT;
        String flags = flags();
        int width = size();
        int precision = -1;
        if (peek() == '.') {
            at++;
            precision = size();
        }
        while ("hlL".indexOf(peek()) >= 0) {
            at++;
        }
        char type = peek();
        at++;
        if (type == '%') {
            return "%";
        }
        if ("sradiufFeEgGxXoc".indexOf(type) < 0) {
            throw run.fault("unsupported format character '" + type + "'");
        }
        Object value = named == Scope.ABSENT ? nextValue() : named;
        boolean number = "srac".indexOf(type) < 0;
        boolean zero = flags.contains("0") && number;
        char align = flags.contains("-") ? '<' : zero ? '=' : '>';
        char sign = flags.contains("+") ? '+' : flags.contains(" ") ? ' ' : '-';
        var padding = new FormatSpec.Padding(zero && align == '=' ? "0" : " ", align, width);
        var spec = new FormatSpec(padding, sign, flags.contains("#"), (char) 0, precision,
                number ? type : (char) 0);
        return number ? number(spec, value) : spec.text(run, textOf(type, value));
    }

    private char peek() {
        if (at >= format.length()) {
            throw run.fault("incomplete format");
        }
        return format.charAt(at);
    }

    private Object named() {
        int end = format.indexOf(')', at);
        if (end < 0) {
            throw run.fault("incomplete format key");
        }
        String name = format.substring(at + 1, end);
        at = end + 1;
        if (!(values instanceof Map<?, ?> map)) {
            throw run.fault("format requires a mapping");
        }
        Object value = Values.lookUp(map, name);
        if (value == Scope.ABSENT) {
            throw run.fault("the format's key '" + name + "' is missing");
        }
        return value;
    }

    private String flags() {
        int from = at;
        while ("-+ #0".indexOf(peek()) >= 0) {
            at++;
        }
        return format.substring(from, at);
    }

    private int size() {
        if (peek() == '*') {
            at++;
            return checked(Numbers.index(run, nextValue(), "*"));
        }
        int size = 0;
        while (Character.isDigit(peek())) {
            size = checked(size * 10 + Character.digit(format.charAt(at++), 10));
        }
        return size;
    }

    private int checked(int size) {
        if (size < 0 || size > FormatSpec.SIZE_MAX) {
            throw run.fault("a format wider than " + FormatSpec.SIZE_MAX);
        }
        return size;
    }

    private Object nextValue() {
        if (used >= queue.size()) {
            throw run.fault("not enough arguments for format string");
        }
        return queue.get(used++);
    }

    private String number(FormatSpec spec, Object value) {
        if (!Numbers.isNumber(value)) {
            throw run.fault("%" + spec.type() + " needs a number, got "
                    + Values.typeName(value));
        }
        char type = spec.type() == 'i' || spec.type() == 'u' ? 'd' : spec.type();
        boolean cuts = type == 'd' && value instanceof Double d && Double.isFinite(d);
        return new FormatSpec(spec.padding(), spec.sign(), spec.alternate(), spec.grouping(),
                spec.precision(), type)
                .number(run, cuts ? Numbers.truncate((Double) value) : value);
    }

    private String textOf(char type, Object value) {
        return switch (type) {
            case 's' -> Printing.text(run, value);
            case 'r' -> Printing.repr(run, value);
            case 'c' -> character(value);
            default -> throw run.fault("the format '%" + type + "' is not supported");
        };
    }

    private String character(Object value) {
        if (Numbers.isInteger(value)) {
            int codePoint = Numbers.index(run, value, "%c");
            if (Character.isValidCodePoint(codePoint)) {
                return Character.toString(codePoint);
            }
        } else if (value instanceof String text && text.codePointCount(0, text.length()) == 1) {
            return text;
        }
        throw run.fault("%c requires an integer or a single character");
    }
}
