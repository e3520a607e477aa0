package dev.sluice.models.chat;

import dev.sluice.models.chat.Expression.Operator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;

/// The tests of `value is test(arguments)`.
final class Tests {
    static final Map<String, Operation> NAMED = named();

    private Tests() { }

    private static Map<String, Operation> named() {
        var tests = new HashMap<String, Operation>();
        put(tests, v -> !(v instanceof Undefined), "defined");
        put(tests, v -> v instanceof Undefined, "undefined");
        put(tests, v -> v == null, "none");
        put(tests, v -> v instanceof Boolean, "boolean");
        put(tests, v -> Boolean.TRUE.equals(v), "true");
        put(tests, v -> Boolean.FALSE.equals(v), "false");
        put(tests, v -> Numbers.isInteger(v) && !(v instanceof Boolean), "integer");
        put(tests, v -> v instanceof Double, "float");
        put(tests, Numbers::isNumber, "number");
        put(tests, Values::isText, "string");
        put(tests, v -> v instanceof Map, "mapping");
        put(tests, Tests::isSequence, "sequence");
        put(tests, Tests::isIterable, "iterable");
        put(tests, v -> v instanceof Callable || v instanceof Undefined, "callable");
        put(tests, v -> v instanceof Markup, "escaped");
        tests.put("lower", (run, v, a) -> isCased(run, v, a, false));
        tests.put("upper", (run, v, a) -> isCased(run, v, a, true));
        tests.put("odd", (run, v, a) -> parity(run, v, a) == 1);
        tests.put("even", (run, v, a) -> parity(run, v, a) == 0);
        tests.put("divisibleby", (run, v, a) ->
                remainder(run, v, a.bind(run, "divisibleby", "num").get(0)) == 0);
        tests.put("sameas", Tests::sameAs);
        tests.put("filter", (run, v, a) -> Filters.NAMED.containsKey(name(run, v, a)));
        tests.put("test", (run, v, a) -> NAMED.containsKey(name(run, v, a)));
        tests.put("in", (run, v, a) ->
                Comparing.contains(run, a.bind(run, "in", "seq").get(0), v));
        compare(tests, Operator.EQUAL, "==", "eq", "equalto");
        compare(tests, Operator.NOT_EQUAL, "!=", "ne");
        compare(tests, Operator.GREATER, ">", "gt", "greaterthan");
        compare(tests, Operator.GREATER_EQUAL, ">=", "ge");
        compare(tests, Operator.LESS, "<", "lt", "lessthan");
        compare(tests, Operator.LESS_EQUAL, "<=", "le");
        return Map.copyOf(tests);
    }

    private static void put(Map<String, Operation> tests, Predicate<Object> predicate,
                            String name) {
        tests.put(name, (run, value, arguments) -> {
            arguments.bind(run, name);
            return predicate.test(value);
        });
    }

    private static void compare(Map<String, Operation> tests, Operator operator,
                                String... names) {
        for (String name : names) {
            tests.put(name, (run, value, arguments) -> Comparing.holds(run, operator, value,
                    arguments.bind(run, name, "other").get(0)));
        }
    }

    private static boolean isSequence(Object value) {
        return Values.isText(value) || value instanceof List || value instanceof Map
                || value instanceof Tuple || value instanceof NumberRange
                || value instanceof Undefined;
    }

    private static boolean isIterable(Object value) {
        return isSequence(value) || value instanceof MapView || value instanceof Generator
                || value instanceof LoopState;
    }

    private static Object isCased(Rendering run, Object value, Arguments arguments,
                                  boolean upper) {
        arguments.bind(run, upper ? "upper" : "lower");
        String text = Printing.text(run, value);
        run.steps(text.length() / 16);
        return TextMethods.isCased(text,
                upper ? Character::isUpperCase : Character::isLowerCase);
    }

    private static double parity(Rendering run, Object value, Arguments arguments) {
        arguments.bind(run, "odd");
        return remainder(run, value, 2L);
    }

    private static double remainder(Rendering run, Object value, Object divisor) {
        Object rest = Operators.apply(run, Operator.MODULO, value, divisor);
        if (!Numbers.isNumber(rest)) {
            throw run.fault("expected a number, got " + Values.typeName(value));
        }
        return Numbers.real(rest);
    }

    private static Object sameAs(Rendering run, Object value, Arguments arguments) {
        Object other = arguments.bind(run, "sameas", "other").get(0);
        boolean scalar = value instanceof Boolean || value == null || value instanceof Long
                || value instanceof String;
        return scalar ? Objects.equals(value, other) : value == other;
    }

    private static String name(Rendering run, Object value, Arguments arguments) {
        arguments.bind(run, "test");
        return Printing.text(run, value);
    }
}
