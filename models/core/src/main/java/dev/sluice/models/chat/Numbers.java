package dev.sluice.models.chat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;

/// Python's arithmetic: `Boolean` counts as an integer, `Long` grows into `BigInteger`, `Double`
/// is a float. Division and modulo round towards minus infinity.
final class Numbers {
    /// Integers of more bits are refused; Python itself prints none over 4300 digits.
    private static final int BITS_MAX = 14_000;

    private Numbers() { }

    static boolean isNumber(Object value) {
        return isInteger(value) || value instanceof Double;
    }

    /// An integer as Python's `isinstance(value, int)`: booleans are.
    static boolean isInteger(Object value) {
        return value instanceof Long || value instanceof Boolean || value instanceof BigInteger;
    }

    static BigInteger big(Object integer) {
        return switch (integer) {
            case Long l -> BigInteger.valueOf(l);
            case Boolean b -> b ? BigInteger.ONE : BigInteger.ZERO;
            default -> (BigInteger) integer;
        };
    }

    static double real(Object number) {
        return switch (number) {
            case Double d -> d;
            case Long l -> l;
            default -> big(number).doubleValue();
        };
    }

    static Object shrink(BigInteger value) {
        return value.bitLength() < 64 ? (Object) value.longValue() : value;
    }

    private static Object shrink(Rendering run, BigInteger value) {
        if (value.bitLength() > BITS_MAX) {
            throw run.fault("an integer of more than " + BITS_MAX + " bits");
        }
        return shrink(value);
    }

    static Object sign(Rendering run, boolean negative, Object value) {
        return switch (value) {
            case Double d -> negative ? -d : d;
            case Long l when l != Long.MIN_VALUE -> negative ? -l : l;
            case Long _, Boolean _, BigInteger _ ->
                    shrink(negative ? big(value).negate() : big(value));
            case Undefined(String message) -> throw run.fault(message);
            case null, default -> throw run.fault("bad operand type for unary "
                    + (negative ? '-' : '+') + ": '" + Values.typeName(value) + "'");
        };
    }

    static boolean equal(Object a, Object b) {
        return compare(a, b) == 0 && !isNaN(a) && !isNaN(b);
    }

    static boolean isNaN(Object value) {
        return value instanceof Double d && d.isNaN();
    }

    /// The exact order of two numbers that are not NaN.
    static int compare(Object a, Object b) {
        if (a instanceof Long x && b instanceof Long y) {
            return Long.compare(x, y);
        }
        if (isInteger(a) && isInteger(b)) {
            return big(a).compareTo(big(b));
        }
        double x = real(a);
        double y = real(b);
        boolean plain = a instanceof Double && b instanceof Double;
        if (plain || Double.isInfinite(x) || Double.isInfinite(y) || isNaN(a) || isNaN(b)) {
            return x == y ? 0 : Double.compare(x, y);
        }
        return decimal(a).compareTo(decimal(b));
    }

    static BigDecimal decimal(Object finite) {
        return finite instanceof Double d ? new BigDecimal(d) : new BigDecimal(big(finite));
    }

    static Object add(Rendering run, Object a, Object b) {
        if (a instanceof Double || b instanceof Double) {
            return real(a) + real(b);
        }
        return shrink(run, big(a).add(big(b)));
    }

    static Object subtract(Rendering run, Object a, Object b) {
        if (a instanceof Double || b instanceof Double) {
            return real(a) - real(b);
        }
        return shrink(run, big(a).subtract(big(b)));
    }

    static Object multiply(Rendering run, Object a, Object b) {
        if (a instanceof Double || b instanceof Double) {
            return real(a) * real(b);
        }
        return shrink(run, big(a).multiply(big(b)));
    }

    static Object divide(Rendering run, Object a, Object b) {
        checkDivisor(run, b);
        if (isInteger(a) && isInteger(b) && big(a).signum() != 0) {
            var context = MathContext.DECIMAL128;
            return new BigDecimal(big(a)).divide(new BigDecimal(big(b)), context).doubleValue();
        }
        return real(a) / real(b);
    }

