package dev.sluice.models.chat;

import dev.sluice.models.chat.Token.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/// Cuts a template into tokens. Whitespace control is settled here, because one newline changes
/// the token ids of a prompt:
///
///     {%-  strips all whitespace before     -%}  strips all whitespace after
///     {%+  keeps the indentation before     +%}  keeps the newline after
///     {%   drops spaces before, when the tag starts its line (lstrip_blocks)
///     %}   drops one newline after (trim_blocks)
///
/// Comments behave as blocks do; `{{ }}` only knows the minus. Line ends become `\n` and one at
/// the end of the source is dropped. One use, one thread.
final class Lexer {
    private static final String[] OPERATORS = {
        "**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")",
        "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"};

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private final Deque<Character> brackets = new ArrayDeque<>();
    private int at;
    private int line = 1;

    private Lexer(String source) {
        this.source = source;
    }

    static List<Token> tokens(String source) {
        String text = source.replace("\r\n", "\n").replace('\r', '\n');
        if (text.endsWith("\n")) {
            text = text.substring(0, text.length() - 1);
        }
        return new Lexer(text).run();
    }

    private List<Token> run() {
        while (at < source.length()) {
            int tag = nextTag();
            if (tag < 0) {
                add(Kind.DATA, source.substring(at));
                moveTo(source.length());
            } else {
                tag(tag);
            }
        }
        tokens.add(new Token(Kind.END, "", line));
        return tokens;
    }

    private int nextTag() {
        for (int i = source.indexOf('{', at); i >= 0; i = source.indexOf('{', i + 1)) {
            if (i + 1 < source.length() && "{%#".indexOf(source.charAt(i + 1)) >= 0) {
                return i;
            }
        }
        return -1;
    }

    private void tag(int tag) {
        char kind = source.charAt(tag + 1);
        int rawEnd = kind == '%' ? keywordTagEnd(tag, "raw") : -1;
        text(tag, kind != '{');
        moveTo(afterSign(tag));
        if (rawEnd >= 0) {
            raw(rawEnd);
        } else if (kind == '#') {
            comment();
        } else if (kind == '%') {
            add(Kind.BLOCK_BEGIN, "{%");
            expressionUntil(Kind.BLOCK_END, "%}");
        } else {
            add(Kind.VARIABLE_BEGIN, "{{");
            expressionUntil(Kind.VARIABLE_END, "}}");
        }
    }

    private int afterSign(int tag) {
        return tag + 2 < source.length() && "-+".indexOf(source.charAt(tag + 2)) >= 0
                ? tag + 3 : tag + 2;
    }

    /// Emits the text up to the tag, shortened as the tag's sign asks.
    private void text(int tag, boolean lstrip) {
        char sign = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
        int end = tag;
        if (sign == '-') {
            while (end > at && PythonText.isSpace(source.charAt(end - 1))) {
                end--;
            }
        } else if (sign != '+' && lstrip) {
            end = lineStart(tag);
        }
        if (end > at) {
            add(Kind.DATA, source.substring(at, end));
        }
        moveTo(tag);
    }

    /// Where the line of the tag starts if only spaces are between, else the tag. Looks at no
    /// character twice: a template without a line end must not take quadratic time.
    private int lineStart(int tag) {
        int i = tag;
        while (i > at && source.charAt(i - 1) != '\n') {
            if (!PythonText.isSpace(source.charAt(i - 1))) {
                return tag;
            }
            i--;
        }
        return i == 0 || source.charAt(i - 1) == '\n' ? i : tag;
    }

    /// The end of `{% word %}` at the tag with its whitespace control, or -1 when another tag is
    /// there.
    private int keywordTagEnd(int tag, String word) {
        int i = skipSpace(afterSign(tag));
        if (!source.startsWith(word, i)) {
            return -1;
        }
        i = skipSpace(i + word.length());
        if (source.startsWith("-%}", i)) {
            return skipSpace(i + 3);
        }
        if (source.startsWith("%}", i)) {
            boolean trims = word.equals("endraw") && source.startsWith("\n", i + 2);
            return trims ? i + 3 : i + 2;
        }
        return word.equals("endraw") && source.startsWith("+%}", i) ? i + 3 : -1;
    }

    private void raw(int bodyStart) {
        int begunOn = line;
        moveTo(bodyStart);
        for (int i = source.indexOf("{%", at); i >= 0; i = source.indexOf("{%", i + 1)) {
            int end = keywordTagEnd(i, "endraw");
            if (end >= 0) {
                text(i, true);
                moveTo(end);
                return;
            }
        }
        throw new TemplateException(begunOn, "'raw' has no 'endraw'");
    }

    private void comment() {
        int end = source.indexOf("#}", at);
        if (end < 0) {
            throw new TemplateException(line, "a comment is not closed with '#}'");
        }
        char sign = end > at ? source.charAt(end - 1) : ' ';
        moveTo(afterTag(end + 2, sign));
    }

    private int afterTag(int end, char sign) {
        if (sign == '-') {
            return skipSpace(end);
        }
        return sign != '+' && source.startsWith("\n", end) ? end + 1 : end;
    }

    private void expressionUntil(Kind endKind, String close) {
        brackets.clear();
        boolean block = endKind == Kind.BLOCK_END;
        while (true) {
            moveTo(skipSpace(at));
            if (at >= source.length()) {
                throw new TemplateException(line, "a tag is not closed with '" + close + "'");
            }
            if (brackets.isEmpty()) {
                char sign = source.charAt(at);
                boolean signed = (sign == '-' || block && sign == '+')
                        && source.startsWith(close, at + 1);
                if (signed || source.startsWith(close, at)) {
                    add(endKind, close);
                    int end = at + (signed ? 3 : 2);
                    char used = signed ? sign : block ? ' ' : '+';
                    moveTo(afterTag(end, used));
                    return;
                }
            }
            expressionToken();
        }
    }

    private void expressionToken() {
        char c = source.charAt(at);
        if (c >= '0' && c <= '9') {
            number();
        } else if (c == '\'' || c == '"') {
            var text = new StringBuilder();
            int end = StringLiteral.decode(source, at, line, text);
            add(Kind.STRING, text.toString());
            moveTo(end);
        } else if (Character.isUnicodeIdentifierStart(source.codePointAt(at)) || c == '_') {
            int end = at;
            while (end < source.length() && isNamePart(source.codePointAt(end))) {
                end += Character.charCount(source.codePointAt(end));
            }
            add(Kind.NAME, source.substring(at, end));
            moveTo(end);
        } else {
            operator();
        }
    }

    private static boolean isNamePart(int codePoint) {
        return codePoint == '_' || Character.isUnicodeIdentifierPart(codePoint)
                && !Character.isIdentifierIgnorable(codePoint);
    }

    private void number() {
        int end = NumberLiteral.end(source, at);
        String text = source.substring(at, end);
        add(NumberLiteral.isFloat(text) ? Kind.FLOAT : Kind.INTEGER, text);
        moveTo(end);
    }

    private void operator() {
        for (String operator : OPERATORS) {
            if (source.startsWith(operator, at)) {
                balance(operator);
                add(Kind.OPERATOR, operator);
                moveTo(at + operator.length());
                return;
            }
        }
        int c = source.codePointAt(at);
        throw new TemplateException(line, "unexpected character '" + Character.toString(c) + "'");
    }

    private void balance(String operator) {
        char c = operator.charAt(0);
        if ("([{".indexOf(c) >= 0) {
            brackets.push(")]}".charAt("([{".indexOf(c)));
        } else if (")]}".indexOf(c) >= 0) {
            if (brackets.isEmpty()) {
                throw new TemplateException(line, "unexpected '" + c + "'");
            }
            char wanted = brackets.pop();
            if (wanted != c) {
                throw new TemplateException(line,
                        "unexpected '" + c + "', expected '" + wanted + "'");
            }
        }
    }

    private int skipSpace(int from) {
        int i = from;
        while (i < source.length() && PythonText.isSpace(source.charAt(i))) {
            i++;
        }
        return i;
    }

    private void add(Kind kind, String text) {
        tokens.add(new Token(kind, text, line));
    }

    private void moveTo(int position) {
        for (int i = at; i < position; i++) {
            if (source.charAt(i) == '\n') {
                line++;
            }
        }
        at = position;
    }
}
