package dev.sluice.models.chat;

import dev.sluice.models.chat.Expression.Operator;
import java.util.List;
import java.util.Map;

/// Equality, order and membership as Python has them: values of different types are unequal,
/// and have no order unless both are numbers.
final class Comparing {
    private Comparing() { }

    static boolean holds(Rendering run, Operator operator, Object a, Object b) {
        return switch (operator) {
            case EQUAL -> equal(run, a, b);
            case NOT_EQUAL -> !equal(run, a, b);
            case IN -> contains(run, b, a);
            case NOT_IN -> !contains(run, b, a);
            case LESS, LESS_EQUAL, GREATER, GREATER_EQUAL -> {
                if (Numbers.isNaN(a) && Numbers.isNumber(b)
                        || Numbers.isNaN(b) && Numbers.isNumber(a)) {
                    yield false;
                }
                int order = order(run, a, b, operator);
                yield switch (operator) {
                    case LESS -> order < 0;
                    case LESS_EQUAL -> order <= 0;
                    case GREATER -> order > 0;
                    default -> order >= 0;
                };
            }
            case ADD, SUBTRACT, MULTIPLY, DIVIDE, FLOOR_DIVIDE, MODULO, POWER ->
                    throw new IllegalStateException(operator + " is arithmetic");
        };
    }

    static boolean equal(Rendering run, Object a, Object b) {
        run.enter();
        boolean equal;
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            equal = Numbers.equal(a, b);
        } else if (Values.isText(a) && Values.isText(b)) {
            run.reads(Values.text(a).length());
            equal = Values.text(a).equals(Values.text(b));
        } else {
            equal = switch (a) {
                case List<?> x when b instanceof List<?> y ->
                        equalLists(run, Values.objects(x), Values.objects(y));
                case Tuple(List<Object> x) when b instanceof Tuple(List<Object> y) ->
                        equalLists(run, x, y);
                case Map<?, ?> x when b instanceof Map<?, ?> y -> equalMaps(run, x, y);
                case NumberRange x when b instanceof NumberRange y ->
                        equalLists(run, x.elements(), y.elements());
                case Undefined _ -> b instanceof Undefined;
                case null -> b == null;
                default -> a == b;
            };
        }
        run.leave();
        return equal;
    }

    private static boolean equalLists(Rendering run, List<Object> a, List<Object> b) {
        if (a.size() != b.size()) {
            return false;
        }
        for (int i = 0; i < a.size(); i++) {
            if (!equal(run, a.get(i), b.get(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean equalMaps(Rendering run, Map<?, ?> a, Map<?, ?> b) {
        if (a.size() != b.size()) {
            return false;
        }
        for (Map.Entry<?, ?> entry : a.entrySet()) {
            Object other = Values.lookUp(b, entry.getKey());
            if (other == Scope.ABSENT || !equal(run, entry.getValue(), other)) {
                return false;
            }
        }
        return true;
    }

    static boolean contains(Rendering run, Object container, Object element) {
        return switch (container) {
            case String text -> inText(run, text, element);
            case Markup(String text) -> inText(run, text, element);
            case Map<?, ?> map -> Values.lookUp(map, Values.key(run, element)) != Scope.ABSENT;
            case null, default -> {
                for (Object candidate : Values.elements(run, container)) {
                    if (equal(run, candidate, element)) {
                        yield true;
                    }
                }
                yield false;
            }
        };
    }

    private static boolean inText(Rendering run, String text, Object element) {
        if (!Values.isText(element)) {
            throw run.fault(element instanceof Undefined(String message) ? message
                    : "'in <string>' requires string as left operand, not "
                            + Values.typeName(element));
        }
        run.searches(text, Values.text(element));
        return text.contains(Values.text(element));
    }

    /// The order of two values of which the operator, or sorting, needs one.
    static int order(Rendering run, Object a, Object b, Operator operator) {
        run.enter();
        int order;
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            order = Numbers.compare(a, b);
        } else if (Values.isText(a) && Values.isText(b)) {
            run.reads(Values.text(a).length());
            order = PythonText.compare(Values.text(a), Values.text(b));
        } else if (a instanceof List<?> x && b instanceof List<?> y) {
            order = orderLists(run, Values.objects(x), Values.objects(y), operator);
        } else if (a instanceof Tuple(List<Object> x) && b instanceof Tuple(List<Object> y)) {
            order = orderLists(run, x, y, operator);
        } else if (a instanceof Undefined(String message)) {
            throw run.fault(message);
        } else if (b instanceof Undefined(String message)) {
            throw run.fault(message);
        } else {
            throw run.fault("'" + operator.symbol() + "' not supported between instances of '"
                    + Values.typeName(a) + "' and '" + Values.typeName(b) + "'");
        }
        run.leave();
        return order;
    }

    private static int orderLists(Rendering run, List<Object> a, List<Object> b,
                                  Operator operator) {
        for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
            if (!equal(run, a.get(i), b.get(i))) {
                return order(run, a.get(i), b.get(i), operator);
            }
        }
        return Integer.compare(a.size(), b.size());
    }
}
