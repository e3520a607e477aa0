package dev.sluice.models.chat;

import dev.sluice.models.chat.Arguments.Bound;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/// `split` and its kin.
final class TextSplitting {
    static final Map<String, Operation> NAMED = Map.of(
            "split", (run, s, a) -> split(run, s, a, false),
            "rsplit", (run, s, a) -> split(run, s, a, true),
            "splitlines", TextSplitting::splitLines,
            "partition", (run, s, a) -> partition(run, s, a, false),
            "rpartition", (run, s, a) -> partition(run, s, a, true));

    private TextSplitting() { }

    private static Object split(Rendering run, Object subject, Arguments arguments,
                                boolean fromEnd) {
        Bound bound = arguments.bind(run, "split", "sep?", "maxsplit?");
        String text = Values.text(subject);
        int splits = bound.integer(1, -1);
        int most = splits < 0 ? Integer.MAX_VALUE : splits;
        List<String> parts;
        if (bound.or(0, null) == null) {
            parts = fromEnd ? wordsFromEnd(text, most) : words(text, most);
        } else if (bound.text(0).isEmpty()) {
            throw run.fault("empty separator");
        } else {
            String separator = bound.text(0);
            run.searches(text, separator);
            parts = fromEnd ? partsFromEnd(text, separator, most) : parts(text, separator, most);
        }
        return like(run, subject, parts);
    }

    private static List<Object> like(Rendering run, Object subject, List<String> parts) {
        run.makes(Values.text(subject).length() + parts.size() * Values.ELEMENT_CHARACTERS);
        var values = new ArrayList<Object>(parts.size());
        for (String part : parts) {
            values.add(Values.textLike(subject, part));
        }
        return values;
    }

    private static List<String> parts(String text, String separator, int most) {
        var parts = new ArrayList<String>();
        int from = 0;
        for (int i = text.indexOf(separator); i >= 0 && parts.size() < most;
                i = text.indexOf(separator, from)) {
            parts.add(text.substring(from, i));
            from = i + separator.length();
        }
        parts.add(text.substring(from));
        return parts;
    }

    private static List<String> partsFromEnd(String text, String separator, int most) {
        var parts = new ArrayList<String>();
        int to = text.length();
        for (int i = last(text, separator, to); i >= 0 && parts.size() < most;
                i = last(text, separator, to)) {
            parts.add(text.substring(i + separator.length(), to));
            to = i;
        }
        parts.add(text.substring(0, to));
        Collections.reverse(parts);
        return parts;
    }

    private static int last(String text, String separator, int to) {
        int from = to - separator.length();
        return from < 0 ? -1 : text.lastIndexOf(separator, from);
    }

    private static List<String> words(String text, int most) {
        var words = new ArrayList<String>();
        int at = skip(text, 0, true);
        while (at < text.length() && words.size() < most) {
            int end = skip(text, at, false);
            words.add(text.substring(at, end));
            at = skip(text, end, true);
        }
        if (at < text.length()) {
            words.add(text.substring(at));
        }
        return words;
    }

    private static int skip(String text, int from, boolean spaces) {
        int at = from;
        while (at < text.length() && PythonText.isSpace(text.charAt(at)) == spaces) {
            at++;
        }
        return at;
    }

    private static List<String> wordsFromEnd(String text, int most) {
        var words = new ArrayList<String>();
        int to = skipBack(text, text.length(), true);
        while (to > 0 && words.size() < most) {
            int start = skipBack(text, to, false);
            words.add(text.substring(start, to));
            to = skipBack(text, start, true);
        }
        if (to > 0) {
            words.add(text.substring(0, to));
        }
        Collections.reverse(words);
        return words;
    }

    private static int skipBack(String text, int from, boolean spaces) {
        int at = from;
        while (at > 0 && PythonText.isSpace(text.charAt(at - 1)) == spaces) {
            at--;
        }
        return at;
    }

    private static Object splitLines(Rendering run, Object subject, Arguments arguments) {
        boolean keep = arguments.bind(run, "splitlines", "keepends?").flag(0, false);
        return like(run, subject, lines(Values.text(subject), keep));
    }

    /// The lines of a text; no empty line after a line end that ends the text.
    static List<String> lines(String text, boolean keepEnds) {
        var lines = new ArrayList<String>();
        int from = 0;
        for (int i = 0; i < text.length(); i++) {
            if (!PythonText.isLineEnd(text.charAt(i))) {
                continue;
            }
            int end = i;
            if (text.startsWith("\r\n", i)) {
                i++;
            }
            lines.add(text.substring(from, keepEnds ? i + 1 : end));
            from = i + 1;
        }
        if (from < text.length()) {
            lines.add(text.substring(from));
        }
        return lines;
    }

    private static Object partition(Rendering run, Object subject, Arguments arguments,
                                    boolean fromEnd) {
        String separator = arguments.bind(run, "partition", "sep").text(0);
        if (separator.isEmpty()) {
            throw run.fault("empty separator");
        }
        String text = Values.text(subject);
        run.searches(text, separator);
        int at = fromEnd ? text.lastIndexOf(separator) : text.indexOf(separator);
        List<String> parts;
        if (at < 0) {
            parts = fromEnd ? List.of("", "", text) : List.of(text, "", "");
        } else {
            parts = List.of(text.substring(0, at), separator,
                    text.substring(at + separator.length()));
        }
        return new Tuple(like(run, subject, parts));
    }
}
