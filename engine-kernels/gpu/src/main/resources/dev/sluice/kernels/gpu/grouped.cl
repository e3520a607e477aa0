// Products of rows sorted by group; what a product computes is said in tiles.h.

// Where a group's outputs go: row outRows[i] (or i) of out, plus a bias where there is one.
FUNCTION void put(MATRIX(out), int outCols, int outColumn, MATRIX(outRows), int mapped, wide i,
        int n, float value) {
    wide row = mapped ? I32_AT(outRows)[i] : i;
    F32_AT(out)[row * outCols + outColumn + n] = value;
}

// Rows of x sorted by group (an expert, a head), each group with a weight of its own: group g's
// starts at byte places[2 g] of buffer number places[2 g + 1], and the kernel is launched once for
// each buffer, with its number. tiles [2, tileMax]: group (-1 for none) and first row of each.
// Output row: outRows[i] where mapped. bias [groups, outputs] where biased.

KERNEL product_grouped_few(MATRIX(weight), int buffer, MATRIX(places), MATRIX(x), MATRIX(scales),
        MATRIX(sums), MATRIX(starts), MATRIX(tiles), int tileMax, int cols, int outputs,
        MATRIX(bias), int biased, MATRIX(outRows), int mapped, MATRIX(out), int outCols,
        int outColumn) {
    LOCAL_ARRAY(float, values, FEW_ROWS * FEW_OUTPUTS * 65);
    // A tile without a group, or of another buffer, has no columns and no rows: leaving early would
    // put the barriers below inside of a condition.
    int group = I32_AT(tiles)[GROUP_Y];
    GLOBAL const wide* at = (GLOBAL const wide*) BYTES_AT(places) + 2 * (group < 0 ? 0 : group);
    int live = group >= 0 && at[1] == buffer;
    group = live ? group : 0;
    int width = live ? cols : 0;
    int n0 = GROUP_X * FEW_OUTPUTS;
    int first = I32_AT(tiles)[tileMax + GROUP_Y];
    int count = live ? I32_AT(starts)[group + 1] - first : 0;
    count = count < FEW_ROWS ? count : FEW_ROWS;
    float total = few(BYTES_AT(weight) + at[0], xBuffer, xOffset, scalesBuffer, scalesOffset,
            sumsBuffer, sumsOffset, width, outputs, n0, first, count, values);
    int t = LANE % FEW_ROWS;
    int n = n0 + LANE / FEW_ROWS;
    if (LANE < FEW_ROWS * FEW_OUTPUTS && t < count && n < outputs) {
        float extra = biased ? F32_AT(bias)[(wide) group * outputs + n] : 0.0f;
        put(outBuffer, outOffset, outCols, outColumn, outRowsBuffer, outRowsOffset, mapped,
                first + t, n, biased ? total + extra : total);
    }
}

KERNEL product_grouped_tiles(MATRIX(weight), int buffer, MATRIX(places), MATRIX(x), MATRIX(scales),
        MATRIX(sums), MATRIX(starts), MATRIX(tiles), int tileMax, int cols, int outputs,
        MATRIX(bias), int biased, MATRIX(outRows), int mapped, MATRIX(out), int outCols,
        int outColumn) {
    LOCAL_ARRAY(int, words, TILE_WORDS);
    LOCAL_ARRAY(float, factors, TILE_FACTORS);
    LOCAL_ARRAY(int, xSums, TILE_SUMS);
    // A tile without a group, or of another buffer, has no columns and no rows: leaving early would
    // put the barriers below inside of a condition.
    int group = I32_AT(tiles)[GROUP_Y];
    GLOBAL const wide* at = (GLOBAL const wide*) BYTES_AT(places) + 2 * (group < 0 ? 0 : group);
    int live = group >= 0 && at[1] == buffer;
    group = live ? group : 0;
    int width = live ? cols : 0;
    int n0 = GROUP_X * TILE;
    int first = I32_AT(tiles)[tileMax + GROUP_Y];
    int count = live ? I32_AT(starts)[group + 1] - first : 0;
    count = count < TILE ? count : TILE;
    float totals[16];
    for (int k = 0; k < 16; k++) {
        totals[k] = 0.0f;
    }
    int blocks = (width + 31) / 32;
    for (int b = 0; b < blocks; b++) {
        load_tile(BYTES_AT(weight) + at[0], xBuffer, xOffset, scalesBuffer, scalesOffset,
                sumsBuffer, sumsOffset, cols, outputs, n0, first, count, b, words, factors, xSums);
        BARRIER();
        add_tile(words, factors, xSums, totals);
        BARRIER();
    }
    for (int k = 0; k < 16; k++) {
        int n = n0 + LANE % 8 + k % 4 * 8;
        int t = LANE / 8 + k / 4 * 8;
        if (t < count && n < outputs) {
            float extra = biased ? F32_AT(bias)[(wide) group * outputs + n] : 0.0f;
            put(outBuffer, outOffset, outCols, outColumn, outRowsBuffer, outRowsOffset, mapped,
                    first + t, n, biased ? totals[k] + extra : totals[k]);
        }
    }
}
