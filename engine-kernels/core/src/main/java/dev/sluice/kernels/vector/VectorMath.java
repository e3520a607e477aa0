package dev.sluice.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// The exponential that every kernel of this backend uses. The Vector API's own EXP calls another
/// library compiled than interpreted; this one is plain arithmetic, so its bits are fixed.
/// Stateless.
final class VectorMath {
    private static final float LOG2_E = 1.44269504f;
    /// ln 2 in two floats, the first short enough that its products with whole numbers are exact.
    private static final float LN2_HIGH = 0.693145752f;
    private static final float LN2_LOW = 1.42860677e-6f;
    /// 1.5 * 2^23: adding it rounds to a whole number, which then lies in the low mantissa bits.
    private static final float ROUND = 12582912f;
    /// Below, results are subnormal and given as 0; above, they overflow.
    private static final float LEAST = -87.336544f;
    private static final float LARGEST = 88.722839f;
    /// (e^r - 1 - r) / r^2 on |r| < ln(2)/2, fitted by Lawson's iteration for the least largest
    /// relative error of e^r, 3.1e-9.
    private static final float P2 = 0.49999993f;
    private static final float P3 = 0.1666652f;
    private static final float P4 = 0.041668394f;
    private static final float P5 = 0.00836878f;
    private static final float P6 = 0.0013814467f;

    private VectorMath() { }

    /// e^x = 2^n e^r with r = x - n ln 2, within 2 units in the last place. 0 for minus infinity,
    /// NaN for NaN.
    static FloatVector exp(FloatVector x) {
        FloatVector shifted = x.mul(LOG2_E).add(ROUND);
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = n.lanewise(VectorOperators.FMA, -LN2_HIGH, x);
        r = n.lanewise(VectorOperators.FMA, -LN2_LOW, r);
        FloatVector p = r.mul(P6).add(P5);
        p = p.lanewise(VectorOperators.FMA, r, P4);
        p = p.lanewise(VectorOperators.FMA, r, P3);
        p = p.lanewise(VectorOperators.FMA, r, P2);
        p = p.mul(r).lanewise(VectorOperators.FMA, r, r).add(1f);
        // The exponent field grows by n: only n's own bits survive the shift.
        FloatVector y = p.reinterpretAsInts()
                .add(shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23))
                .reinterpretAsFloats();
        VectorMask<Float> small = x.compare(VectorOperators.LT, LEAST);
        VectorMask<Float> large = x.compare(VectorOperators.GT, LARGEST);
        VectorMask<Float> invalid = x.compare(VectorOperators.NE, x);
        return y.blend(0f, small).blend(Float.POSITIVE_INFINITY, large).blend(x, invalid);
    }
}
