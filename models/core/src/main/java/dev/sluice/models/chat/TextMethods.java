package dev.sluice.models.chat;

import dev.sluice.models.chat.Arguments.Bound;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;

/// The methods of Python's `str`. Positions count code points. What a method of text marked
/// safe returns is marked safe too.
final class TextMethods {
    static final Map<String, Operation> NAMED = named();

    private TextMethods() { }

    private static Map<String, Operation> named() {
        var methods = new HashMap<String, Operation>();
        methods.put("upper", mapped("upper", PythonText::upper));
        methods.put("lower", mapped("lower", PythonText::lower));
        methods.put("casefold", mapped("casefold", t -> PythonText.lower(PythonText.upper(t))));
        methods.put("title", mapped("title", PythonText::titled));
        methods.put("capitalize", mapped("capitalize", PythonText::capitalized));
        methods.put("swapcase", mapped("swapcase", TextMethods::swapped));
        methods.put("isdigit", all("isdigit", Character::isDigit));
        methods.put("isdecimal", all("isdecimal", Character::isDigit));
        methods.put("isnumeric", all("isnumeric", TextMethods::isNumeric));
        methods.put("isalpha", all("isalpha", Character::isLetter));
        methods.put("isalnum", all("isalnum", c -> Character.isLetter(c) || isNumeric(c)));
        methods.put("isspace", all("isspace", PythonText::isSpace));
        methods.put("isascii", (run, s, a) -> {
            a.bind(run, "isascii");
            return Values.text(s).chars().allMatch(c -> c < 128);
        });
        methods.put("islower", cased("islower", Character::isLowerCase));
        methods.put("isupper", cased("isupper", Character::isUpperCase));
        methods.put("istitle", (run, s, a) -> {
            a.bind(run, "istitle");
            String text = Values.text(s);
            return text.codePoints().anyMatch(PythonText::isCased)
                    && PythonText.titled(text).equals(text);
        });
        methods.put("strip", (run, s, a) -> stripped(run, s, a, true, true));
        methods.put("lstrip", (run, s, a) -> stripped(run, s, a, true, false));
        methods.put("rstrip", (run, s, a) -> stripped(run, s, a, false, true));
        methods.put("removeprefix", TextMethods::removePrefix);
        methods.put("removesuffix", TextMethods::removeSuffix);
        methods.put("startswith", (run, s, a) -> affix(run, s, a, true));
        methods.put("endswith", (run, s, a) -> affix(run, s, a, false));
        methods.put("replace", TextMethods::replace);
        methods.put("join", TextMethods::join);
        methods.put("format", FieldFormat::format);
        methods.put("center", (run, s, a) -> TextPadding.pad(run, s, a, "center"));
        methods.put("ljust", (run, s, a) -> TextPadding.pad(run, s, a, "ljust"));
        methods.put("rjust", (run, s, a) -> TextPadding.pad(run, s, a, "rjust"));
        methods.put("zfill", TextPadding::zeroFill);
        methods.putAll(TextSearch.NAMED);
        methods.putAll(TextSplitting.NAMED);
        return Map.copyOf(methods);
    }

    private static Operation mapped(String name, UnaryOperator<String> function) {
        return (run, subject, arguments) -> {
            arguments.bind(run, name);
            String text = Values.text(subject);
            run.makes(text.length());
            return Values.textLike(subject, function.apply(text));
        };
    }

    private static Operation all(String name, IntPredicate predicate) {
        return (run, subject, arguments) -> {
            arguments.bind(run, name);
            String text = Values.text(subject);
            run.steps(text.length() / 16);
            return !text.isEmpty() && text.codePoints().allMatch(predicate);
        };
    }

    /// There is a cased letter, and all of them are of the case.
    private static Operation cased(String name, IntPredicate ofCase) {
        return (run, subject, arguments) -> {
            arguments.bind(run, name);
            String text = Values.text(subject);
            run.steps(text.length() / 16);
            return isCased(text, ofCase);
        };
    }

    static boolean isCased(String text, IntPredicate ofCase) {
        return text.codePoints().anyMatch(ofCase)
                && text.codePoints().noneMatch(c -> PythonText.isCased(c) && !ofCase.test(c));
    }

    private static boolean isNumeric(int c) {
        int type = Character.getType(c);
        return type == Character.DECIMAL_DIGIT_NUMBER || type == Character.LETTER_NUMBER
                || type == Character.OTHER_NUMBER;
    }

