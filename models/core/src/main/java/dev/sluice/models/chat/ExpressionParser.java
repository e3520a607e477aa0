package dev.sluice.models.chat;

import dev.sluice.models.chat.Expression.AllOf;
import dev.sluice.models.chat.Expression.AnyOf;
import dev.sluice.models.chat.Expression.Arithmetic;
import dev.sluice.models.chat.Expression.Comparison;
import dev.sluice.models.chat.Expression.Concatenation;
import dev.sluice.models.chat.Expression.Conditional;
import dev.sluice.models.chat.Expression.Link;
import dev.sluice.models.chat.Expression.Operator;
import dev.sluice.models.chat.Token.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/// Expressions from the loosest operator to the tightest:
///
///     a if c else b | or | and | not | == != < <= > >= in | + - | ~ | * / // % | ** | unary
///
/// `**` binds to the left and a sign binds tighter than it, as in Jinja and unlike in Python.
/// One use, one thread.
final class ExpressionParser {
    private final TokenCursor cursor;
    private final OperandParser operands;
    /// The names read inside each macro that is being parsed, the innermost first.
    private final Deque<Set<String>> namesRead = new ArrayDeque<>();
    /// How many conditions enclose this place: there, unknown filters fail when reached.
    private int conditions;
    private final List<TemplateException> unknown = new ArrayList<>();

    ExpressionParser(TokenCursor cursor) {
        this.cursor = cursor;
        this.operands = new OperandParser(cursor, this);
    }

    /// A filter or test that does not exist; an error unless a condition encloses it, which
    /// for `a if c else b` is only known later.
    void unknown(TemplateException error) {
        if (conditions == 0) {
            unknown.add(error);
        }
    }

    void checkNothingUnknown() {
        if (!unknown.isEmpty()) {
            throw unknown.getFirst();
        }
    }

    void enterCondition() { conditions++; }

    void leaveCondition() { conditions--; }

    void collectNames() { namesRead.push(new HashSet<>()); }

    Set<String> collectedNames() { return namesRead.pop(); }

    void nameRead(String name) { namesRead.forEach(names -> names.add(name)); }

    OperandParser operands() { return operands; }

    Expression expression() {
        return expression(true);
    }

    Expression expression(boolean withCondition) {
        cursor.enter();
        Expression result = withCondition ? conditional() : or();
        cursor.leave();
        return result;
    }

    /// One expression, or a tuple of several with commas between them.
    Expression tuple(boolean withCondition) {
        int line = cursor.line();
        Expression first = expression(withCondition);
        if (!cursor.isOperator(",")) {
            return first;
        }
        var elements = new ArrayList<Expression>();
        elements.add(first);
        while (cursor.skipOperator(",")) {
            if (endsTuple()) {
                break;
            }
            elements.add(expression(withCondition));
        }
        return new Expression.TupleOf(line, elements);
    }

    private boolean endsTuple() {
        Kind kind = cursor.current().kind();
        return kind == Kind.BLOCK_END || kind == Kind.VARIABLE_END || cursor.isOperator(")")
                || cursor.isName("recursive");
    }

    private Expression conditional() {
        int unknownBefore = unknown.size();
        Expression value = or();
        while (cursor.isName("if")) {
            int line = cursor.next().line();
            Expression condition = or();
            Optional<Expression> otherwise =
                    cursor.skipName("else") ? Optional.of(expression()) : Optional.empty();
            value = new Conditional(line, condition, value, otherwise);
            unknown.subList(unknownBefore, unknown.size()).clear();
        }
        return value;
    }

    private Expression or() {
        Expression first = and();
        if (!cursor.isName("or")) {
            return first;
        }
        var operandsOfOr = new ArrayList<>(List.of(first));
        while (cursor.skipName("or")) {
            operandsOfOr.add(and());
        }
        return new AnyOf(operandsOfOr);
    }

    private Expression and() {
        Expression first = not();
        if (!cursor.isName("and")) {
            return first;
        }
        var operandsOfAnd = new ArrayList<>(List.of(first));
        while (cursor.skipName("and")) {
            operandsOfAnd.add(not());
        }
        return new AllOf(operandsOfAnd);
    }

    private Expression not() {
        if (!cursor.skipName("not")) {
            return comparison();
        }
        cursor.enter();
        Expression operand = not();
        cursor.leave();
        return new Expression.Not(operand);
    }

    private Expression comparison() {
        int line = cursor.line();
        Expression first = sum();
        var rest = new ArrayList<Link>();
        for (var operator = comparator(); operator.isPresent(); operator = comparator()) {
            rest.add(new Link(operator.get(), sum()));
        }
        return rest.isEmpty() ? first : new Comparison(line, first, rest);
    }

    private Optional<Operator> comparator() {
        if (cursor.skipName("in")) {
            return Optional.of(Operator.IN);
        }
        if (cursor.isName("not") && cursor.following().isName("in")) {
            cursor.next();
            cursor.next();
            return Optional.of(Operator.NOT_IN);
        }
        return operatorOf(Operator.EQUAL, Operator.NOT_EQUAL, Operator.LESS_EQUAL,
                Operator.LESS, Operator.GREATER_EQUAL, Operator.GREATER);
    }

    private Optional<Operator> operatorOf(Operator... choices) {
        for (Operator choice : choices) {
            if (cursor.skipOperator(choice.symbol())) {
                return Optional.of(choice);
            }
        }
        return Optional.empty();
    }

    private Expression sum() {
        return chain(this::concatenation, Operator.ADD, Operator.SUBTRACT);
    }

    private Expression concatenation() {
        int line = cursor.line();
        Expression first = product();
        if (!cursor.isOperator("~")) {
            return first;
        }
        var parts = new ArrayList<>(List.of(first));
        while (cursor.skipOperator("~")) {
            parts.add(product());
        }
        return new Concatenation(line, parts);
    }

    private Expression product() {
        return chain(this::power, Operator.MULTIPLY, Operator.DIVIDE, Operator.FLOOR_DIVIDE,
                Operator.MODULO);
    }

    private Expression power() {
        return chain(() -> unary(true), Operator.POWER);
    }

    private Expression chain(Supplier<Expression> operand, Operator... choices) {
        int line = cursor.line();
        Expression first = operand.get();
        var rest = new ArrayList<Link>();
        for (var operator = operatorOf(choices); operator.isPresent();
                operator = operatorOf(choices)) {
            rest.add(new Link(operator.get(), operand.get()));
        }
        return rest.isEmpty() ? first : new Arithmetic(line, first, rest);
    }

    Expression unary(boolean withFilters) {
        int line = cursor.line();
        boolean negative = cursor.isOperator("-");
        Expression node;
        if (negative || cursor.isOperator("+")) {
            cursor.next();
            cursor.enter();
            node = new Expression.Sign(line, negative, unary(false));
            cursor.leave();
        } else {
            node = operands.primary();
        }
        node = operands.postfix(node);
        return withFilters ? operands.filtersAndTests(node) : node;
    }
}
