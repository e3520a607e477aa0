package dev.sluice.kernels.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// Operations on rows of floats, written for TornadoVM: the arithmetic of `rows.cl` and
/// `rotary.cl`, with groups and lanes as there. Element operations run one lane an element; where a
/// row has a reduction, one group of 64 lanes a row.
///
/// Every kernel of this package has the same arguments: `numbers` are the launch's integers in
/// their order, a matrix being the word where it begins; `reals` the launch's floats; `words` and
/// `floats` are the device's whole memory in two views. What a kernel does with the n-th number is
/// bound to a name in its first lines.
///
/// **Local arrays** are touched in the kernel's own method only, and never at a constant index (a
/// loop of constant length becomes that): TornadoVM 5.2 reads and writes other places of them in a
/// method that it inlines, and it can not compile one that uses the context. Private arrays may be
/// passed on.
final class RowKernels {
    private static final int LANES = 64;
    /// From this position on an angle is kept in two floats.
    private static final int FLOAT_POSITIONS = 65536;

    private RowKernels() { }

    static float sigmoid(float x) {
        return 1.0f / (1.0f + TornadoMath.exp(-x));
    }

    static float larger(float a, float b) {
        return a > b ? a : b;
    }

    static float smaller(float a, float b) {
        return a < b ? a : b;
    }

    // out [R,D] = x [T,D] at rows `rows` [R,1]
    static void gatherRows(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int cols = numbers.get(3);
        int count = numbers.get(4);
        int i = context.globalIdx;
        if (i < count) {
            int row = words.get(numbers.get(1) + i / cols);
            floats.set(numbers.get(2) + i, floats.get(numbers.get(0) + row * cols + i % cols));
        }
    }

    // to [R,*] columns toColumn.. = from [R,*] columns fromColumn.., `width` of them
    static void copyColumns(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int from = numbers.get(0) + numbers.get(2);
        int to = numbers.get(3) + numbers.get(5);
        int width = numbers.get(6);
        int count = numbers.get(7);
        int i = context.globalIdx;
        if (i < count) {
            int row = i / width;
            int c = i % width;
            floats.set(to + row * numbers.get(4) + c, floats.get(from + row * numbers.get(1) + c));
        }
    }

    // out [T,D] = x [T,D] / sqrt(mean(x^2) + epsilon) * weight [1,D]. Lane l adds the squares of
    // columns l, l + 64, ..; every lane adds the 64 sums in order.
    static void rmsNorm(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        float[] sums = context.allocateFloatLocalArray(LANES);
        int lane = context.localIdx;
        int lanes = context.localGroupSizeX;
        int cols = numbers.get(3);
        int row = context.groupIdx;
        int in = numbers.get(0) + row * cols;
        int weight = numbers.get(1);
        int out = numbers.get(2) + row * cols;
        float sum = 0.0f;
        for (int c = lane; c < cols; c += LANES) {
            float value = floats.get(in + c);
            sum = sum + value * value;
        }
        sums[lane] = sum;
        context.localBarrier();
        float all = 0.0f;
        for (int i = 0; i < lanes; i++) {
            all = all + sums[i];
        }
        float factor = 1.0f / TornadoMath.sqrt(all / (float) cols + reals.get(0));
        for (int c = lane; c < cols; c += LANES) {
            floats.set(out + c, floats.get(in + c) * factor * floats.get(weight + c));
        }
    }

