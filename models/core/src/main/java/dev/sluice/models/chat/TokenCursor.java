package dev.sluice.models.chat;

import dev.sluice.models.chat.Token.Kind;
import java.util.List;

/// A position in a template's tokens, and how deeply the parser has descended. One thread.
final class TokenCursor {
    /// Nested parentheses and blocks; the deepest template we know has a dozen. The bound keeps
    /// the parser and the interpreter within the stack of a request's thread.
    private static final int NESTING_MAX = 60;

    private final List<Token> tokens;
    private int at;
    private int nesting;

    TokenCursor(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token current() { return tokens.get(at); }

    Token following() { return tokens.get(Math.min(at + 1, tokens.size() - 1)); }

    int line() { return current().line(); }

    Token next() {
        Token token = current();
        if (token.kind() != Kind.END) {
            at++;
        }
        return token;
    }

    boolean isOperator(String operator) { return current().isOperator(operator); }

    boolean isName(String name) { return current().isName(name); }

    boolean skipOperator(String operator) { return skip(isOperator(operator)); }

    boolean skipName(String name) { return skip(isName(name)); }

    private boolean skip(boolean matches) {
        if (matches) {
            at++;
        }
        return matches;
    }

    void expectOperator(String operator) {
        if (!skipOperator(operator)) {
            throw unexpected("'" + operator + "'");
        }
    }

    void expectName(String name) {
        if (!skipName(name)) {
            throw unexpected("'" + name + "'");
        }
    }

    Token expect(Kind kind) {
        if (current().kind() != kind) {
            throw unexpected(new Token(kind, kind == Kind.NAME ? "a name" : "", 0).described());
        }
        return next();
    }

    TemplateException unexpected(String wanted) {
        return fault("expected " + wanted + ", got " + current().described());
    }

    TemplateException fault(String message) {
        return new TemplateException(line(), message);
    }

    void enter() {
        if (++nesting > NESTING_MAX) {
            throw fault("nested deeper than " + NESTING_MAX);
        }
    }

    void leave() {
        nesting--;
    }
}
