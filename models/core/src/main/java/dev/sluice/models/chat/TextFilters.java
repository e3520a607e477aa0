package dev.sluice.models.chat;

import dev.sluice.models.chat.Arguments.Bound;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/// Filters that make text of any value.
final class TextFilters {
    static final Map<String, Operation> NAMED = named();

    private TextFilters() { }

    private static Map<String, Operation> named() {
        var filters = new HashMap<String, Operation>();
        filters.put("upper", mapped("upper", PythonText::upper));
        filters.put("lower", mapped("lower", PythonText::lower));
        filters.put("capitalize", mapped("capitalize", PythonText::capitalized));
        filters.put("title", mapped("title", TextFilters::titled));
        filters.put("trim", TextFilters::trim);
        filters.put("replace", TextFilters::replace);
        filters.put("string", TextFilters::string);
        filters.put("safe", TextFilters::safe);
        filters.put("e", TextFilters::escape);
        filters.put("escape", TextFilters::escape);
        filters.put("join", TextFilters::join);
        filters.put("indent", TextFilters::indent);
        filters.put("center", TextFilters::center);
        filters.put("format", TextFilters::format);
        filters.put("wordcount", TextFilters::wordCount);
        return Map.copyOf(filters);
    }

    /// The value as text that keeps its mark of being safe.
    private static Object soft(Rendering run, Object value) {
        return value instanceof Markup ? value : Printing.text(run, value);
    }

    private static Operation mapped(String name, UnaryOperator<String> function) {
        return (run, value, arguments) -> {
            arguments.bind(run, name);
            Object soft = soft(run, value);
            run.makes(Values.text(soft).length());
            return Values.textLike(soft, function.apply(Values.text(soft)));
        };
    }

    /// Words begin after a space, a hyphen or an opening bracket; unlike `str.title`, not after
    /// an apostrophe.
    private static String titled(String text) {
        var out = new StringBuilder(text.length());
        boolean begins = true;
        for (int i = 0; i < text.length(); ) {
            String one = Character.toString(text.codePointAt(i));
            out.append(begins ? PythonText.upper(one) : PythonText.lower(one));
            char c = one.charAt(0);
            begins = PythonText.isSpace(c) || "-({[<".indexOf(c) >= 0;
            i += one.length();
        }
        return out.toString();
    }

    private static Object trim(Rendering run, Object value, Arguments arguments) {
        Object chars = arguments.bind(run, "trim", "chars?").or(0, null);
        Object soft = soft(run, value);
        Arguments inner = chars == null ? Arguments.NONE : Arguments.of(chars);
        return TextMethods.NAMED.get("strip").apply(run, soft, inner);
    }

    private static Object replace(Rendering run, Object value, Arguments arguments) {
        Bound bound = arguments.bind(run, "replace", "old", "new", "count?");
        Object count = bound.or(2, null);
        return TextMethods.replaced(run, Printing.text(run, value),
                Printing.text(run, bound.get(0)), Printing.text(run, bound.get(1)),
                count == null ? -1 : bound.integer(2));
    }

    private static Object string(Rendering run, Object value, Arguments arguments) {
        arguments.bind(run, "string");
        return soft(run, value);
    }

    private static Object safe(Rendering run, Object value, Arguments arguments) {
        arguments.bind(run, "safe");
        return new Markup(Printing.text(run, value));
    }

    private static Object escape(Rendering run, Object value, Arguments arguments) {
        arguments.bind(run, "escape");
        if (value instanceof Markup) {
            return value;
        }
        String escaped = Markup.escape(Printing.text(run, value));
        run.makes(escaped.length());
        return new Markup(escaped);
    }

    private static Object join(Rendering run, Object value, Arguments arguments) {
        Bound bound = arguments.bind(run, "join", "d?", "attribute?");
        var texts = new ArrayList<String>();
        for (Object element : Values.elements(run, value)) {
            Object part = bound.or(1, null) == null ? element
                    : SelectionFilters.attribute(run, element, bound.get(1));
            texts.add(Printing.text(run, part));
        }
        return TextMethods.joined(run, Printing.text(run, bound.or(0, "")), texts);
    }

    private static Object indent(Rendering run, Object value, Arguments arguments) {
        Bound bound = arguments.bind(run, "indent", "width?", "first?", "blank?");
        if (!Values.isText(value)) {
            throw run.fault(value instanceof Undefined(String message) ? message
                    : "indent expects text, got " + Values.typeName(value));
        }
        Object width = bound.or(0, 4L);
        String indent = Values.isText(width) ? Values.text(width)
                : TextPadding.padded(run, "", Numbers.index(run, width, "indent"), " ", 'l');
        List<String> lines = TextSplitting.lines(Values.text(value) + "\n", false);
        run.makes(Values.text(value).length() + (long) lines.size() * indent.length());
        var out = new StringBuilder(bound.flag(1, false) ? indent : "");
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (i > 0) {
                out.append('\n').append(bound.flag(2, false) || !line.isEmpty() ? indent : "");
            }
            out.append(line);
        }
        return Values.textLike(value, out.toString());
    }

    private static Object center(Rendering run, Object value, Arguments arguments) {
        int width = arguments.bind(run, "center", "width?").integer(0, 80);
        Object soft = soft(run, value);
        return Values.textLike(soft,
                TextPadding.padded(run, Values.text(soft), width, " ", 'c'));
    }

    private static Object format(Rendering run, Object value, Arguments arguments) {
        if (value instanceof Markup) {
            throw run.fault("% of a text marked safe is not supported");
        }
        if (!arguments.named().isEmpty() && !arguments.positional().isEmpty()) {
            throw run.fault("can't handle positional and keyword arguments at the same time");
        }
        Object values = arguments.named().isEmpty()
                ? new Tuple(arguments.positional()) : arguments.named();
        return PercentFormat.format(run, Printing.text(run, value), values);
    }

    private static Object wordCount(Rendering run, Object value, Arguments arguments) {
        arguments.bind(run, "wordcount");
        String text = Printing.text(run, value);
        run.steps(text.length());
        long words = 0;
        boolean inWord = false;
        for (int c : text.codePoints().toArray()) {
            boolean wordCharacter = Character.isLetterOrDigit(c) || c == '_';
            words += wordCharacter && !inWord ? 1 : 0;
            inWord = wordCharacter;
        }
        return words;
    }
}
