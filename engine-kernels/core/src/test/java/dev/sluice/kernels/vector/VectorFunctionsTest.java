package dev.sluice.kernels.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.DoubleUnaryOperator;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

/// Goal: exponential, tanh and sigmoid are as exact as they say, everywhere. Method: every 997th
/// float between the ends of the range against StrictMath in double; special values by name.
class VectorFunctionsTest {
    private interface Lanes {
        FloatVector apply(FloatVector x);
    }

    /// Largest error in units in the last place of the wanted value, over floats of either sign
    /// up to `bound`. Results below `least` count in units of it.
    private static double worst(Lanes lanes, DoubleUnaryOperator exact, float bound, float least) {
        double worst = 0;
        for (int bits = 0; bits < Float.floatToIntBits(bound); bits += 997) {
            for (int sign = 0; sign < 2; sign++) {
                float x = Float.intBitsToFloat(bits | sign << 31);
                double want = exact.applyAsDouble(x);
                double got = lanes.apply(FloatVector.broadcast(VectorFunctions.SPECIES, x)).lane(0);
                double unit = Math.ulp((float) Math.max(Math.abs(want), least));
                worst = Math.max(worst, Math.abs(got - want) / unit);
            }
        }
        return worst;
    }

    @Test
    void exponentialIsWithinTwoUnits() {
        double worst = worst(VectorMath::exp, StrictMath::exp, 87f, 0f);
        assertTrue(worst <= 2, "exp is off by " + worst + " units in the last place");
    }

    @Test
    void tanhIsWithinThreeUnits() {
        double worst = worst(VectorFunctions::tanh, StrictMath::tanh, 50f, 0f);
        assertTrue(worst <= 3, "tanh is off by " + worst + " units in the last place");
    }

    @Test
    void sigmoidIsWithinFourUnits() {
        double worst = worst(VectorFunctions::sigmoid, x -> 1 / (1 + StrictMath.exp(-x)), 80f, 0f);
        assertTrue(worst <= 4, "sigmoid is off by " + worst + " units in the last place");
    }

    @Test
    void exponentialOfSpecialValues() {
        assertEquals(1f, VectorMath.exp(0f));
        assertEquals(1f, VectorMath.exp(-0f));
        assertEquals(0f, VectorMath.exp(Float.NEGATIVE_INFINITY));
        assertEquals(0f, VectorMath.exp(-1e30f));
        assertEquals(Float.POSITIVE_INFINITY, VectorMath.exp(Float.POSITIVE_INFINITY));
        assertEquals(Float.POSITIVE_INFINITY, VectorMath.exp(89f));
        assertEquals((float) StrictMath.exp(88.7f), VectorMath.exp(88.7f), 1e32f);
        assertTrue(Float.isNaN(VectorMath.exp(Float.NaN)));
        // A NaN whose low bits are set must not become a number when the exponent is added.
        assertTrue(Float.isNaN(VectorMath.exp(Float.intBitsToFloat(-1))));
    }

    @Test
    void tanhAndSigmoidOfSpecialValues() {
        FloatVector infinite =
                FloatVector.broadcast(VectorFunctions.SPECIES, Float.POSITIVE_INFINITY);
        assertEquals(1f, VectorFunctions.tanh(infinite).lane(0));
        assertEquals(-1f, VectorFunctions.tanh(infinite.neg()).lane(0));
        assertEquals(1f, VectorFunctions.sigmoid(infinite).lane(0));
        assertEquals(0f, VectorFunctions.sigmoid(infinite.neg()).lane(0));
    }
}
