package dev.sluice.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// Sigmoid, tanh and sums of a vector, with the same bits in every lane, in the interpreter and
/// compiled. Stateless.
final class VectorFunctions {
    /// The machine's widest float vector, but at most 512 bits: two make a tile of attention.
    static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED.length() > 16
            ? VectorSpecies.of(float.class, VectorShape.S_512_BIT) : FloatVector.SPECIES_PREFERRED;

    /// (tanh(x)/x - 1) / x^2 as a polynomial in x^2 on |x| < 0.625, fitted by Lawson's iteration
    /// for the least largest relative error of tanh, 4e-9.
    private static final float TANH_3 = -0.33333284f;
    private static final float TANH_5 = 0.13331491f;
    private static final float TANH_7 = -0.0537435f;
    private static final float TANH_9 = 0.02065059f;
    private static final float TANH_11 = -0.00571704f;

    private VectorFunctions() { }

    /// Sum of a vector's lanes by halves: lane i with lane i + length/2, and so on. The Vector
    /// API's own reduction adds in another order interpreted than compiled. The lanes come stored,
    /// because a call that is not inlined would put a vector on the heap; they are overwritten.
    static float sum(float[] lanes) {
        for (int half = SPECIES.length() / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                lanes[i] += lanes[i + half];
            }
        }
        return lanes[0];
    }

    /// 1 / (1 + e^-x)
    static FloatVector sigmoid(FloatVector x) {
        FloatVector one = FloatVector.broadcast(SPECIES, 1);
        return one.div(VectorMath.exp(x.neg()).add(one));
    }

    /// tanh x: below 0.625 an odd polynomial, as 1 - e^-2x would cancel, else (1 - e) / (1 + e)
    /// with e = e^-2|x|. Error below 3 units in the last place.
    static FloatVector tanh(FloatVector x) {
        FloatVector one = FloatVector.broadcast(SPECIES, 1);
        FloatVector e = VectorMath.exp(x.abs().mul(-2f));
        FloatVector large = one.sub(e).div(one.add(e));
        VectorMask<Float> negative = x.lt(0);
        large = large.blend(large.neg(), negative);
        FloatVector z = x.mul(x);
        FloatVector p = FloatVector.broadcast(SPECIES, TANH_11);
        p = p.fma(z, FloatVector.broadcast(SPECIES, TANH_9));
        p = p.fma(z, FloatVector.broadcast(SPECIES, TANH_7));
        p = p.fma(z, FloatVector.broadcast(SPECIES, TANH_5));
        p = p.fma(z, FloatVector.broadcast(SPECIES, TANH_3));
        FloatVector small = p.mul(z).fma(x, x);
        return large.blend(small, x.abs().compare(VectorOperators.LT, 0.625f));
    }
}
