package dev.sluice.models.chat;

import dev.sluice.models.chat.Expression.Attribute;
import dev.sluice.models.chat.Expression.Call;
import dev.sluice.models.chat.Expression.Constant;
import dev.sluice.models.chat.Expression.Inputs;
import dev.sluice.models.chat.Expression.Item;
import dev.sluice.models.chat.Expression.Use;
import dev.sluice.models.chat.Token.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Literals, names, and what may follow them: attributes, items, slices, calls, filters, tests.
/// One use, one thread.
final class OperandParser {
    private static final Set<Kind> STARTS_TEST_ARGUMENT =
            Set.of(Kind.NAME, Kind.STRING, Kind.INTEGER, Kind.FLOAT);

    private final TokenCursor cursor;
    private final ExpressionParser expressions;

    OperandParser(TokenCursor cursor, ExpressionParser expressions) {
        this.cursor = cursor;
        this.expressions = expressions;
    }

    Expression primary() {
        Token token = cursor.current();
        return switch (token.kind()) {
            case NAME -> name();
            case STRING -> strings();
            case INTEGER -> new Constant(
                    NumberLiteral.integer(cursor.next().text(), token.line()));
            case FLOAT -> new Constant(
                    NumberLiteral.floating(cursor.next().text(), token.line()));
            case OPERATOR -> bracketed(token);
            case DATA, BLOCK_BEGIN, BLOCK_END, VARIABLE_BEGIN, VARIABLE_END, END ->
                    throw cursor.unexpected("an expression");
        };
    }

    private Expression name() {
        Token token = cursor.next();
        return switch (token.text()) {
            case "true", "True" -> new Constant(true);
            case "false", "False" -> new Constant(false);
            case "none", "None" -> new Constant(null);
            default -> {
                expressions.nameRead(token.text());
                yield new Expression.Name(token.line(), token.text());
            }
        };
    }

    private Expression strings() {
        var text = new StringBuilder();
        while (cursor.current().kind() == Kind.STRING) {
            text.append(cursor.next().text());
        }
        return new Constant(text.toString());
    }

    private Expression bracketed(Token token) {
        return switch (token.text()) {
            case "(" -> parenthesised();
            case "[" -> list();
            case "{" -> map();
            default -> throw cursor.unexpected("an expression");
        };
    }

    private Expression parenthesised() {
        int line = cursor.next().line();
        if (cursor.skipOperator(")")) {
            return new Expression.TupleOf(line, List.of());
        }
        Expression inner = expressions.tuple(true);
        cursor.expectOperator(")");
        return inner;
    }

    private Expression list() {
        int line = cursor.next().line();
        var elements = new ArrayList<Expression>();
        while (!cursor.isOperator("]")) {
            elements.add(expressions.expression());
            if (!cursor.skipOperator(",")) {
                break;
            }
        }
        cursor.expectOperator("]");
        return new Expression.ListOf(line, elements);
    }

    private Expression map() {
        int line = cursor.next().line();
        var keys = new ArrayList<Expression>();
        var values = new ArrayList<Expression>();
        while (!cursor.isOperator("}")) {
            keys.add(expressions.expression());
            cursor.expectOperator(":");
            values.add(expressions.expression());
            if (!cursor.skipOperator(",")) {
                break;
            }
        }
        cursor.expectOperator("}");
        return new Expression.MapOf(line, keys, values);
    }

    Expression postfix(Expression start) {
        Expression node = start;
        while (true) {
            if (cursor.isOperator(".")) {
                node = dotted(node);
            } else if (cursor.isOperator("[")) {
                node = subscript(node);
            } else if (cursor.isOperator("(")) {
                node = call(node);
            } else {
                return node;
            }
        }
    }

    private Expression dotted(Expression target) {
        int line = cursor.next().line();
        Token token = cursor.next();
        return switch (token.kind()) {
            case NAME -> new Attribute(line, target, token.text());
            case INTEGER -> new Item(line, target,
                    new Constant(NumberLiteral.integer(token.text(), line)));
            case DATA, BLOCK_BEGIN, BLOCK_END, VARIABLE_BEGIN, VARIABLE_END, STRING, FLOAT,
                    OPERATOR, END -> throw new TemplateException(line,
                    "expected a name after '.', got " + token.described());
        };
    }

