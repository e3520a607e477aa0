package dev.sluice.models.chat;

import dev.sluice.models.chat.Statement.Branch;
import dev.sluice.models.chat.Statement.Loop;
import dev.sluice.models.chat.Statement.MacroBody;
import dev.sluice.models.chat.Statement.Target;
import dev.sluice.models.chat.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Tokens to the tree of a template. A tag that is not known is an error with its line. One use,
/// one thread.
final class StatementParser {
    private final TokenCursor cursor;
    private final ExpressionParser expressions;
    private int loops;

    private StatementParser(String source) {
        cursor = new TokenCursor(Lexer.tokens(source));
        expressions = new ExpressionParser(cursor);
    }

    static List<Statement> parse(String source) {
        return new StatementParser(source).body(Set.of());
    }

    /// Statements up to a tag whose name is in `ends`; that name is then the current token.
    private List<Statement> body(Set<String> ends) {
        cursor.enter();
        var statements = new ArrayList<Statement>();
        while (cursor.current().kind() != Kind.END) {
            Token token = cursor.next();
            switch (token.kind()) {
                case DATA -> statements.add(new Statement.Text(token.line(), token.text()));
                case VARIABLE_BEGIN -> {
                    statements.add(
                            new Statement.Print(token.line(), expressions.tuple(true)));
                    cursor.expect(Kind.VARIABLE_END);
                    expressions.checkNothingUnknown();
                }
                case BLOCK_BEGIN -> {
                    Token name = cursor.current();
                    if (name.kind() == Kind.NAME && ends.contains(name.text())) {
                        cursor.leave();
                        return statements;
                    }
                    statements.add(tag(cursor.expect(Kind.NAME)));
                    cursor.expect(Kind.BLOCK_END);
                    expressions.checkNothingUnknown();
                }
                case BLOCK_END, VARIABLE_END, NAME, STRING, INTEGER, FLOAT, OPERATOR, END ->
                        throw cursor.fault("unexpected " + token.described());
            }
        }
        if (!ends.isEmpty()) {
            throw cursor.fault("the template ends before one of " + Set.copyOf(ends));
        }
        cursor.leave();
        return statements;
    }

    private Statement tag(Token name) {
        int line = name.line();
        return switch (name.text()) {
            case "if" -> ifTag(line);
            case "for" -> forTag(line);
            case "set" -> setTag(line);
            case "macro" -> macroTag(line);
            case "call" -> callTag(line);
            case "filter" -> filterTag(line);
            case "with" -> withTag(line);
            case "generation" -> new Statement.Scoped(line, outsideLoops("endgeneration"));
            case "print" -> new Statement.Print(line, expressions.tuple(true));
            case "break" -> insideLoop(name, new Statement.Break(line));
            case "continue" -> insideLoop(name, new Statement.Continue(line));
            default -> throw new TemplateException(line,
                    "the tag '" + name.text() + "' is not supported");
        };
    }

    private Statement insideLoop(Token name, Statement statement) {
        if (loops == 0) {
            throw new TemplateException(name.line(), "'" + name.text() + "' outside of a loop");
        }
        return statement;
    }

    private List<Statement> block(String end) {
        cursor.expect(Kind.BLOCK_END);
        List<Statement> statements = body(Set.of(end));
        cursor.expectName(end);
        return statements;
    }

    /// A body that `break` can not leave.
    private List<Statement> outsideLoops(String end) {
        int outer = loops;
        loops = 0;
        List<Statement> statements = block(end);
        loops = outer;
        return statements;
    }

    private Statement ifTag(int line) {
        expressions.enterCondition();
        var branches = new ArrayList<Branch>();
        List<Statement> otherwise = List.of();
        do {
            Expression condition = expressions.tuple(false);
            cursor.expect(Kind.BLOCK_END);
            branches.add(new Branch(condition, body(Set.of("elif", "else", "endif"))));
        } while (cursor.skipName("elif"));
        if (cursor.skipName("else")) {
            otherwise = block("endif");
        } else {
            cursor.expectName("endif");
        }
        expressions.leaveCondition();
        return new Statement.If(line, branches, otherwise);
    }

    private Statement forTag(int line) {
        Target target = targets();
        if (assigns(target, "loop")) {
            throw cursor.fault("can not assign to 'loop' in a loop");
        }
        cursor.expectName("in");
        Expression iterable = expressions.tuple(false);
        Optional<Expression> condition =
                cursor.skipName("if") ? Optional.of(expressions.expression()) : Optional.empty();
        boolean recursive = cursor.skipName("recursive");
        cursor.expect(Kind.BLOCK_END);
        loops++;
        List<Statement> body = body(Set.of("else", "endfor"));
        loops--;
        List<Statement> otherwise = List.of();
        if (cursor.skipName("else")) {
            otherwise = block("endfor");
        } else {
            cursor.expectName("endfor");
        }
        return new Statement.For(line,
                new Loop(target, iterable, condition, body, otherwise, recursive));
    }

