package dev.sluice.models.chat;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The tree of an expression. Chains of operators of one rank are one node with a list, so that
/// a long sum is not a deep tree. Immutable.
sealed interface Expression {
    record Constant(Object value) implements Expression { }

    record Name(int line, String name) implements Expression { }

    record ListOf(int line, List<Expression> elements) implements Expression { }

    record TupleOf(int line, List<Expression> elements) implements Expression { }

    record MapOf(int line, List<Expression> keys, List<Expression> values) implements Expression { }

    record Attribute(int line, Expression target, String name) implements Expression { }

    record Item(int line, Expression target, Expression index) implements Expression { }

    record Slice(int line, Expression target, Optional<Expression> start,
                 Optional<Expression> stop, Optional<Expression> step) implements Expression { }

    record Call(int line, Expression target, Inputs inputs) implements Expression { }

    record Filtered(Expression target, Use filter) implements Expression { }

    record Tested(Expression target, Use test) implements Expression { }

    record Not(Expression operand) implements Expression { }

    record Sign(int line, boolean negative, Expression operand) implements Expression { }

    record Arithmetic(int line, Expression first, List<Link> rest) implements Expression { }

    record Concatenation(int line, List<Expression> parts) implements Expression { }

    record Comparison(int line, Expression first, List<Link> rest) implements Expression { }

    record AllOf(List<Expression> operands) implements Expression { }

    record AnyOf(List<Expression> operands) implements Expression { }

    record Conditional(int line, Expression condition, Expression then,
                       Optional<Expression> otherwise) implements Expression { }

    /// One operator and its right operand.
    record Link(Operator operator, Expression operand) { }

    /// What stands between the parentheses of a call, a filter or a test.
    record Inputs(List<Expression> positional, Map<String, Expression> named,
                  Optional<Expression> spreadList, Optional<Expression> spreadMap) {
        static final Inputs NONE =
                new Inputs(List.of(), Map.of(), Optional.empty(), Optional.empty());
    }

    /// A filter or a test with its inputs. The operation was looked up when the template was
    /// parsed; a name that a branch may never reach fails when it is reached.
    record Use(int line, String name, Inputs inputs, Operation operation) { }

    enum Operator {
        ADD("+"), SUBTRACT("-"), MULTIPLY("*"), DIVIDE("/"), FLOOR_DIVIDE("//"), MODULO("%"),
        POWER("**"), EQUAL("=="), NOT_EQUAL("!="), LESS("<"), LESS_EQUAL("<="), GREATER(">"),
        GREATER_EQUAL(">="), IN("in"), NOT_IN("not in");

        private final String symbol;

        Operator(String symbol) {
            this.symbol = symbol;
        }

        String symbol() { return symbol; }
    }
}
