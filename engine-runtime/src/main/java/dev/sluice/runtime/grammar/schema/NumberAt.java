package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.automaton.Nowhere;
import dev.sluice.runtime.grammar.automaton.Position;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;

/// A place in a number (RFC 8259, section 6).
///
///     START ---> SIGN --0--> ZERO --.--> POINT --digit--> FRACTION --e--> EXPONENT ...
///                     --1-9--> INTEGER --.--^
///
/// A prefix stands for the numbers that may still come of it: `12` for [12, 13), [120, 130) and so
/// on, `1.2` for [1.2, 1.3). It is alive when some of them lie in the interval and pass the tests
/// for multiples. Once all of them lie in the interval the place is `within`, and of the digits
/// only what the tests need is kept, so that there are few places. An exponent may come only where
/// any value passes: a model is not led into `7e-1` because 7 is too large.
///
/// @param digits  the digits so far as one number, without the point
/// @param places  how many of them come after the point
record NumberAt(NumberShape shape, boolean negative, Phase phase, BigInteger digits, int places,
        boolean within) implements Position {

    enum Phase { START, SIGN, ZERO, INTEGER, POINT, FRACTION, EXPONENT, EXPONENT_SIGN, POWER }

    private static final NumberShape ANY_NUMBER =
            new NumberShape(Interval.ALL, List.of(), List.of());
    /// The largest exponent of a double.
    private static final BigInteger POWER_MAX = BigInteger.valueOf(308);
    private static final int POWER_DIGITS = 3;

    static NumberAt start(NumberShape shape) {
        return new NumberAt(shape, false, Phase.START, BigInteger.ZERO, 0, false);
    }

    @Override
    public Position step(int b) {
        boolean digit = b >= '0' && b <= '9';
        return switch (phase) {
            case START -> b == '-' ? sign() : digit ? first(b - '0') : Nowhere.NOWHERE;
            case SIGN -> digit ? first(b - '0') : Nowhere.NOWHERE;
            case ZERO -> b == '.' ? checked(Phase.POINT) : exponent(b);
            case INTEGER -> digit ? next(Phase.INTEGER, b - '0', 0)
                    : b == '.' ? checked(Phase.POINT) : exponent(b);
            case POINT -> digit ? next(Phase.FRACTION, b - '0', 1) : Nowhere.NOWHERE;
            case FRACTION -> digit ? next(Phase.FRACTION, b - '0', 1) : exponent(b);
            case EXPONENT -> b == '+' || b == '-' ? at(Phase.EXPONENT_SIGN)
                    : digit ? power(b - '0') : Nowhere.NOWHERE;
            case EXPONENT_SIGN, POWER -> digit ? power(b - '0') : Nowhere.NOWHERE;
        };
    }

    @Override
    public boolean accepts() {
        return switch (phase) {
            case ZERO, INTEGER, FRACTION -> {
                BigDecimal value = new BigDecimal(digits, places);
                yield (within || magnitudes().contains(value)) && shape.passes(value);
            }
            case POWER -> true;
            case START, SIGN, POINT, EXPONENT, EXPONENT_SIGN -> false;
        };
    }

    private Position sign() {
        // Where only zero is left, its sign would be noise.
        boolean some = shape.passesSome(shape.interval().atMost(BigDecimal.ZERO, true));
        return some ? new NumberAt(shape, true, Phase.SIGN, digits, 0, false) : Nowhere.NOWHERE;
    }

    private Position first(int digit) {
        return next(digit == 0 ? Phase.ZERO : Phase.INTEGER, digit, 0);
    }

    private Position next(Phase to, int digit, int morePlaces) {
        boolean decided = within && places >= shape.scale() && morePlaces > 0;
        if (decided && shape.hasTests()) {
            return tail(digit);
        }
        BigInteger more = digits.multiply(BigInteger.TEN).add(BigInteger.valueOf(digit));
        var next = new NumberAt(shape, negative, to, more, places + morePlaces, within);
        return next.checked(to);
    }

    /// A digit that no step can reach: zero changes nothing, and others are no multiple of any.
    private Position tail(int digit) {
        if (digit == 0) {
            return new NumberAt(shape, negative, Phase.FRACTION, digits, places, true);
        }
        if (shape.hasSteps()) {
            return Nowhere.NOWHERE;
        }
        return new NumberAt(ANY_NUMBER, negative, Phase.FRACTION, BigInteger.ZERO, 0, true);
    }

    private NumberAt at(Phase next) {
        return new NumberAt(shape, negative, next, BigInteger.ZERO, 0, true);
    }

    private Position exponent(int b) {
        return (b == 'e' || b == 'E') && within && takesAnyPower() ? at(Phase.EXPONENT)
                : Nowhere.NOWHERE;
    }

    /// One more digit of an exponent.
    private Position power(int digit) {
        int before = phase == Phase.POWER ? places : 0;
        BigInteger power = digits.multiply(BigInteger.TEN).add(BigInteger.valueOf(digit));
        boolean fits = before < POWER_DIGITS && power.compareTo(POWER_MAX) <= 0;
        return fits ? new NumberAt(shape, negative, Phase.POWER, power, before + 1, true)
                : Nowhere.NOWHERE;
    }

    private boolean takesAnyPower() {
        Interval.Bound low = magnitudes().low();
        return !shape.hasTests() && !magnitudes().high().exists()
                && (!low.exists() || low.value().signum() < 0
                        || low.value().signum() == 0 && !low.open());
    }

    /// The absolute values that are allowed with this sign.
    private Interval magnitudes() {
        return negative ? shape.interval().negated() : shape.interval();
    }

    /// This place in a phase, in its shortest form, or nowhere when it leads to no number.
    private Position checked(Phase to) {
        var at = new NumberAt(shape, negative, to, digits, places, within).reduced();
        return at.isAlive() ? at : Nowhere.NOWHERE;
    }

    private NumberAt reduced() {
        NumberAt at = this;
        // A zero behind all places of the bounds and steps.
        int needed = Math.max(shape.scale(), magnitudes().scale());
        if (places > needed && !within && digits.mod(BigInteger.TEN).signum() == 0) {
            at = new NumberAt(shape, negative, phase, digits.divide(BigInteger.TEN), places - 1,
                    false);
        }
        if (!at.within && at.isWithin()) {
            at = new NumberAt(shape, negative, phase, at.digits, at.places, true);
        }
        if (at.within) {
            // The value of an integer part counts 10^scale units, a fraction fewer per digit.
            at = shape.hasTests()
                    ? new NumberAt(shape, negative, phase, at.digits.mod(shape.modulus()),
                            at.places, true)
                    : new NumberAt(shape, negative, phase, BigInteger.ZERO, 0, true);
        }
        return at;
    }

    private boolean isWithin() {
        if (phase == Phase.INTEGER && magnitudes().high().exists()) {
            return false;
        }
        return magnitudes().covers(block(0));
    }

    /// The numbers that begin with these digits and have `more` further ones before the point.
    private Interval block(int more) {
        BigDecimal low = new BigDecimal(digits, places).movePointRight(more);
        BigDecimal high = new BigDecimal(digits.add(BigInteger.ONE), places).movePointRight(more);
        if (phase == Phase.INTEGER && !magnitudes().high().exists() && !within) {
            return Interval.ALL.atLeast(low, false);
        }
        return Interval.ALL.atLeast(low, false).atMost(high, true);
    }

    private boolean isAlive() {
        if (within && !shape.hasTests()) {
            return true;
        }
        Interval allowed = within ? Interval.ALL : magnitudes();
        if (phase == Phase.INTEGER && !allowed.high().exists()) {
            return true; // With more digits every remainder can be reached, and every bound.
        }
        for (int more = 0; more == 0 || phase == Phase.INTEGER; more++) {
            Interval block = block(more);
            if (shape.passesSome(block.and(allowed))) {
                return true;
            }
            if (allowed.high().exists()
                    && block.low().value().compareTo(allowed.high().value()) > 0) {
                return false;
            }
        }
        return false;
    }
}
