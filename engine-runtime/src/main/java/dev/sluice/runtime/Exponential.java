package dev.sluice.runtime;

/// e^x for x <= 0, the inner loop of every softmax over a vocabulary. Any thread.
///
/// Plain arithmetic instead of [Math#exp]: the same bits on every machine, and several times as
/// fast in a loop (SamplerTiming shows it). With x = n ln2 / 1024 + r and |r| <= ln2 / 2048,
///
///     e^x = 2^(n / 1024) * e^r = 2^(n >> 10) * 2^((n & 1023) / 1024) * (1 + r + r^2/2 + r^3/6)
///
/// The series leaves 6e-16 relative, the rounding of n ln2 / 1024 at most |x| * 2^-53.
final class Exponential {
    private static final int STEPS = 1024;
    private static final double STEPS_PER_LN2 = STEPS / 0.6931471805599453;
    private static final double LN2_PER_STEP = 0.6931471805599453 / STEPS;
    /// What is less likely than e^-25 of the best does not count in a likely sum.
    static final float LIKELY_REACH = 25;
    /// What the weights that a likely sum leaves behind are to be multiplied by.
    static final double LIKELY_SCALE = StrictMath.exp(-LIKELY_REACH / 2);
    /// Adding it rounds a double to an integer, which then stands in the low bits.
    private static final double ROUNDER = 0x1.8p52;
    /// Below this e^x is not a normal number; a token this unlikely counts as impossible.
    private static final double SMALLEST = -708;
    /// The bits of 2^(j / 1024).
    private static final long[] POWERS = powers();

    private Exponential() {}

    static double exp(double x) {
        if (!(x >= SMALLEST)) {
            return 0;
        }
        double shifted = x * STEPS_PER_LN2 + ROUNDER;
        long n = Double.doubleToRawLongBits(shifted);
        double r = x - (shifted - ROUNDER) * LN2_PER_STEP;
        double series = 1 + r * (1 + r * (0.5 + r * (1.0 / 6)));
        // The shift drops the bits that the rounder brought along, and n >> 10 lands on the
        // exponent.
        long power = POWERS[(int) n & (STEPS - 1)] + (n >> 10 << 52);
        return series * Double.longBitsToDouble(power);
    }

    /// Sum of e^(z - max) over the values from..to: four running sums, added at the end in a fixed
    /// order.
    static double sum(float[] z, int from, int to, float max) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = from;
        for (; i + 4 <= to; i += 4) {
            a += exp((double) z[i] - max);
            b += exp((double) z[i + 1] - max);
            c += exp((double) z[i + 2] - max);
            d += exp((double) z[i + 3] - max);
        }
        for (; i < to; i++) {
            a += exp((double) z[i] - max);
        }
        return (a + b) + (c + d);
    }

    /// Sum of e^(z - max) over the first `count` values, to 2e-6 of it if it is at least 1 and
    /// there are at most 150,000: whatever is below e^-[#LIKELY_REACH] counts as that.
    ///
    ///     e^x = (e^(x/32 + c))^32 * e^-32c     with c = LIKELY_REACH / 64, so |x/32 + c| < 0.4
    ///
    /// and the inner exponential is a series to the seventh power. No tables and no branches: the
    /// first loop is one that the compiler turns into vectors, as long as it is a long one.
    ///
    /// @param scratch  at least `count` long; left with the weights, but for [#LIKELY_SCALE]
    static double likelySum(float[] z, int count, float max, float[] scratch) {
        for (int i = 0; i < count; i++) {
            float x = Math.max(z[i] - max, -LIKELY_REACH);
            float y = Math.fma(x, 1f / 32, LIKELY_REACH / 64);
            float p = Math.fma(y, 1f / 5040, 1f / 720);
            p = Math.fma(y, p, 1f / 120);
            p = Math.fma(y, p, 1f / 24);
            p = Math.fma(y, p, 1f / 6);
            p = Math.fma(y, p, 0.5f);
            p = Math.fma(y, p, 1);
            p = Math.fma(y, p, 1);
            p = p * p;
            p = p * p;
            p = p * p;
            p = p * p;
            scratch[i] = p * p;
        }
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = 0;
        for (; i + 4 <= count; i += 4) {
            a += scratch[i];
            b += scratch[i + 1];
            c += scratch[i + 2];
            d += scratch[i + 3];
        }
        for (; i < count; i++) {
            a += scratch[i];
        }
        return ((a + b) + (c + d)) * LIKELY_SCALE;
    }

    private static long[] powers() {
        long[] powers = new long[STEPS];
        for (int j = 0; j < STEPS; j++) {
            powers[j] = Double.doubleToRawLongBits(StrictMath.pow(2, (double) j / STEPS));
        }
        return powers;
    }
}