    // out [T,D] = (x - mean) / sqrt(mean((x - mean)^2) + epsilon) * weight [1,D] + bias [1,D]. A
    // second pass takes a first mean away and finds what that was off by (`rest`).
    static void layerNorm(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        float[] sums = context.allocateFloatLocalArray(LANES);
        float[] rests = context.allocateFloatLocalArray(LANES);
        float[] squares = context.allocateFloatLocalArray(LANES);
        int lane = context.localIdx;
        int lanes = context.localGroupSizeX;
        int cols = numbers.get(4);
        int row = context.groupIdx;
        int in = numbers.get(0) + row * cols;
        int out = numbers.get(3) + row * cols;
        float sum = 0.0f;
        for (int c = lane; c < cols; c += LANES) {
            sum = sum + floats.get(in + c);
        }
        sums[lane] = sum;
        context.localBarrier();
        float all = 0.0f;
        for (int i = 0; i < lanes; i++) {
            all = all + sums[i];
        }
        float mean = all / (float) cols;
        float off = 0.0f;
        float square = 0.0f;
        for (int c = lane; c < cols; c += LANES) {
            float centred = floats.get(in + c) - mean;
            off = off + centred;
            square = square + centred * centred;
        }
        rests[lane] = off;
        squares[lane] = square;
        context.localBarrier();
        float allRests = 0.0f;
        float allSquares = 0.0f;
        for (int i = 0; i < lanes; i++) {
            allRests = allRests + rests[i];
            allSquares = allSquares + squares[i];
        }
        float rest = allRests / (float) cols;
        float variance = larger(allSquares / (float) cols - rest * rest, 0.0f);
        float factor = 1.0f / TornadoMath.sqrt(variance + reals.get(0));
        for (int c = lane; c < cols; c += LANES) {
            float centred = (floats.get(in + c) - mean - rest) * factor;
            floats.set(out + c, centred * floats.get(numbers.get(1) + c)
                    + floats.get(numbers.get(2) + c));
        }
    }

    // x = x * Phi(x), the normal distribution: exact GELU
    static void geluRows(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int i = context.globalIdx;
        if (i < numbers.get(1)) {
            int at = numbers.get(0) + i;
            float x = floats.get(at);
            float z = x < 0.0f ? -x : x;
            float tail = upperTail(z * 0.70710678f);
            floats.set(at, x * (x < 0.0f ? tail : 1.0f - tail));
        }
    }

    /// erfc(z) / 2 for z >= 0 by the Chebyshev fit of Press et al., Numerical Recipes, 6.2, with a
    /// relative error of 1.2e-7; the square is kept in two parts: exp would enlarge its rounding.
    private static float upperTail(float of) {
        float z = smaller(of, 20.0f);
        float head = Words.nearest(z * 256.0f) * 0.00390625f;
        float t = 1.0f / (1.0f + 0.5f * z);
        float fit = 0.17087277f;
        fit = fit * t - 0.82215223f;
        fit = fit * t + 1.48851587f;
        fit = fit * t - 1.13520398f;
        fit = fit * t + 0.27886807f;
        fit = fit * t - 0.18628806f;
        fit = fit * t + 0.09678418f;
        fit = fit * t + 0.37409196f;
        fit = fit * t + 1.00002368f;
        fit = fit * t - 1.26551223f;
        float rest = (z - head) * (z + head);
        return 0.5f * t * TornadoMath.exp(-head * head) * TornadoMath.exp(fit - rest);
    }

    // x [T,N] += bias [1,N]
    static void addBias(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int i = context.globalIdx;
        if (i < numbers.get(3)) {
            int at = numbers.get(0) + i;
            floats.set(at, floats.get(at) + floats.get(numbers.get(1) + i % numbers.get(2)));
        }
    }

    // x += factor * y
    static void addRows(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int i = context.globalIdx;
        if (i < numbers.get(2)) {
            int at = numbers.get(0) + i;
            floats.set(at, floats.get(at) + reals.get(0) * floats.get(numbers.get(1) + i));
        }
    }

    // x [T,N] += sigmoid(gate [T,1]) * y [T,N]
    static void addGated(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int i = context.globalIdx;
        if (i < numbers.get(4)) {
            int at = numbers.get(0) + i;
            float gate = sigmoid(floats.get(numbers.get(1) + i / numbers.get(3)));
            floats.set(at, floats.get(at) + gate * floats.get(numbers.get(2) + i));
        }
    }