    private static String swapped(String text) {
        var out = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            String one = Character.toString(c);
            out.append(Character.isUpperCase(c) ? PythonText.lower(one)
                    : Character.isLowerCase(c) ? PythonText.upper(one) : one);
        });
        return out.toString();
    }

    private static Object stripped(Rendering run, Object subject, Arguments arguments,
                                   boolean start, boolean end) {
        Bound bound = arguments.bind(run, "strip", "chars?");
        String text = Values.text(subject);
        run.makes(text.length());
        if (bound.or(0, null) == null) {
            return Values.textLike(subject, strip(text, PythonText::isSpace, start, end));
        }
        String characters = bound.text(0);
        return Values.textLike(subject,
                strip(text, c -> characters.indexOf(c) >= 0, start, end));
    }

    static String strip(String text, IntPredicate drops, boolean start, boolean end) {
        int from = 0;
        int to = text.length();
        while (start && from < to && drops.test(text.codePointAt(from))) {
            from += Character.charCount(text.codePointAt(from));
        }
        while (end && to > from && drops.test(text.codePointBefore(to))) {
            to -= Character.charCount(text.codePointBefore(to));
        }
        return text.substring(from, to);
    }

    private static Object removePrefix(Rendering run, Object subject, Arguments arguments) {
        String prefix = arguments.bind(run, "removeprefix", "prefix").text(0);
        String text = Values.text(subject);
        run.makes(text.length());
        return Values.textLike(subject,
                text.startsWith(prefix) ? text.substring(prefix.length()) : text);
    }

    private static Object removeSuffix(Rendering run, Object subject, Arguments arguments) {
        String suffix = arguments.bind(run, "removesuffix", "suffix").text(0);
        String text = Values.text(subject);
        run.makes(text.length());
        return Values.textLike(subject, text.endsWith(suffix)
                ? text.substring(0, text.length() - suffix.length()) : text);
    }

    private static Object affix(Rendering run, Object subject, Arguments arguments,
                                boolean start) {
        String name = start ? "startswith" : "endswith";
        Bound bound = arguments.bind(run, name, "affix", "start?", "end?");
        String whole = Values.text(subject);
        String text = (String) Slicing.slice(run, whole, bound.or(1, null), bound.or(2, null),
                null);
        List<Object> affixes = bound.get(0) instanceof Tuple(List<Object> several)
                ? several : List.of(bound.text(0));
        for (Object affix : affixes) {
            if (!Values.isText(affix)) {
                throw run.fault(name + " expects text, got " + Values.typeName(affix));
            }
            String wanted = Values.text(affix);
            if (start ? text.startsWith(wanted) : text.endsWith(wanted)) {
                return true;
            }
        }
        return false;
    }

    private static Object replace(Rendering run, Object subject, Arguments arguments) {
        Bound bound = arguments.bind(run, "replace", "old", "new", "count?");
        String with = subject instanceof Markup && bound.get(1) instanceof String plain
                ? Markup.escape(plain) : bound.text(1);
        return Values.textLike(subject, replaced(run, Values.text(subject), bound.text(0), with,
                bound.integer(2, -1)));
    }

    /// Replaces the first `count` occurrences, all when it is negative. An empty text is found
    /// before every character and at the end.
    static String replaced(Rendering run, String text, String old, String with, int count) {
        var out = new StringBuilder();
        int left = count < 0 ? Integer.MAX_VALUE : count;
        int from = 0;
        run.searches(text, old);
        int found = left > 0 ? text.indexOf(old) : -1;
        while (found >= 0 && left-- > 0) {
            run.makes(found - from + with.length());
            out.append(text, from, found).append(with);
            if (old.isEmpty()) {
                if (found >= text.length()) {
                    from = found;
                    break;
                }
                int next = found + Character.charCount(text.codePointAt(found));
                out.append(text, found, next);
                from = next;
                found = next;
            } else {
                from = found + old.length();
                found = text.indexOf(old, from);
            }
        }
        run.makes(text.length() - from);
        return out.append(text, from, text.length()).toString();
    }

    private static Object join(Rendering run, Object subject, Arguments arguments) {
        Object parts = arguments.bind(run, "join", "iterable").get(0);
        var texts = new ArrayList<String>();
        for (Object part : Values.elements(run, parts)) {
            if (!Values.isText(part)) {
                throw run.fault("join expects text, got " + Values.typeName(part));
            }
            texts.add(subject instanceof Markup && part instanceof String plain
                    ? Markup.escape(plain) : Values.text(part));
        }
        return Values.textLike(subject, joined(run, Values.text(subject), texts));
    }

    static String joined(Rendering run, String separator, List<String> texts) {
        long length = (long) separator.length() * Math.max(0, texts.size() - 1);
        for (String text : texts) {
            length += text.length();
        }
        run.steps(texts.size());
        run.makes(length);
        return String.join(separator, texts);
    }
}
