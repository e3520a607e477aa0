package dev.sluice.models.chat;

import dev.sluice.models.chat.Expression.Inputs;
import dev.sluice.models.chat.Expression.Link;
import dev.sluice.models.chat.Expression.Use;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Computes expressions. One rendering, one thread.
final class Evaluator {
    private final Rendering run;

    Evaluator(Rendering run) {
        this.run = run;
    }

    Object evaluate(Expression expression, Scope scope) {
        run.enter();
        Object value = switch (expression) {
            case Expression.Constant(Object constant) -> constant;
            case Expression.Name(_, String name) -> name(name, scope);
            case Expression.Attribute(int line, Expression target, String name) -> {
                Object subject = evaluate(target, scope);
                run.at(line);
                yield Access.attribute(run, subject, name);
            }
            case Expression.Item(int line, Expression target, Expression index) -> {
                Object subject = evaluate(target, scope);
                Object key = evaluate(index, scope);
                run.at(line);
                yield Access.item(run, subject, key);
            }
            case Expression.Slice slice -> slice(slice, scope);
            case Expression.Call call -> call(call, scope);
            case Expression.Filtered(Expression target, Use filter) ->
                    use(filter, evaluate(target, scope), scope);
            case Expression.Tested(Expression target, Use test) ->
                    use(test, evaluate(target, scope), scope);
            case Expression.Not(Expression operand) -> !Values.truth(evaluate(operand, scope));
            case Expression.Sign(int line, boolean negative, Expression operand) -> {
                Object number = evaluate(operand, scope);
                run.at(line);
                yield Numbers.sign(run, negative, number);
            }
            case Expression.Arithmetic chain -> arithmetic(chain, scope);
            case Expression.Concatenation parts -> concatenation(parts, scope);
            case Expression.Comparison chain -> comparison(chain, scope);
            case Expression.AllOf(List<Expression> operands) -> firstWith(false, operands, scope);
            case Expression.AnyOf(List<Expression> operands) -> firstWith(true, operands, scope);
            case Expression.Conditional choice -> conditional(choice, scope);
            case Expression.ListOf(_, List<Expression> elements) -> all(elements, scope);
            case Expression.TupleOf(_, List<Expression> elements) ->
                    new Tuple(all(elements, scope));
            case Expression.MapOf map -> map(map, scope);
        };
        run.leave();
        return value;
    }

    private Object name(String name, Scope scope) {
        Object value = scope.find(name);
        if (value != Scope.ABSENT) {
            return value;
        }
        if (Globals.UNSUPPORTED.contains(name)) {
            throw run.fault("the global '" + name + "' is not supported");
        }
        Object global = Globals.NAMED.get(name);
        return global != null ? global : Undefined.name(name);
    }

    private List<Object> all(List<Expression> expressions, Scope scope) {
        run.makes(expressions.size() * Values.ELEMENT_CHARACTERS);
        var values = new ArrayList<Object>(expressions.size());
        for (Expression expression : expressions) {
            values.add(evaluate(expression, scope));
        }
        return values;
    }

    private Object map(Expression.MapOf node, Scope scope) {
        run.makes(2 * node.keys().size() * Values.ELEMENT_CHARACTERS);
        var map = new LinkedHashMap<Object, Object>();
        for (int i = 0; i < node.keys().size(); i++) {
            Object key = evaluate(node.keys().get(i), scope);
            run.at(node.line());
            Values.put(map, Values.key(run, key), evaluate(node.values().get(i), scope));
        }
        return map;
    }

    private Object slice(Expression.Slice node, Scope scope) {
        Object subject = evaluate(node.target(), scope);
        Object start = optional(node.start(), scope);
        Object stop = optional(node.stop(), scope);
        Object step = optional(node.step(), scope);
        run.at(node.line());
        return Slicing.slice(run, subject, start, stop, step);
    }

    private Object optional(Optional<Expression> expression, Scope scope) {
        return expression.isPresent() ? evaluate(expression.get(), scope) : null;
    }