    // x *= factor
    static void scaleRows(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int i = context.globalIdx;
        if (i < numbers.get(1)) {
            int at = numbers.get(0) + i;
            floats.set(at, floats.get(at) * reals.get(0));
        }
    }

    // x = cap * tanh(x / cap)
    static void softcapRows(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int i = context.globalIdx;
        if (i < numbers.get(1)) {
            int at = numbers.get(0) + i;
            floats.set(at, reals.get(0) * TornadoMath.tanh(floats.get(at) / reals.get(0)));
        }
    }

    // x = min(max(x, -limit), limit)
    static void clampRows(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int i = context.globalIdx;
        if (i < numbers.get(1)) {
            int at = numbers.get(0) + i;
            floats.set(at, smaller(larger(floats.get(at), -reals.get(0)), reals.get(0)));
        }
    }

    private static float activate(int activation, float gate, float up) {
        float result;
        if (activation == 0) {
            result = gate * sigmoid(gate) * up;
        } else if (activation == 1) {
            // 0.5 * (1 + tanh(z)) is sigmoid(2 z).
            float z = 0.7978845608f * (gate + 0.044715f * gate * gate * gate);
            result = gate * sigmoid(2.0f * z) * up;
        } else {
            float g = smaller(gate, 7.0f);
            float u = smaller(larger(up, -7.0f), 7.0f);
            result = (u + 1.0f) * g * sigmoid(1.702f * g);
        }
        return result;
    }

    // out = activation(gate, up); activation is the ordinal of the enum
    static void gatedActivation(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int i = context.globalIdx;
        if (i < numbers.get(4)) {
            float gate = floats.get(numbers.get(1) + i);
            float up = floats.get(numbers.get(2) + i);
            floats.set(numbers.get(3) + i, activate(numbers.get(0), gate, up));
        }
    }

    // angles [T, 2 * half]: magnitude * cos of position * frequency m in column m, magnitude * sin
    // in column half + m
    static void rotaryAngles(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int half = numbers.get(3);
        int i = context.globalIdx;
        if (i < numbers.get(4)) {
            int t = i / half;
            int m = i % half;
            int position = words.get(numbers.get(1) + t);
            float p = (float) position;
            float frequency = floats.get(numbers.get(0) + m);
            float angle = p * frequency;
            float cosine = TornadoMath.cos(angle);
            float sine = TornadoMath.sin(angle);
            if (position >= FLOAT_POSITIONS) {
                // The product of two floats is a double exactly.
                float rest = (float) ((double) p * (double) frequency - (double) angle);
                float restCosine = 1.0f - 0.5f * rest * rest;
                float restSine = rest - rest * rest * rest * 0.16666667f;
                float turned = cosine * restCosine - sine * restSine;
                sine = sine * restCosine + cosine * restSine;
                cosine = turned;
            }
            int out = numbers.get(2) + t * 2 * half + m;
            floats.set(out, reals.get(0) * cosine);
            floats.set(out + half, reals.get(0) * sine);
        }
    }

    // Rotates columns column.. + 2 * half of each row of x [T*H,C] in place by angles
    // [T, 2 * half]. Pairs are (2m, 2m+1) where interleaved, else (m, m + half).
    static void ropeRows(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int half = numbers.get(5);
        int interleaved = numbers.get(6);
        int i = context.globalIdx;
        if (i < numbers.get(7)) {
            int row = i / half;
            int m = i % half;
            int turn = numbers.get(3) + row / numbers.get(4) * 2 * half;
            int head = numbers.get(0) + row * numbers.get(1) + numbers.get(2);
            int first = head + (interleaved != 0 ? 2 * m : m);
            int second = head + (interleaved != 0 ? 2 * m + 1 : m + half);
            float cosine = floats.get(turn + m);
            float sine = floats.get(turn + half + m);
            float a = floats.get(first);
            float b = floats.get(second);
            floats.set(first, a * cosine - b * sine);
            floats.set(second, a * sine + b * cosine);
        }
    }
}
