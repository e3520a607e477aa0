// Rotary position embedding.

// angles [T, 2 * half]: magnitude * cos of position * frequency m in column m, magnitude * sin in
// column half + m. Up to FLOAT_POSITIONS the angle is the float product, as the models were
// trained with; from there on its rounding would show, so the product is kept in two floats.
#define FLOAT_POSITIONS 65536
KERNEL rotary_angles(MATRIX(frequencies), MATRIX(positions), float magnitude, MATRIX(angles),
        int half_dims, wide count) {
    wide i = GLOBAL_ID;
    if (i >= count) {
        return;
    }
    wide t = i / half_dims;
    int m = (int) (i % half_dims);
    int position = I32_AT(positions)[t];
    float frequency = F32_AT(frequencies)[m];
    float angle = (float) position * frequency;
    float cosine = COS(angle);
    float sine = SIN(angle);
    if (position >= FLOAT_POSITIONS) {
        // angle + rest is the product exactly, and |rest| < 2^-6
        float rest = FMA((float) position, frequency, -angle);
        float restCosine = 1.0f - 0.5f * rest * rest;
        float restSine = rest - rest * rest * rest * 0.16666667f;
        float turned = cosine * restCosine - sine * restSine;
        sine = sine * restCosine + cosine * restSine;
        cosine = turned;
    }
    F32_AT(angles)[t * 2 * half_dims + m] = magnitude * cosine;
    F32_AT(angles)[t * 2 * half_dims + half_dims + m] = magnitude * sine;
}

// Rotates columns column.. + 2 * half of each row of x [T*H,C] in place by angles [T, 2 * half].
// Pairs are (2m, 2m+1) where interleaved, else (m, m + half).
KERNEL rope_rows(MATRIX(x), int cols, int column, MATRIX(angles), int heads, int half_dims,
        int interleaved, wide count) {
    wide i = GLOBAL_ID;
    if (i >= count) {
        return;
    }
    wide row = i / half_dims;
    int m = (int) (i % half_dims);
    GLOBAL const float* turn = F32_AT(angles) + row / heads * 2 * half_dims;
    GLOBAL float* head = F32_AT(x) + row * cols + column;
    int first = interleaved ? 2 * m : m;
    int second = interleaved ? 2 * m + 1 : m + half_dims;
    float cosine = turn[m];
    float sine = turn[half_dims + m];
    float a = head[first];
    float b = head[second];
    head[first] = FMA(a, cosine, -(b * sine));
    head[second] = FMA(a, sine, b * cosine);
}
