package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.automaton.Position;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.List;
import java.util.function.Predicate;

/// Numbers: an interval, numbers that they are multiples of, and numbers that they are not. Exact
/// decimal arithmetic. Equal by identity.
final class NumberShape implements Shape {
    /// Multiples tried one after the other when some of them are left out.
    private static final int TRIES = 64;

    private final Interval interval;
    private final List<BigDecimal> notSteps;
    /// The least common multiple of the steps, or zero when there are none.
    private final BigDecimal step;
    private final int scale;
    private final BigInteger modulus;

    NumberShape(Interval interval, List<BigDecimal> steps, List<BigDecimal> notSteps) {
        this.interval = interval;
        this.notSteps = List.copyOf(notSteps);
        int places = 0;
        for (BigDecimal each : steps) {
            places = Math.max(places, each.scale());
        }
        for (BigDecimal each : notSteps) {
            places = Math.max(places, each.scale());
        }
        scale = places;
        BigInteger common = BigInteger.ZERO;
        for (BigDecimal each : steps) {
            BigInteger units = units(each);
            common = common.signum() == 0 ? units : lcm(common, units);
        }
        step = new BigDecimal(common, scale);
        BigInteger all = common.signum() == 0 ? BigInteger.ONE : common;
        for (BigDecimal each : notSteps) {
            all = lcm(all, units(each));
        }
        modulus = all;
    }

    Interval interval() { return interval; }

    /// Decimal places of the steps: beyond them a digit decides nothing but whether it is zero.
    int scale() { return scale; }

    /// Numbers that differ by a multiple of this many units of 10^-scale pass the same tests.
    BigInteger modulus() { return modulus; }

    boolean hasSteps() { return step.signum() != 0; }

    boolean hasTests() { return hasSteps() || !notSteps.isEmpty(); }

    private BigInteger units(BigDecimal value) {
        return value.setScale(scale, RoundingMode.UNNECESSARY).unscaledValue();
    }

    private static BigInteger lcm(BigInteger a, BigInteger b) {
        return a.multiply(b).divide(a.gcd(b)).abs();
    }

    /// Whether a number passes the tests for multiples.
    boolean passes(BigDecimal value) {
        boolean passes = !hasSteps() || value.remainder(step).signum() == 0;
        for (BigDecimal each : notSteps) {
            passes &= value.remainder(each).signum() != 0;
        }
        return passes;
    }

    /// Whether a number from `range`, which lies on one side of zero, passes the tests.
    boolean passesSome(Interval range) {
        if (range.isEmpty()) {
            return false;
        }
        if (range.single().isPresent()) {
            return passes(range.single().get());
        }
        if (!hasSteps()) {
            return true;
        }
        if (!range.low().exists()) {
            return passesSome(range.negated());
        }
        BigDecimal value = range.low().value().divide(step, 0, RoundingMode.CEILING).multiply(step);
        for (int i = 0; i < TRIES; i++) {
            if (range.contains(value) && passes(value)) {
                return true;
            }
            value = value.add(step);
            if (range.high().exists() && value.compareTo(range.high().value()) > 0) {
                return false;
            }
        }
        return false;
    }

    @Override
    public boolean isPossible(Predicate<Conjunction> possible) {
        return passesSome(interval.atLeast(BigDecimal.ZERO, false))
                || passesSome(interval.atMost(BigDecimal.ZERO, true));
    }

    @Override
    public List<Conjunction> parts() { return List.of(); }

    @Override
    public Position start(Values values) {
        return NumberAt.start(this);
    }
}
