package dev.sluice.runtime.grammar.schema;

import java.math.BigDecimal;
import java.util.Optional;

/// The numbers between two bounds, each of which may be missing, included or excluded. Immutable.
record Interval(Bound low, Bound high) {
    static final Interval ALL = new Interval(Bound.NONE, Bound.NONE);

    /// A bound; `value` counts only if it `exists`.
    record Bound(boolean exists, BigDecimal value, boolean open) {
        static final Bound NONE = new Bound(false, BigDecimal.ZERO, true);

        static Bound at(BigDecimal value, boolean open) {
            return new Bound(true, value, open);
        }

        Bound negated() {
            return exists ? at(value.negate(), open) : this;
        }
    }

    static Interval point(BigDecimal value) {
        return new Interval(Bound.at(value, false), Bound.at(value, false));
    }

    Interval atLeast(BigDecimal value, boolean open) {
        int order = low.exists ? value.compareTo(low.value) : 1;
        return order > 0 || order == 0 && open ? new Interval(Bound.at(value, open), high) : this;
    }

    Interval atMost(BigDecimal value, boolean open) {
        int order = high.exists ? value.compareTo(high.value) : -1;
        return order < 0 || order == 0 && open ? new Interval(low, Bound.at(value, open)) : this;
    }

    Interval and(Interval other) {
        Interval both = this;
        if (other.low.exists) {
            both = both.atLeast(other.low.value, other.low.open);
        }
        if (other.high.exists) {
            both = both.atMost(other.high.value, other.high.open);
        }
        return both;
    }

    /// The numbers whose negation lies in this.
    Interval negated() {
        return new Interval(high.negated(), low.negated());
    }

    boolean isEmpty() {
        if (!low.exists || !high.exists) {
            return false;
        }
        int order = low.value.compareTo(high.value);
        return order > 0 || order == 0 && (low.open || high.open);
    }

    boolean contains(BigDecimal value) {
        return isAbove(value) && isBelow(value);
    }

    /// The one number in it, if there is only one.
    Optional<BigDecimal> single() {
        boolean one = !isEmpty() && low.exists && high.exists
                && low.value.compareTo(high.value) == 0;
        return one ? Optional.of(low.value) : Optional.empty();
    }

    /// Whether all of `other` lies in this. `other` has a low bound.
    boolean covers(Interval other) {
        int lowOrder = low.exists ? other.low.value.compareTo(low.value) : 1;
        int highOrder = !high.exists ? -1 : !other.high.exists ? 1
                : other.high.value.compareTo(high.value);
        return (lowOrder > 0 || lowOrder == 0 && (!low.open || other.low.open))
                && (highOrder < 0 || highOrder == 0 && (!high.open || other.high.open));
    }

    /// Decimal places of the bounds.
    int scale() {
        int lowScale = low.exists ? low.value.scale() : 0;
        return Math.max(0, Math.max(lowScale, high.exists ? high.value.scale() : 0));
    }

    private boolean isAbove(BigDecimal value) {
        int order = low.exists ? value.compareTo(low.value) : 1;
        return order > 0 || order == 0 && !low.open;
    }

    private boolean isBelow(BigDecimal value) {
        int order = high.exists ? value.compareTo(high.value) : -1;
        return order < 0 || order == 0 && !high.open;
    }
}