    static Object floorDivide(Rendering run, Object a, Object b) {
        checkDivisor(run, b);
        if (isInteger(a) && isInteger(b)) {
            BigInteger[] parts = big(a).divideAndRemainder(big(b));
            boolean rounds = parts[1].signum() != 0 && parts[1].signum() != big(b).signum();
            return shrink(rounds ? parts[0].subtract(BigInteger.ONE) : parts[0]);
        }
        double x = real(a);
        double y = real(b);
        double quotient = (x - floorModulo(x, y)) / y;
        if (quotient == 0) {
            return Math.copySign(0, x / y);
        }
        double floor = Math.floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    static Object modulo(Rendering run, Object a, Object b) {
        checkDivisor(run, b);
        if (isInteger(a) && isInteger(b)) {
            BigInteger divisor = big(b);
            BigInteger rest = big(a).remainder(divisor);
            boolean adds = rest.signum() != 0 && rest.signum() != divisor.signum();
            return shrink(adds ? rest.add(divisor) : rest);
        }
        return floorModulo(real(a), real(b));
    }

    private static double floorModulo(double x, double y) {
        double rest = x % y;
        if (rest == 0) {
            return Math.copySign(0, y);
        }
        return rest < 0 != y < 0 ? rest + y : rest;
    }

    private static void checkDivisor(Rendering run, Object b) {
        if (real(b) == 0) {
            throw run.fault("division by zero");
        }
    }

    static Object power(Rendering run, Object a, Object b) {
        if (isInteger(a) && isInteger(b) && big(b).signum() >= 0) {
            return integerPower(run, big(a), big(b));
        }
        double x = real(a);
        double y = real(b);
        if (x == 0 && y < 0) {
            throw run.fault("zero to a negative power");
        }
        double result = Math.pow(x, y);
        if (Double.isNaN(result) && !Double.isNaN(x) && !Double.isNaN(y)) {
            throw run.fault("a negative number to a fractional power is not supported");
        }
        if (Double.isInfinite(result) && !Double.isInfinite(x) && !Double.isInfinite(y)) {
            throw run.fault("the result of ** is too large");
        }
        return result;
    }

    private static Object integerPower(Rendering run, BigInteger base, BigInteger exponent) {
        if (base.bitLength() <= 1 && base.abs().compareTo(BigInteger.ONE) <= 0) {
            boolean one = exponent.signum() == 0 || base.signum() > 0
                    || base.signum() < 0 && !exponent.testBit(0);
            return one ? 1L : base.longValue();
        }
        boolean small = exponent.bitLength() < 31;
        if (!small || (base.bitLength() - 1L) * exponent.intValue() > BITS_MAX) {
            throw run.fault("an integer of more than " + BITS_MAX + " bits");
        }
        return shrink(run, base.pow(exponent.intValue()));
    }

    /// Python's `round`: half to even, exact in decimal. Integers stay integers.
    static Object round(Rendering run, Object value, int digits) {
        if (Math.abs((long) digits) > 400) {
            throw run.fault("rounding to " + digits + " digits");
        }
        if (isInteger(value)) {
            BigDecimal exact = new BigDecimal(big(value));
            return digits >= 0 ? shrink(big(value))
                    : shrink(exact.setScale(digits, RoundingMode.HALF_EVEN).toBigInteger());
        }
        double d = (Double) value;
        if (Double.isNaN(d) || Double.isInfinite(d)) {
            return d;
        }
        double rounded = new BigDecimal(d).setScale(digits, RoundingMode.HALF_EVEN).doubleValue();
        return rounded == 0 ? Math.copySign(0.0, d) : (Object) rounded;
    }

    /// A float without its fraction.
    static Object truncate(double value) {
        return shrink(new BigDecimal(value).toBigInteger());
    }

    /// An integer argument, clamped to the range of `int`.
    static int index(Rendering run, Object value, String what) {
        if (!isInteger(value)) {
            throw run.fault(value instanceof Undefined(String message) ? message
                    : what + " expects an integer, got " + Values.typeName(value));
        }
        BigInteger big = big(value);
        return big.bitLength() < 32 ? big.intValue()
                : big.signum() < 0 ? -Integer.MAX_VALUE : Integer.MAX_VALUE;
    }
}
