package dev.sluice.models.chat;

/// Python's `format.format(...)`: `{}`, `{0}`, `{name.attribute[key]!r:>10}`. One use, one
/// thread.
final class FieldFormat {
    private final Rendering run;
    private final Arguments arguments;
    private int automatic;

    private FieldFormat(Rendering run, Arguments arguments) {
        this.run = run;
        this.arguments = arguments;
    }

    static Object format(Rendering run, Object subject, Arguments arguments) {
        if (subject instanceof Markup) {
            throw run.fault("format of a text marked safe is not supported");
        }
        String text = new FieldFormat(run, arguments).text((String) subject, 0);
        run.makes(text.length());
        return text;
    }

    private String text(String format, int depth) {
        if (depth > 2) {
            throw run.fault("max string recursion exceeded");
        }
        var out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            boolean doubled = i + 1 < format.length() && format.charAt(i + 1) == c;
            if ((c == '{' || c == '}') && doubled) {
                out.append(c);
                i++;
            } else if (c == '{') {
                int end = closing(format, i);
                out.append(field(format.substring(i + 1, end), depth));
                i = end;
            } else if (c == '}') {
                throw run.fault("single '}' in a format");
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }

    private int closing(String format, int open) {
        int depth = 0;
        for (int i = open; i < format.length(); i++) {
            char c = format.charAt(i);
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        throw run.fault("expected '}' before the end of a format");
    }

    private String field(String field, int depth) {
        int colon = field.indexOf(':');
        String name = colon < 0 ? field : field.substring(0, colon);
        String spec = colon < 0 ? "" : text(field.substring(colon + 1), depth + 1);
        int bang = name.indexOf('!');
        String conversion = bang < 0 ? "" : name.substring(bang + 1);
        Object value = value(bang < 0 ? name : name.substring(0, bang));
        return switch (conversion) {
            case "" -> formatted(value, spec);
            case "s" -> formatted(Printing.text(run, value), spec);
            case "r" -> formatted(Printing.repr(run, value), spec);
            default -> throw run.fault("the conversion '!" + conversion + "' is not supported");
        };
    }

    private Object value(String path) {
        int end = 0;
        while (end < path.length() && ".[".indexOf(path.charAt(end)) < 0) {
            end++;
        }
        Object value = argument(path.substring(0, end));
        while (end < path.length()) {
            boolean attribute = path.charAt(end) == '.';
            int stop = attribute ? end + 1 : path.indexOf(']', end);
            while (attribute && stop < path.length() && ".[".indexOf(path.charAt(stop)) < 0) {
                stop++;
            }
            if (stop < 0) {
                throw run.fault("missing ']' in a format");
            }
            String key = path.substring(end + 1, stop);
            value = attribute ? Access.attribute(run, value, key)
                    : Access.item(run, value, isNumber(key) ? (Object) number(key) : key);
            end = attribute ? stop : stop + 1;
        }
        return value;
    }

    private Object argument(String name) {
        boolean positional = name.isEmpty() || isNumber(name);
        if (!positional) {
            if (arguments.named().containsKey(name)) {
                return arguments.named().get(name);
            }
            throw run.fault("format has no argument '" + name + "'");
        }
        long index = name.isEmpty() ? automatic++ : number(name);
        if (index >= arguments.positional().size()) {
            throw run.fault("format has no argument " + index);
        }
        return arguments.positional().get((int) index);
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty() && text.length() < 10
                && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    private static long number(String digits) { return Long.parseLong(digits); }

    private String formatted(Object value, String spec) {
        if (spec.isEmpty()) {
            return Printing.text(run, value);
        }
        boolean number = Numbers.isNumber(value)
                && !(value instanceof Boolean && spec.endsWith("s"));
        if (!number && !Values.isText(value)) {
            throw run.fault("a format with ':' of " + Values.typeName(value)
                    + " is not supported");
        }
        FormatSpec parsed = new SpecReader(run, spec, number).read();
        boolean integral = Numbers.isInteger(value) && "eEfFgG%".indexOf(parsed.type()) < 0;
        if (integral && parsed.precision() >= 0) {
            throw run.fault("Precision not allowed in integer format specifier");
        }
        return number ? parsed.number(run, value) : parsed.text(run, Values.text(value));
    }

    /// Reads `[[fill]align][sign][#][0][width][grouping][.precision][type]`.
    private static final class SpecReader {
        private final Rendering run;
        private final String spec;
        private final boolean number;
        private int at;

        SpecReader(Rendering run, String spec, boolean number) {
            this.run = run;
            this.spec = spec;
            this.number = number;
        }

        FormatSpec read() {
            int first = Character.charCount(spec.codePointAt(0));
            String fill = "";
            char align = 0;
            if (spec.length() > first && "<>^=".indexOf(spec.charAt(first)) >= 0) {
                fill = spec.substring(0, first);
                align = spec.charAt(first);
                at = first + 1;
            } else {
                align = oneOf("<>^=");
            }
            char sign = oneOf("+- ");
            boolean alternate = oneOf("#") != 0;
            if (oneOf("0") != 0) {
                fill = fill.isEmpty() ? "0" : fill;
                align = align != 0 ? align : number ? '=' : '<';
            }
            int width = digits();
            char grouping = oneOf(",_");
            int precision = oneOf(".") == 0 ? -1 : digits();
            char type = oneOf(number ? "dbcoxXeEfFgGn%" : "s");
            if (at < spec.length() || type == 'n') {
                throw run.fault("the format '" + spec + "' is not supported");
            }
            var padding = new FormatSpec.Padding(fill.isEmpty() ? " " : fill, align, width);
            return new FormatSpec(padding, sign == 0 ? '-' : sign, alternate, grouping, precision,
                    type == 's' ? 0 : type);
        }

        private char oneOf(String characters) {
            boolean found = at < spec.length() && characters.indexOf(spec.charAt(at)) >= 0;
            return found ? spec.charAt(at++) : 0;
        }

        private int digits() {
            int size = 0;
            while (at < spec.length() && spec.charAt(at) >= '0' && spec.charAt(at) <= '9') {
                size = size * 10 + spec.charAt(at++) - '0';
                if (size > FormatSpec.SIZE_MAX) {
                    throw run.fault("a format wider than " + FormatSpec.SIZE_MAX);
                }
            }
            return size;
        }
    }
}
