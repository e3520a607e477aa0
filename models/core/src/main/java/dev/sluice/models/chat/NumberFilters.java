package dev.sluice.models.chat;

import dev.sluice.models.chat.Arguments.Bound;
import dev.sluice.models.chat.Expression.Operator;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// Filters that make numbers.
final class NumberFilters {
    private static final Pattern REAL = Pattern.compile(
            "[+-]?(\\d[\\d_]*(\\.[\\d_]*)?|\\.\\d[\\d_]*)([eE][+-]?\\d{1,6})?");
    private static final int DIGITS_MAX = 4300;

    static final Map<String, Operation> NAMED = Map.of(
            "int", NumberFilters::integer,
            "float", NumberFilters::real,
            "abs", NumberFilters::absolute,
            "round", NumberFilters::round);

    private NumberFilters() { }

    private static Object integer(Rendering run, Object value, Arguments arguments) {
        Bound bound = arguments.bind(run, "int", "default?", "base?");
        Object fallback = bound.or(0, 0L);
        return switch (value) {
            case String text -> parsed(run, text, bound.integer(1, 10)).orElse(fallback);
            case Markup(String text) -> parsed(run, text, bound.integer(1, 10)).orElse(fallback);
            case Double d -> Double.isFinite(d) ? Numbers.truncate(d) : fallback;
            case Long _, BigInteger _, Boolean _ -> Numbers.shrink(Numbers.big(value));
            case Undefined(String message) -> throw run.fault(message);
            case null, default -> fallback;
        };
    }

    private static Optional<Object> parsed(Rendering run, String text, int base) {
        run.makes(text.length());
        String plain = TextMethods.strip(text, PythonText::isSpace, true, true);
        Optional<Object> integer = inBase(plain, base);
        if (integer.isPresent()) {
            return integer;
        }
        return realOf(run, plain).filter(Double::isFinite).map(Numbers::truncate);
    }

    private static Optional<Object> inBase(String text, int base) {
        boolean signed = text.startsWith("-") || text.startsWith("+");
        String digits = (signed ? text.substring(1) : text).toLowerCase(Locale.ROOT);
        String prefix = switch (base) {
            case 16 -> "0x";
            case 8 -> "0o";
            case 2 -> "0b";
            default -> "";
        };
        digits = !prefix.isEmpty() && digits.startsWith(prefix) ? digits.substring(2) : digits;
        boolean known = base >= 2 && base <= 36 && digits.length() <= DIGITS_MAX
                && !digits.isEmpty() && !digits.startsWith("_") && !digits.endsWith("_")
                && !digits.contains("__");
        String plain = digits.replace("_", "");
        if (!known || !plain.chars().allMatch(c -> Character.digit(c, base) >= 0)) {
            return Optional.empty();
        }
        var size = new BigInteger(plain, base);
        return Optional.of(Numbers.shrink(text.startsWith("-") ? size.negate() : size));
    }

    private static Optional<Double> realOf(Rendering run, String text) {
        run.makes(text.length());
        String plain = TextMethods.strip(text, PythonText::isSpace, true, true);
        String word = PythonText.lower(plain).replaceFirst("^[+-]", "");
        double sign = plain.startsWith("-") ? -1 : 1;
        if (word.equals("inf") || word.equals("infinity")) {
            return Optional.of(sign * Double.POSITIVE_INFINITY);
        }
        if (word.equals("nan")) {
            return Optional.of(Double.NaN);
        }
        boolean valid = plain.length() <= DIGITS_MAX && REAL.matcher(plain).matches()
                && !plain.contains("__") && !plain.contains("_.") && !plain.contains("._");
        return valid ? Optional.of(Double.parseDouble(plain.replace("_", ""))) : Optional.empty();
    }

    private static Object real(Rendering run, Object value, Arguments arguments) {
        Object fallback = arguments.bind(run, "float", "default?").or(0, 0.0);
        return switch (value) {
            case String text -> realOf(run, text).map(d -> (Object) d).orElse(fallback);
            case Markup(String text) -> realOf(run, text).map(d -> (Object) d).orElse(fallback);
            case Double _, Long _, BigInteger _, Boolean _ -> Numbers.real(value);
            case Undefined(String message) -> throw run.fault(message);
            case null, default -> fallback;
        };
    }

    private static Object absolute(Rendering run, Object value, Arguments arguments) {
        arguments.bind(run, "abs");
        return switch (value) {
            case Double d -> Math.abs(d);
            case Long _, BigInteger _, Boolean _ -> Numbers.shrink(Numbers.big(value).abs());
            case Undefined(String message) -> throw run.fault(message);
            case null, default ->
                    throw run.fault("abs expects a number, got " + Values.typeName(value));
        };
    }

    private static Object round(Rendering run, Object value, Arguments arguments) {
        Bound bound = arguments.bind(run, "round", "precision?", "method?");
        if (!Numbers.isNumber(value)) {
            throw run.fault(value instanceof Undefined(String message) ? message
                    : "round expects a number, got " + Values.typeName(value));
        }
        int precision = bound.integer(0, 0);
        String method = bound.text(1, "common");
        return switch (method) {
            case "common" -> Numbers.round(run, value, precision);
            case "ceil" -> directed(run, value, precision, RoundingMode.CEILING);
            case "floor" -> directed(run, value, precision, RoundingMode.FLOOR);
            default -> throw run.fault("method must be common, ceil or floor");
        };
    }

    private static Object directed(Rendering run, Object value, int precision,
                                   RoundingMode mode) {
        Object factor = Numbers.power(run, 10L, (long) precision);
        Object scaled = Numbers.multiply(run, value, factor);
        if (scaled instanceof Double d && !Double.isFinite(d)) {
            throw run.fault("can not round " + Printing.real(d));
        }
        BigDecimal whole = Numbers.decimal(scaled).setScale(0, mode);
        return Operators.apply(run, Operator.DIVIDE, Numbers.shrink(whole.toBigInteger()),
                factor);
    }
}