    private Statement setTag(int line) {
        Target target = targets();
        if (cursor.skipOperator("=")) {
            return new Statement.Assign(line, target, expressions.tuple(true));
        }
        List<Expression.Use> filters = filters();
        return new Statement.AssignBlock(line, target, filters, block("endset"));
    }

    private List<Expression.Use> filters() {
        var filters = new ArrayList<Expression.Use>();
        while (cursor.isOperator("|")) {
            filters.add(expressions.operands().filter());
        }
        return filters;
    }

    private static boolean assigns(Target target, String wanted) {
        return switch (target) {
            case Target.ToName(String name) -> name.equals(wanted);
            case Target.ToAttribute _ -> false;
            case Target.ToTuple(List<Target> targets) ->
                    targets.stream().anyMatch(inner -> assigns(inner, wanted));
        };
    }

    private Target targets() {
        Target first = target();
        if (!cursor.isOperator(",")) {
            return first;
        }
        var targets = new ArrayList<>(List.of(first));
        while (cursor.skipOperator(",")) {
            if (cursor.isName("in") || cursor.isOperator("=") || cursor.isOperator(")")) {
                break;
            }
            targets.add(target());
        }
        return new Target.ToTuple(targets);
    }

    private Target target() {
        if (cursor.skipOperator("(")) {
            cursor.enter();
            Target inner = targets();
            cursor.leave();
            cursor.expectOperator(")");
            return inner;
        }
        String name = cursor.expect(Kind.NAME).text();
        if (cursor.skipOperator(".")) {
            expressions.nameRead(name);
            return new Target.ToAttribute(name, cursor.expect(Kind.NAME).text());
        }
        if (Set.of("true", "false", "none", "True", "False", "None").contains(name)) {
            throw cursor.fault("can not assign to '" + name + "'");
        }
        return new Target.ToName(name);
    }

    private Statement macroTag(int line) {
        String name = cursor.expect(Kind.NAME).text();
        return new Statement.Define(line, macro(name, "endmacro"));
    }

    private MacroBody macro(String name, String end) {
        expressions.collectNames();
        var parameters = new ArrayList<String>();
        var defaults = new ArrayList<Expression>();
        signature(parameters, defaults);
        return body(name, parameters, defaults, end);
    }

    private void signature(List<String> parameters, List<Expression> defaults) {
        cursor.expectOperator("(");
        while (!cursor.isOperator(")")) {
            parameters.add(cursor.expect(Kind.NAME).text());
            if (cursor.skipOperator("=")) {
                defaults.add(expressions.expression());
            } else if (!defaults.isEmpty()) {
                throw cursor.fault("a parameter without a default after one with a default");
            }
            if (!cursor.skipOperator(",")) {
                break;
            }
        }
        cursor.expectOperator(")");
    }

    private MacroBody body(String name, List<String> parameters, List<Expression> defaults,
                           String end) {
        List<Statement> body = outsideLoops(end);
        return new MacroBody(name, parameters, defaults, body, expressions.collectedNames());
    }

    private Statement callTag(int line) {
        var parameters = new ArrayList<String>();
        var defaults = new ArrayList<Expression>();
        if (cursor.isOperator("(")) {
            signature(parameters, defaults);
        }
        if (!(expressions.unary(true) instanceof Expression.Call call)) {
            throw new TemplateException(line, "expected a call after 'call'");
        }
        expressions.collectNames();
        MacroBody caller = body("caller", parameters, defaults, "endcall");
        return new Statement.CallBlock(line, caller, call);
    }

    private Statement filterTag(int line) {
        var filters = new ArrayList<Expression.Use>();
        do {
            filters.add(expressions.operands().filter());
        } while (cursor.isOperator("|"));
        return new Statement.FilterBlock(line, filters, outsideLoops("endfilter"));
    }

    private Statement withTag(int line) {
        var targets = new ArrayList<Target>();
        var values = new ArrayList<Expression>();
        while (cursor.current().kind() != Kind.BLOCK_END) {
            if (!targets.isEmpty()) {
                cursor.expectOperator(",");
            }
            targets.add(target());
            cursor.expectOperator("=");
            values.add(expressions.expression());
        }
        return new Statement.With(line, targets, values, block("endwith"));
    }
}