    private Object call(Expression.Call node, Scope scope) {
        Object target = evaluate(node.target(), scope);
        return call(node, target, arguments(node.inputs(), scope));
    }

    /// A call that also passes the body of a call block.
    Object call(Expression.Call node, Scope scope, Macro caller) {
        Object target = evaluate(node.target(), scope);
        Arguments plain = arguments(node.inputs(), scope);
        Map<String, Object> named = new LinkedHashMap<>(plain.named());
        named.put("caller", caller);
        return call(node, target, new Arguments(plain.positional(), named));
    }

    private Object call(Expression.Call node, Object target, Arguments arguments) {
        run.at(node.line());
        return switch (target) {
            case Callable callable -> callable.call(run, arguments);
            case Undefined(String message) -> throw run.fault(message);
            case null, default -> throw run.fault(
                    "'" + Values.typeName(target) + "' object is not callable");
        };
    }

    Object use(Use use, Object subject, Scope scope) {
        Arguments arguments = arguments(use.inputs(), scope);
        run.at(use.line());
        return use.operation().apply(run, subject, arguments);
    }

    private Arguments arguments(Inputs inputs, Scope scope) {
        if (inputs == Inputs.NONE) {
            return Arguments.NONE;
        }
        List<Object> positional = all(inputs.positional(), scope);
        Map<String, Object> named = new LinkedHashMap<>();
        inputs.named().forEach((name, value) -> named.put(name, evaluate(value, scope)));
        if (inputs.spreadList().isPresent()) {
            Object spread = evaluate(inputs.spreadList().get(), scope);
            positional.addAll(Values.elements(run, spread));
        }
        if (inputs.spreadMap().isPresent()) {
            spread(evaluate(inputs.spreadMap().get(), scope), named);
        }
        return new Arguments(positional, named);
    }

    private void spread(Object value, Map<String, Object> named) {
        if (!(value instanceof Map<?, ?> map)) {
            throw run.fault("argument after ** must be a mapping, got "
                    + Values.typeName(value));
        }
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (!(entry.getKey() instanceof String name)) {
                throw run.fault("keywords must be strings");
            }
            named.put(name, entry.getValue());
        }
    }

    private Object arithmetic(Expression.Arithmetic node, Scope scope) {
        Object value = evaluate(node.first(), scope);
        for (Link link : node.rest()) {
            Object right = evaluate(link.operand(), scope);
            run.at(node.line());
            value = Operators.apply(run, link.operator(), value, right);
        }
        return value;
    }

    private Object concatenation(Expression.Concatenation node, Scope scope) {
        var text = new StringBuilder();
        for (Expression part : node.parts()) {
            Object value = evaluate(part, scope);
            run.at(node.line());
            text.append(Printing.text(run, value));
        }
        run.makes(text.length());
        return text.toString();
    }

    private Object comparison(Expression.Comparison node, Scope scope) {
        Object left = evaluate(node.first(), scope);
        for (Link link : node.rest()) {
            Object right = evaluate(link.operand(), scope);
            run.at(node.line());
            if (!Comparing.holds(run, link.operator(), left, right)) {
                return false;
            }
            left = right;
        }
        return true;
    }

    /// `and` and `or` return the operand that decided, not a boolean.
    private Object firstWith(boolean truth, List<Expression> operands, Scope scope) {
        Object value = null;
        for (Expression operand : operands) {
            value = evaluate(operand, scope);
            if (Values.truth(value) == truth) {
                return value;
            }
        }
        return value;
    }

    private Object conditional(Expression.Conditional node, Scope scope) {
        if (Values.truth(evaluate(node.condition(), scope))) {
            return evaluate(node.then(), scope);
        }
        return node.otherwise().isPresent()
                ? evaluate(node.otherwise().get(), scope)
                : new Undefined("the inline if-expression on line " + node.line()
                        + " evaluated to false and no else section was defined");
    }
}
