package dev.sluice.models.chat;

import dev.sluice.models.chat.Expression.Operator;
import java.util.ArrayList;
import java.util.List;

/// The arithmetic operators over all types.
final class Operators {
    private Operators() { }

    static Object apply(Rendering run, Operator operator, Object a, Object b) {
        if (a instanceof Undefined(String message)) {
            throw run.fault(message);
        }
        if (operator == Operator.MODULO && Values.isText(a)) {
            return percent(run, a, b);
        }
        if (b instanceof Undefined(String message)) {
            throw run.fault(message);
        }
        boolean numbers = Numbers.isNumber(a) && Numbers.isNumber(b);
        return switch (operator) {
            case ADD -> numbers ? Numbers.add(run, a, b) : join(run, a, b);
            case MULTIPLY -> numbers ? Numbers.multiply(run, a, b) : repeat(run, a, b);
            case SUBTRACT, DIVIDE, FLOOR_DIVIDE, MODULO, POWER -> {
                if (!numbers) {
                    throw unsupported(run, operator, a, b);
                }
                yield switch (operator) {
                    case SUBTRACT -> Numbers.subtract(run, a, b);
                    case DIVIDE -> Numbers.divide(run, a, b);
                    case FLOOR_DIVIDE -> Numbers.floorDivide(run, a, b);
                    case MODULO -> Numbers.modulo(run, a, b);
                    default -> Numbers.power(run, a, b);
                };
            }
            case EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, IN, NOT_IN ->
                    throw new IllegalStateException(operator + " is a comparison");
        };
    }

    private static Object percent(Rendering run, Object a, Object b) {
        if (a instanceof Markup) {
            throw run.fault("% of a text marked safe is not supported");
        }
        return PercentFormat.format(run, (String) a, b);
    }

    private static Object join(Rendering run, Object a, Object b) {
        if (a instanceof Markup || b instanceof Markup) {
            if (Values.isText(a) && Values.isText(b)) {
                String text = escaped(a) + escaped(b);
                run.makes(text.length());
                return new Markup(text);
            }
        }
        if (a instanceof String x && b instanceof String y) {
            run.makes((long) x.length() + y.length());
            return x + y;
        }
        if (a instanceof List<?> x && b instanceof List<?> y) {
            return joined(run, Values.objects(x), Values.objects(y));
        }
        if (a instanceof Tuple(List<Object> x) && b instanceof Tuple(List<Object> y)) {
            return new Tuple(joined(run, x, y));
        }
        throw unsupported(run, Operator.ADD, a, b);
    }

    private static String escaped(Object text) {
        return text instanceof String plain ? Markup.escape(plain) : Values.text(text);
    }

    private static List<Object> joined(Rendering run, List<Object> a, List<Object> b) {
        run.makes(((long) a.size() + b.size()) * Values.ELEMENT_CHARACTERS);
        var all = new ArrayList<Object>(a.size() + b.size());
        all.addAll(a);
        all.addAll(b);
        return all;
    }

    private static Object repeat(Rendering run, Object a, Object b) {
        if (Numbers.isInteger(a)) {
            return repeated(run, b, a, a);
        }
        return repeated(run, a, b, a);
    }

    private static Object repeated(Rendering run, Object sequence, Object times, Object left) {
        if (!Numbers.isInteger(times)) {
            throw unsupported(run, Operator.MULTIPLY, sequence, times);
        }
        int count = Math.max(0, Numbers.index(run, times, "*"));
        return switch (sequence) {
            case String text -> repeated(run, text, count);
            case Markup(String text) -> new Markup(repeated(run, text, count));
            case List<?> list -> repeated(run, Values.objects(list), count);
            case Tuple(List<Object> list) -> new Tuple(repeated(run, list, count));
            case null, default -> throw unsupported(run, Operator.MULTIPLY, left,
                    left == sequence ? times : sequence);
        };
    }

    private static String repeated(Rendering run, String text, int count) {
        run.makes((long) text.length() * count);
        return text.repeat(count);
    }

    private static List<Object> repeated(Rendering run, List<Object> list, int count) {
        run.makes((long) list.size() * count * Values.ELEMENT_CHARACTERS);
        var all = new ArrayList<Object>(list.size() * count);
        for (int i = 0; i < count && !list.isEmpty(); i++) {
            all.addAll(list);
        }
        return all;
    }

    private static TemplateException unsupported(Rendering run, Operator operator, Object a,
                                                 Object b) {
        return run.fault("unsupported operand types for " + operator.symbol() + ": '"
                + Values.typeName(a) + "' and '" + Values.typeName(b) + "'");
    }
}
