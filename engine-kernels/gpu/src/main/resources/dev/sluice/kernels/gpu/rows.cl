// Operations on rows of floats. Element operations run one lane an element; where a row has a
// reduction, one group of lanes a row.

// out [R,D] = x [T,D] at rows `rows` [R,1]
KERNEL gather_rows(MATRIX(x), MATRIX(rows), MATRIX(out), int cols, wide count) {
    wide i = GLOBAL_ID;
    if (i < count) {
        wide row = I32_AT(rows)[i / cols];
        F32_AT(out)[i] = F32_AT(x)[row * cols + i % cols];
    }
}

// to [R,*] columns toColumn.. = from [R,*] columns fromColumn.., `width` of them
KERNEL copy_columns(MATRIX(from), int fromCols, int fromColumn, MATRIX(to), int toCols,
        int toColumn, int width, wide count) {
    wide i = GLOBAL_ID;
    if (i < count) {
        wide row = i / width;
        int c = (int) (i % width);
        F32_AT(to)[row * toCols + toColumn + c] = F32_AT(from)[row * fromCols + fromColumn + c];
    }
}

// The sum of a group's 64 lanes, in lane order.
FUNCTION float lanes_sum(LOCAL const float* lanes) {
    float all = 0.0f;
    for (int i = 0; i < 64; i++) {
        all += lanes[i];
    }
    return all;
}

// out [T,D] = x [T,D] / sqrt(mean(x^2) + epsilon) * weight [1,D]. Lane l adds the squares of
// columns l, l + 64, ..; every lane adds the 64 sums in order.
KERNEL rms_norm(MATRIX(x), MATRIX(weight), float epsilon, MATRIX(out), int cols) {
    LOCAL_ARRAY(float, sums, 64);
    GLOBAL const float* in = F32_AT(x) + (wide) GROUP_X * cols;
    GLOBAL float* to = F32_AT(out) + (wide) GROUP_X * cols;
    GLOBAL const float* w = F32_AT(weight);
    float sum = 0.0f;
    for (int c = LANE; c < cols; c += 64) {
        sum = FMA(in[c], in[c], sum);
    }
    sums[LANE] = sum;
    BARRIER();
    float factor = 1.0f / SQRT(lanes_sum(sums) / (float) cols + epsilon);
    for (int c = LANE; c < cols; c += 64) {
        to[c] = in[c] * factor * w[c];
    }
}

// out [T,D] = (x - mean) / sqrt(mean((x - mean)^2) + epsilon) * weight [1,D] + bias [1,D]. Lane l
// adds columns l, l + 64, ..; a second pass takes a first mean away, so that a large mean does not
// hide a small deviation, and finds what that mean was off by (`rest`).
KERNEL layer_norm(MATRIX(x), MATRIX(weight), MATRIX(bias), float epsilon, MATRIX(out), int cols) {
    LOCAL_ARRAY(float, sums, 64);
    LOCAL_ARRAY(float, rests, 64);
    LOCAL_ARRAY(float, squares, 64);
    GLOBAL const float* in = F32_AT(x) + (wide) GROUP_X * cols;
    GLOBAL float* to = F32_AT(out) + (wide) GROUP_X * cols;
    float sum = 0.0f;
    for (int c = LANE; c < cols; c += 64) {
        sum += in[c];
    }
    sums[LANE] = sum;
    BARRIER();
    float mean = lanes_sum(sums) / (float) cols;
    sum = 0.0f;
    float square = 0.0f;
    for (int c = LANE; c < cols; c += 64) {
        float centred = in[c] - mean;
        sum += centred;
        square = FMA(centred, centred, square);
    }
    rests[LANE] = sum;
    squares[LANE] = square;
    BARRIER();
    float rest = lanes_sum(rests) / (float) cols;
    float variance = LARGER(lanes_sum(squares) / (float) cols - rest * rest, 0.0f);
    float factor = 1.0f / SQRT(variance + epsilon);
    for (int c = LANE; c < cols; c += 64) {
        to[c] = FMA((in[c] - mean - rest) * factor, F32_AT(weight)[c], F32_AT(bias)[c]);
    }
}

// x = x * Phi(x), the normal distribution: exact GELU. Both dialects have erfc of a float.
KERNEL gelu_rows(MATRIX(x), wide count) {
    wide i = GLOBAL_ID;
    if (i < count) {
        float value = F32_AT(x)[i];
        F32_AT(x)[i] = value * 0.5f * erfc(-0.70710678f * value);
    }
}

// x [T,N] += bias [1,N]
KERNEL add_bias(MATRIX(x), MATRIX(bias), int cols, wide count) {
    wide i = GLOBAL_ID;
    if (i < count) {
        F32_AT(x)[i] += F32_AT(bias)[i % cols];
    }
}

// x += factor * y
KERNEL add_rows(MATRIX(x), MATRIX(y), float factor, wide count) {
    wide i = GLOBAL_ID;
    if (i < count) {
        F32_AT(x)[i] = FMA(factor, F32_AT(y)[i], F32_AT(x)[i]);
    }
}

// x [T,N] += sigmoid(gate [T,1]) * y [T,N]
KERNEL add_gated(MATRIX(x), MATRIX(gate), MATRIX(y), int cols, wide count) {
    wide i = GLOBAL_ID;
    if (i < count) {
        F32_AT(x)[i] = FMA(sigmoid(F32_AT(gate)[i / cols]), F32_AT(y)[i], F32_AT(x)[i]);
    }
}

// x *= factor
KERNEL scale_rows(MATRIX(x), float factor, wide count) {
    wide i = GLOBAL_ID;
    if (i < count) {
        F32_AT(x)[i] *= factor;
    }
}

// x = cap * tanh(x / cap)
KERNEL softcap_rows(MATRIX(x), float cap, wide count) {
    wide i = GLOBAL_ID;
    if (i < count) {
        F32_AT(x)[i] = cap * TANH(F32_AT(x)[i] / cap);
    }
}

// x = min(max(x, -limit), limit)
KERNEL clamp_rows(MATRIX(x), float limit, wide count) {
    wide i = GLOBAL_ID;
    if (i < count) {
        F32_AT(x)[i] = SMALLER(LARGER(F32_AT(x)[i], -limit), limit);
    }
}

FUNCTION float activate(int activation, float gate, float up) {
    if (activation == 0) {
        return gate * sigmoid(gate) * up;
    }
    if (activation == 1) {
        // 0.5 * (1 + tanh(z)) is sigmoid(2 z), which is 0 where tanh of a device is not quite -1.
        float z = 0.7978845608f * (gate + 0.044715f * gate * gate * gate);
        return gate * sigmoid(2.0f * z) * up;
    }
    float g = SMALLER(gate, 7.0f);
    float u = SMALLER(LARGER(up, -7.0f), 7.0f);
    return (u + 1.0f) * g * sigmoid(1.702f * g);
}

// out = activation(gate, up); activation is the ordinal of the Java enum
KERNEL gated_activation(int activation, MATRIX(gate), MATRIX(up), MATRIX(out), wide count) {
    wide i = GLOBAL_ID;
    if (i < count) {
        F32_AT(out)[i] = activate(activation, F32_AT(gate)[i], F32_AT(up)[i]);
    }
}
