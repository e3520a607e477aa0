// Dense products, and rows of a table; what a product computes is said in tiles.h.

// Group x: FEW_OUTPUTS outputs; group y: FEW_ROWS rows.
KERNEL product_few(MATRIX(weight), MATRIX(x), MATRIX(scales), MATRIX(sums), int rows, int cols,
        int outputs, MATRIX(out)) {
    LOCAL_ARRAY(float, values, FEW_ROWS * FEW_OUTPUTS * 65);
    int n0 = GROUP_X * FEW_OUTPUTS;
    wide first = (wide) GROUP_Y * FEW_ROWS;
    int count = rows - (int) first < FEW_ROWS ? rows - (int) first : FEW_ROWS;
    float total = few(BYTES_AT(weight), xBuffer, xOffset, scalesBuffer, scalesOffset, sumsBuffer,
            sumsOffset, cols, outputs, n0, first, count, values);
    int t = LANE % FEW_ROWS;
    int n = n0 + LANE / FEW_ROWS;
    if (LANE < FEW_ROWS * FEW_OUTPUTS && t < count && n < outputs) {
        F32_AT(out)[(first + t) * outputs + n] = total;
    }
}

// Group x: TILE outputs; group y: TILE rows.
KERNEL product_tiles(MATRIX(weight), MATRIX(x), MATRIX(scales), MATRIX(sums), int rows, int cols,
        int outputs, MATRIX(out)) {
    LOCAL_ARRAY(int, words, TILE_WORDS);
    LOCAL_ARRAY(float, factors, TILE_FACTORS);
    LOCAL_ARRAY(int, xSums, TILE_SUMS);
    int n0 = GROUP_X * TILE;
    wide first = (wide) GROUP_Y * TILE;
    int count = rows - (int) first < TILE ? rows - (int) first : TILE;
    float totals[16];
    for (int k = 0; k < 16; k++) {
        totals[k] = 0.0f;
    }
    int blocks = (cols + 31) / 32;
    for (int b = 0; b < blocks; b++) {
        load_tile(BYTES_AT(weight), xBuffer, xOffset, scalesBuffer, scalesOffset, sumsBuffer,
                sumsOffset, cols, outputs, n0, first, count, b, words, factors, xSums);
        BARRIER();
        add_tile(words, factors, xSums, totals);
        BARRIER();
    }
    for (int k = 0; k < 16; k++) {
        int n = n0 + LANE % 8 + k % 4 * 8;
        int t = LANE / 8 + k / 4 * 8;
        if (t < count && n < outputs) {
            F32_AT(out)[(first + t) * outputs + n] = totals[k];
        }
    }
}

// ---- rows of a table --------------------------------------------------------------------------

// out [T,D] = scale * table [V,D] at rows tokenIds [T,1]; one lane a block of 32 columns
KERNEL embed_rows(MATRIX(table), MATRIX(tokenIds), float scale, MATRIX(out), int rows, int cols) {
    int blocks = (cols + 31) / 32;
    wide at = GLOBAL_ID;
    wide t = at / blocks;
    if (t >= rows) {
        return;
    }
    int b = (int) (at % blocks);
    float w[32];
    floats(BYTES_AT(table) + (wide) I32_AT(tokenIds)[t] * ENCODED_BYTES(cols), b, cols, w);
    for (int i = 0; i < 32 && 32 * b + i < cols; i++) {
        F32_AT(out)[t * cols + 32 * b + i] = scale * w[i];
    }
}
