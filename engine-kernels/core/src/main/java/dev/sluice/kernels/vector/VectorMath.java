package dev.sluice.kernels.vector;

import dev.sluice.kernels.Activation;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Transcendental functions with the same bits in vectors of any width and in scalar tails. The
/// Vector API's own are not used: they differ between interpreter and compiled code.
///
/// exp(x) = 2^n * e^r with n = rint(x / ln 2) and r = x - n ln 2 in two parts, e^r by the
/// polynomial of Cephes' `expf` (S. Moshier, 1989), evaluated with fused multiply-adds. Relative
/// error below 2e-7 for results that are normal; below 1.2e-38 the result is 0, above 3.4e38
/// infinity, of NaN NaN.
///
/// Vector methods here return vectors, which C2 inlines only into small bodies: call them in a
/// loop that does little else.
final class VectorMath {
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    private static final float LOG2_E = 1.44269504088896341f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    private static final float C7 = 1.9875691500e-4f;
    private static final float C6 = 1.3981999507e-3f;
    private static final float C5 = 8.3334519073e-3f;
    private static final float C4 = 4.1665795894e-2f;
    private static final float C3 = 1.6666665459e-1f;
    private static final float C2 = 5.0000001201e-1f;
    /// Adding and taking away 1.5 * 2^23 rounds to an integer, ties to even.
    private static final float ROUND = 12582912f;
    /// Beyond these the result is 0 or infinity; 2^n is then still a float.
    private static final float LOWEST = -87.33f;
    private static final float HIGHEST = 88.72283f;
    private static final float GELU_A = 0.7978845608f;
    private static final float GELU_B = 0.044715f;
    private static final float CLAMP = 7f;
    private static final float CLAMPED_SLOPE = 1.702f;

    private VectorMath() {
    }

    static FloatVector exp(FloatVector x) {
        FloatVector shifted = x.mul(LOG2_E).add(ROUND);
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(F, -LN2_HIGH), x);
        r = n.fma(FloatVector.broadcast(F, -LN2_LOW), r);
        FloatVector p = r.fma(FloatVector.broadcast(F, C7), FloatVector.broadcast(F, C6));
        p = p.fma(r, FloatVector.broadcast(F, C5));
        p = p.fma(r, FloatVector.broadcast(F, C4));
        p = p.fma(r, FloatVector.broadcast(F, C3));
        p = p.fma(r, FloatVector.broadcast(F, C2));
        p = p.fma(r.mul(r), r).add(1f);
        // Times 2^n: n lies in the low bits of `shifted`, of which only these survive the shift
        // to the exponent field. Within the limits the sum is a normal float.
        FloatVector y = p.reinterpretAsInts()
                .add(shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23))
                .reinterpretAsFloats();
        y = y.blend(0f, x.compare(VectorOperators.LT, LOWEST));
        y = y.blend(Float.POSITIVE_INFINITY, x.compare(VectorOperators.GT, HIGHEST));
        // The sum may have made a number of a NaN whose low bits were set.
        return y.blend(x, x.compare(VectorOperators.NE, x));
    }

    static float exp(float x) {
        if (x < LOWEST) {
            return 0f;
        }
        if (x > HIGHEST) {
            return Float.POSITIVE_INFINITY;
        }
        float n = x * LOG2_E + ROUND - ROUND;
        float r = Math.fma(n, -LN2_HIGH, x);
        r = Math.fma(n, -LN2_LOW, r);
        float p = Math.fma(r, C7, C6);
        p = Math.fma(p, r, C5);
        p = Math.fma(p, r, C4);
        p = Math.fma(p, r, C3);
        p = Math.fma(p, r, C2);
        p = Math.fma(p, r * r, r) + 1f;
        float half = n * 0.5f + ROUND - ROUND;
        return p * power(half) * power(n - half);
    }

    private static float power(float n) {
        return Float.intBitsToFloat((int) n + 127 << 23);
    }

    /// 1 / (1 + e^-x)
    static float sigmoid(float x) {
        return 1f / (1f + exp(-x));
    }

    /// gate[gateFrom + i] = activation(gate, up) for i in 0..count-1.
    static void gate(Activation activation, float[] gate, int gateFrom, float[] up, int upFrom,
            int count) {
        int vectors = F.loopBound(count);
        switch (activation) {
            case SILU -> {
                for (int i = 0; i < vectors; i += F.length()) {
                    FloatVector g = FloatVector.fromArray(F, gate, gateFrom + i);
                    g.div(exp(g.neg()).add(1f)).mul(FloatVector.fromArray(F, up, upFrom + i))
                            .intoArray(gate, gateFrom + i);
                }
            }
            case GELU_TANH -> {
                for (int i = 0; i < vectors; i += F.length()) {
                    FloatVector g = FloatVector.fromArray(F, gate, gateFrom + i);
                    FloatVector u = g.mul(g).mul(GELU_B).add(1f).mul(g).mul(-2f * GELU_A);
                    g.div(exp(u).add(1f)).mul(FloatVector.fromArray(F, up, upFrom + i))
                            .intoArray(gate, gateFrom + i);
                }
            }
            case SWIGLU_CLAMPED -> {
                for (int i = 0; i < vectors; i += F.length()) {
                    FloatVector g = FloatVector.fromArray(F, gate, gateFrom + i).min(CLAMP);
                    FloatVector u = FloatVector.fromArray(F, up, upFrom + i)
                            .min(CLAMP).max(-CLAMP).add(1f);
                    g.div(exp(g.mul(-CLAMPED_SLOPE)).add(1f)).mul(u)
                            .intoArray(gate, gateFrom + i);
                }
            }
        }
        for (int i = vectors; i < count; i++) {
            gate[gateFrom + i] = gate(activation, gate[gateFrom + i], up[upFrom + i]);
        }
    }

    /// One element, same bits as in [#gate].
    static float gate(Activation activation, float gate, float up) {
        return switch (activation) {
            case SILU -> gate / (exp(-gate) + 1f) * up;
            // 0.5 (1 + tanh u) = 1 / (1 + e^-2u), u = sqrt(2/pi) (g + 0.044715 g^3)
            case GELU_TANH -> {
                float u = (gate * gate * GELU_B + 1f) * gate * (-2f * GELU_A);
                yield gate / (exp(u) + 1f) * up;
            }
            case SWIGLU_CLAMPED -> {
                float g = Math.min(gate, CLAMP);
                float u = Math.max(Math.min(up, CLAMP), -CLAMP) + 1f;
                yield g / (exp(g * -CLAMPED_SLOPE) + 1f) * u;
            }
        };
    }
}
