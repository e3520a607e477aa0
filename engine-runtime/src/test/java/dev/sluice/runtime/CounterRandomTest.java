package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.runtime.CounterRandom.Draw;
import org.junit.jupiter.api.Test;

/// Goal: a seed means the same draws for ever. Method: numbers computed with the formula in Python
/// integers, and the moments of the uniform numbers.
class CounterRandomTest {
    @Test
    void goldens() {
        assertEquals(0x2130748aaac80268L, CounterRandom.bits(0, 0, 0, Draw.TOKEN));
        assertEquals(0xe28195ddd9ee4956L, CounterRandom.bits(1, 0, 0, Draw.TOKEN));
        assertEquals(0x23e7ce5341a2b2cfL, CounterRandom.bits(42, 0, 17, Draw.TOKEN));
        assertEquals(0x4e1875bc7802ded4L, CounterRandom.bits(42, 1, 17, Draw.TOKEN));
        assertEquals(0x3e26589911afeab2L, CounterRandom.bits(42, 0, 17, Draw.XTC));
        assertEquals(0xeca0aa086389dcd7L, CounterRandom.bits(-1, 3, 131071, Draw.XTC));
    }

    @Test
    void uniformInEveryWordOfTheKey() {
        int n = 100_000;
        double[] sums = new double[3];
        for (int i = 0; i < n; i++) {
            sums[0] += CounterRandom.uniform(i, 0, 9, Draw.TOKEN);
            sums[1] += CounterRandom.uniform(7, i, 9, Draw.TOKEN);
            sums[2] += CounterRandom.uniform(7, 0, i, Draw.TOKEN);
        }
        // Standard deviation of a mean of n uniform numbers; five of them miss once in 1.7 million.
        double bound = 5 / Math.sqrt(12.0 * n);
        for (double sum : sums) {
            assertEquals(0.5, sum / n, bound);
        }
    }

    @Test
    void exponentialAgreesWithTheLibrary() {
        double worst = 0;
        for (double x = 0; x > -700; x -= 0.01037) {
            double exact = StrictMath.exp(x);
            // The argument's rounding as |x| * 2^-53, and a few of the result.
            double allowed = (2 - x) * Math.ulp(1.0);
            worst = Math.max(worst, Math.abs(Exponential.exp(x) - exact) / exact / allowed);
        }
        assertTrue(worst < 2, "worst relative error is " + worst + " of what is allowed");
        assertEquals(1, Exponential.exp(0));
        assertEquals(0, Exponential.exp(Double.NEGATIVE_INFINITY));
    }
}