    private Expression subscript(Expression target) {
        int line = cursor.next().line();
        Optional<Expression> start = cursor.isOperator(":")
                ? Optional.empty() : Optional.of(expressions.expression());
        Expression node;
        if (cursor.skipOperator(":")) {
            Optional<Expression> stop = bound();
            Optional<Expression> step = cursor.skipOperator(":") ? bound() : Optional.empty();
            node = new Expression.Slice(line, target, start, stop, step);
        } else if (cursor.isOperator(",")) {
            throw cursor.fault("a subscript of several values is not supported");
        } else {
            node = new Item(line, target, start.orElseThrow());
        }
        cursor.expectOperator("]");
        return node;
    }

    private Optional<Expression> bound() {
        return cursor.isOperator(":") || cursor.isOperator("]")
                ? Optional.empty() : Optional.of(expressions.expression());
    }

    Call call(Expression target) {
        int line = cursor.line();
        return new Call(line, target, inputs());
    }

    private Inputs inputs() {
        cursor.expectOperator("(");
        var positional = new ArrayList<Expression>();
        Map<String, Expression> named = new LinkedHashMap<>();
        Optional<Expression> spreadList = Optional.empty();
        Optional<Expression> spreadMap = Optional.empty();
        while (!cursor.isOperator(")")) {
            Token token = cursor.current();
            if (cursor.skipOperator("*") && spreadList.isEmpty()) {
                spreadList = Optional.of(expressions.expression());
            } else if (cursor.skipOperator("**") && spreadMap.isEmpty()) {
                spreadMap = Optional.of(expressions.expression());
            } else if (token.kind() == Kind.NAME && cursor.following().isOperator("=")) {
                cursor.next();
                cursor.next();
                if (named.put(token.text(), expressions.expression()) != null) {
                    throw cursor.fault("argument '" + token.text() + "' is given twice");
                }
            } else if (named.isEmpty() && spreadList.isEmpty() && spreadMap.isEmpty()) {
                positional.add(expressions.expression());
            } else {
                throw cursor.fault("a positional argument after a named one");
            }
            if (!cursor.skipOperator(",")) {
                break;
            }
        }
        cursor.expectOperator(")");
        return new Inputs(positional, named, spreadList, spreadMap);
    }

    Expression filtersAndTests(Expression start) {
        Expression node = start;
        while (true) {
            if (cursor.isOperator("|")) {
                node = new Expression.Filtered(node, filter());
            } else if (cursor.isName("is")) {
                node = test(node);
            } else if (cursor.isOperator("(")) {
                node = call(node);
            } else {
                return node;
            }
        }
    }

    /// `|name(inputs)`; the bar is the current token, or was skipped by a filter block.
    Use filter() {
        cursor.skipOperator("|");
        int line = cursor.line();
        String name = dottedName();
        Inputs inputs = cursor.isOperator("(") ? inputs() : Inputs.NONE;
        Operation operation = Filters.NAMED.get(name);
        return new Use(line, name, inputs, known(operation, "filter", name, line));
    }

    private Operation known(Operation operation, String what, String name, int line) {
        if (operation != null) {
            return operation;
        }
        String message = "there is no " + what + " named '" + name + "'";
        expressions.unknown(new TemplateException(line, message));
        return (run, _, _) -> {
            throw run.fault(message);
        };
    }

    private String dottedName() {
        var name = new StringBuilder(cursor.expect(Kind.NAME).text());
        while (cursor.skipOperator(".")) {
            name.append('.').append(cursor.expect(Kind.NAME).text());
        }
        return name.toString();
    }

    private Expression test(Expression target) {
        int line = cursor.next().line();
        boolean negated = cursor.skipName("not");
        String name = dottedName();
        Inputs inputs = testInputs();
        Operation operation = known(Tests.NAMED.get(name), "test", name, line);
        Expression tested = new Expression.Tested(target, new Use(line, name, inputs, operation));
        return negated ? new Expression.Not(tested) : tested;
    }

    private Inputs testInputs() {
        if (cursor.isOperator("(")) {
            return inputs();
        }
        boolean starts = STARTS_TEST_ARGUMENT.contains(cursor.current().kind())
                || cursor.isOperator("[") || cursor.isOperator("{");
        boolean ends = cursor.isName("else") || cursor.isName("or") || cursor.isName("and");
        if (!starts || ends) {
            return Inputs.NONE;
        }
        if (cursor.isName("is")) {
            throw cursor.fault("tests with 'is' can not be chained");
        }
        Expression argument = postfix(primary());
        return new Inputs(List.of(argument), Map.of(), Optional.empty(), Optional.empty());
    }
}
