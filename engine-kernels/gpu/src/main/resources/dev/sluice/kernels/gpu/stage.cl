// Rows of x made ready for a product: gathered, and for integer encodings quantised to 8 bits in
// blocks of 32 columns. The staged form of `rows` rows of `cols` columns is three matrices:
//
//     codes [rows, cols / 4] words of 4 signed bytes   scales [rows, cols / 32]
//     sums [rows, cols / 16] of the codes
//
// Row i of it is row order[i] / divisor of x where there is an order, and row i otherwise. With an
// order, `starts` [groups + 1] says how many rows there are at all.

FUNCTION int source_row(MATRIX(order), int ordered, int divisor, int i) {
    return ordered ? I32_AT(order)[i] / divisor : i;
}

FUNCTION int row_count(MATRIX(starts), int groups, int ordered, int rows) {
    return ordered ? I32_AT(starts)[groups] : rows;
}

// Every 32 columns: amax = max |x|, q = rint(x * (127 / amax)), ties to even; the scale is
// amax / 127 rounded to half precision where that is a normal number. A block whose 127 / amax is
// infinite counts as zero. One lane a block.
KERNEL quantise_rows(MATRIX(x), int xCols, int xColumn, MATRIX(order), MATRIX(starts), int groups,
        int ordered, int divisor, int rows, int cols, MATRIX(codes), MATRIX(scales), MATRIX(sums)) {
    int blocks = cols / 32;
    wide at = GLOBAL_ID;
    int row = (int) (at / blocks);
    if (row >= rows || row >= row_count(startsBuffer, startsOffset, groups, ordered, rows)) {
        return;
    }
    int b = (int) (at % blocks);
    wide source = source_row(orderBuffer, orderOffset, ordered, divisor, row);
    GLOBAL const float* in = F32_AT(x) + source * xCols + xColumn + 32 * b;
    // The bits of |x| order as |x| does, NaN last.
    uint bits = 0;
    for (int i = 0; i < 32; i++) {
        uint magnitude = AS_UINT(in[i]) & 0x7FFFFFFFu;
        bits = magnitude > bits ? magnitude : bits;
    }
    float amax = AS_FLOAT(bits);
    float inverse = 127.0f / amax;
    float d = amax / 127.0f;
    float rounded = through_half(d);
    if (rounded >= 6.103515625e-05f && rounded <= 65504.0f) {
        d = rounded;
    }
    if (inverse == INFINITE) {
        inverse = 0.0f;
        d = 0.0f;
    }
    GLOBAL uint* to = (GLOBAL uint*) I32_AT(codes) + at * 8;
    for (int h = 0; h < 2; h++) {
        int sum = 0;
        for (int w = 0; w < 4; w++) {
            uint word = 0;
            for (int i = 0; i < 4; i++) {
                int q = (int) ROUND_TO_EVEN(in[16 * h + 4 * w + i] * inverse);
                sum += q;
                word |= ((uint) q & 255) << (8 * i);
            }
            to[4 * h + w] = word;
        }
        I32_AT(sums)[at * 2 + h] = sum;
    }
    F32_AT(scales)[at] = d;
}

// The same rows as they are, for float encodings: out [rows, cols].
KERNEL order_rows(MATRIX(x), int xCols, int xColumn, MATRIX(order), MATRIX(starts), int groups,
        int ordered, int divisor, int rows, int cols, MATRIX(out)) {
    wide at = GLOBAL_ID;
    int row = (int) (at / cols);
    if (row >= rows || row >= row_count(startsBuffer, startsOffset, groups, ordered, rows)) {
        return;
    }
    wide source = source_row(orderBuffer, orderOffset, ordered, divisor, row);
    F32_AT(out)[at] = F32_AT(x)[source * xCols + xColumn + at % cols];
}

// Order of the rows t * heads + h of a step by heads, in the form that `dispatch` gives experts.
// starts [heads + 1], order [rows * heads], tiles [2, tileMax]: group and first row of each tile.
KERNEL order_heads(int rows, int heads, int tileRows, MATRIX(starts), MATRIX(order),
        MATRIX(tiles), int tileMax) {
    int perHead = (rows + tileRows - 1) / tileRows;
    wide i = GLOBAL_ID;
    if (i <= heads) {
        I32_AT(starts)[i] = (int) i * rows;
    }
    if (i < (wide) rows * heads) {
        I32_AT(order)[i] = (int) (i % rows) * heads + (int) (i / rows);
    }
    if (i < tileMax) {
        int head = (int) i / perHead;
        I32_AT(tiles)[i] = head < heads ? head : -1;
        I32_AT(tiles)[tileMax + i] = head * rows + (int) i % perHead * tileRows;
    }
}
