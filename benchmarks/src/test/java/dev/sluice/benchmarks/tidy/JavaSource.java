package dev.sluice.benchmarks.tidy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A Java file as the tidy rules see it: its lines, its code with comments and literals blanked
/// out, and its methods as a brace matcher finds them. No parser, so it errs on odd layouts.
record JavaSource(String path, String text, String code, List<Method> methods) {
    private static final Pattern TYPE_HEADER =
            Pattern.compile("\\b(?:class|interface|enum|record|@interface)\\s+\\w+");
    private static final Pattern METHOD_NAME = Pattern.compile("(\\w+)\\s*\\(");

    /// @param name       as declared; a compact constructor has its record's name
    /// @param line       of its header, from 1
    /// @param lines      header and body
    /// @param parameters how many it takes
    /// @param operation  whether it takes the kernels first, as an operation of a model does
    record Method(String name, int line, int lines, int parameters, boolean operation) {}

    private enum Kind { TYPE, METHOD, OTHER }

    private record Open(Kind kind, int headerStart, String header) {}

    static JavaSource of(String path, String text) {
        String code = blank(text);
        return new JavaSource(path, text, code, methods(code));
    }

    boolean isMain() { return path.contains("/src/main/"); }

    /// `text` with the insides of comments, strings and characters replaced by spaces, so that
    /// offsets and lines stay.
    private static String blank(String text) {
        char[] out = text.toCharArray();
        int at = 0;
        while (at < out.length) {
            int end = literalEnd(text, at);
            for (int i = at; i < end; i++) {
                if (out[i] != '\n') {
                    out[i] = ' ';
                }
            }
            at = Math.max(end, at + 1);
        }
        return new String(out);
    }

    /// Where the comment or literal that starts at `at` ends; `at` when none does.
    private static int literalEnd(String text, int at) {
        if (text.startsWith("//", at)) {
            return until(text, "\n", at);
        }
        if (text.startsWith("/*", at)) {
            return until(text, "*/", at + 2) + 2;
        }
        if (text.startsWith("\"\"\"", at)) {
            return quoted(text, "\"\"\"", at + 3);
        }
        char c = text.charAt(at);
        return c == '"' || c == '\'' ? quoted(text, String.valueOf(c), at + 1) : at;
    }

    private static int until(String text, String end, int from) {
        int found = text.indexOf(end, from);
        return found < 0 ? text.length() : Math.min(found, text.length());
    }

    private static int quoted(String text, String end, int from) {
        for (int i = from; i < text.length(); i++) {
            if (text.charAt(i) == '\\') {
                i++;
            } else if (text.startsWith(end, i)) {
                return i + end.length();
            }
        }
        return text.length();
    }

    private static List<Method> methods(String code) {
        var methods = new ArrayList<Method>();
        var open = new ArrayDeque<Open>();
        int headerStart = 0;
        int parens = 0;
        for (int i = 0; i < code.length(); i++) {
            switch (code.charAt(i)) {
                case '(' -> parens++;
                case ')' -> parens--;
                case ';' -> headerStart = parens == 0 ? i + 1 : headerStart;
                case '{' -> {
                    String header = code.substring(headerStart, i);
                    open.push(new Open(kind(header, open.peek()), headerStart, header));
                    headerStart = i + 1;
                }
                case '}' -> {
                    Open closed = open.isEmpty() ? new Open(Kind.OTHER, 0, "") : open.pop();
                    if (closed.kind() == Kind.METHOD) {
                        methods.add(method(code, closed, i));
                    }
                    headerStart = i + 1;
                }
                default -> { }
            }
        }
        return methods;
    }

    private static Kind kind(String header, Open parent) {
        String declaration = header.replaceAll("@\\w+(\\([^()]*\\))?", "").strip();
        if (TYPE_HEADER.matcher(header).find()) {
            return Kind.TYPE;
        }
        boolean inType = parent != null && parent.kind() == Kind.TYPE;
        boolean initializer = declaration.isEmpty() || declaration.equals("static")
                || declaration.contains("=") || declaration.contains("->");
        return inType && !initializer ? Kind.METHOD : Kind.OTHER;
    }

    private static Method method(String code, Open header, int end) {
        int start = header.headerStart();
        while (Character.isWhitespace(code.charAt(start))) {
            start++;
        }
        String declaration = header.header().replaceAll("@\\w+(\\([^()]*\\))?", "");
        Matcher name = METHOD_NAME.matcher(declaration);
        boolean found = name.find();
        return new Method(
                found ? name.group(1) : declaration.strip().replaceAll(".*\\s", ""),
                lineAt(code, start),
                lineAt(code, end) - lineAt(code, start) + 1,
                found ? parameters(declaration.substring(name.end())) : 0,
                found && declaration.substring(name.end()).strip().startsWith("Kernels "));
    }

    /// Parameters of a list that starts after its opening parenthesis; commas inside type
    /// arguments do not count.
    private static int parameters(String list) {
        int depth = 0;
        int commas = 0;
        int at = 0;
        while (at < list.length() && !(list.charAt(at) == ')' && depth == 0)) {
            char c = list.charAt(at++);
            depth += c == '<' || c == '(' ? 1 : c == '>' || c == ')' ? -1 : 0;
            commas += c == ',' && depth == 0 ? 1 : 0;
        }
        return list.substring(0, at).isBlank() ? 0 : commas + 1;
    }

    private static int lineAt(String text, int offset) {
        return 1 + (int) text.substring(0, offset).chars().filter(c -> c == '\n').count();
    }
}
