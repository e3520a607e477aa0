package dev.sluice.runtime.grammar.schema;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// JSON values in a form in which equal means equal: 1, 1.0 and 1e0 are one number.
final class JsonValues {
    /// Every double fits.
    private static final int DIGITS_MAX = 1100;

    private JsonValues() { }

    static BigDecimal decimal(Number number) {
        BigDecimal exact = switch (number) {
            case BigInteger big -> new BigDecimal(big);
            case Long integer -> BigDecimal.valueOf(integer);
            case BigDecimal decimal -> decimal;
            default -> {
                if (Double.isInfinite(number.doubleValue())) {
                    throw new ArithmeticException("a number beyond every double");
                }
                yield new BigDecimal(number.toString());
            }
        };
        if (exact.precision() > DIGITS_MAX || Math.abs(exact.scale()) > DIGITS_MAX) {
            throw new ArithmeticException("a number of more than " + DIGITS_MAX + " digits");
        }
        return exact.signum() == 0 ? BigDecimal.ZERO : exact.stripTrailingZeros();
    }

    /// Numbers as BigDecimal without trailing zeros, all the way down.
    static Object normal(Object value) {
        return switch (value) {
            case null -> Null.NULL;
            case Number number -> decimal(number);
            case List<?> list -> {
                var items = new ArrayList<Object>();
                for (Object item : list) {
                    items.add(normal(item));
                }
                yield items;
            }
            case Map<?, ?> map -> {
                var members = new LinkedHashMap<Object, Object>();
                map.forEach((name, member) -> members.put(name, normal(member)));
                yield members;
            }
            default -> value;
        };
    }

    /// The JSON value `null`.
    enum Null { NULL }

    static JsonType type(Object normalValue) {
        return switch (normalValue) {
            case Null _ -> JsonType.NULL;
            case Boolean _ -> JsonType.BOOLEAN;
            case BigDecimal _ -> JsonType.NUMBER;
            case String _ -> JsonType.STRING;
            case List<?> _ -> JsonType.ARRAY;
            default -> JsonType.OBJECT;
        };
    }
}
