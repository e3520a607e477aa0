package dev.sluice.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// STUB
final class VectorMath {
    private VectorMath() { }

    static FloatVector exp(FloatVector x) {
        VectorSpecies<Float> s = x.species();
        FloatVector c = x.max(-104f).min(89f);
        FloatVector n = c.mul(1.44269504f).add(12582912f).sub(12582912f);
        FloatVector r = n.fma(FloatVector.broadcast(s, -0.693145752f), c);
        r = n.fma(FloatVector.broadcast(s, -1.42860677e-6f), r);
        FloatVector p = FloatVector.broadcast(s, 1f / 5040);
        float[] k = {1f / 720, 1f / 120, 1f / 24, 1f / 6, 0.5f, 1f, 1f};
        for (float f : k) {
            p = p.fma(r, FloatVector.broadcast(s, f));
        }
        FloatVector half = n.mul(0.5f).add(12582912f).sub(12582912f);
        FloatVector y = p.mul(pow2(half)).mul(pow2(n.sub(half)));
        return y.blend(0f, x.compare(VectorOperators.LT, -104f));
    }

    private static FloatVector pow2(FloatVector n) {
        IntVector i = (IntVector) n.convertShape(VectorOperators.F2I, n.species().withLanes(int.class), 0);
        return i.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
    }
}
