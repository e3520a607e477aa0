package dev.sluice.runtime;

/// e^x for x <= 0, the inner loop of every softmax over a vocabulary. Any thread.
///
/// Plain arithmetic instead of [Math#exp]: the same bits on every machine, and several times as
/// fast in a loop. x = (64 m + j) ln2 / 64 + r with |r| <= ln2 / 128, so that
/// e^x = 2^m * 2^(j/64) * e^r, and six terms of the series of e^r leave 4e-17 relative.
final class Exponential {
    private static final int STEPS = 64;
    private static final double STEPS_PER_LN2 = STEPS / 0.6931471805599453;
    /// ln2 / 64 in two parts; the first has 32 trailing zero bits, so a product with it is exact.
    private static final double LN2_HIGH = 0x1.62e42feep-7;
    private static final double LN2_LOW = 0x1.a39ef35793c76p-39;
    /// Adding it rounds a double to an integer in the low bits.
    private static final double ROUNDER = 0x1.8p52;
    /// Below this e^x is not a normal number; a token this unlikely counts as impossible.
    private static final double SMALLEST = -708;
    private static final double[] POWERS = powers();

    private Exponential() {}

    static double exp(double x) {
        if (!(x >= SMALLEST)) {
            return 0;
        }
        double shifted = x * STEPS_PER_LN2 + ROUNDER;
        int n = (int) Double.doubleToRawLongBits(shifted);
        double whole = shifted - ROUNDER;
        double r = (x - whole * LN2_HIGH) - whole * LN2_LOW;
        double r2 = r * r;
        double series = 1 + r + r2 * (0.5 + r * (1.0 / 6))
                + r2 * r2 * (1.0 / 24 + r * (1.0 / 120));
        double power = Double.longBitsToDouble((long) ((n >> 6) + 1023) << 52);
        return POWERS[n & (STEPS - 1)] * series * power;
    }

    /// Sum of e^(z - max) over the first `count` values: four running sums, added at the end in a
    /// fixed order.
    static double sum(float[] z, int count, float max) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = 0;
        for (; i + 4 <= count; i += 4) {
            a += exp((double) z[i] - max);
            b += exp((double) z[i + 1] - max);
            c += exp((double) z[i + 2] - max);
            d += exp((double) z[i + 3] - max);
        }
        for (; i < count; i++) {
            a += exp((double) z[i] - max);
        }
        return (a + b) + (c + d);
    }

    private static double[] powers() {
        double[] powers = new double[STEPS];
        for (int j = 0; j < STEPS; j++) {
            powers[j] = StrictMath.pow(2, (double) j / STEPS);
        }
        return powers;
    }
}
