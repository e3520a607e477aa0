package dev.sluice.kernels.vector;

import dev.sluice.kernels.DType;

/// The packed order of one encoding: 32 rows of a weight side by side, one row a lane.
///
/// A *group* is 32 output rows. Its columns are cut into *units*, one after another, so that a
/// product streams through a group from its first byte to its last:
///
///     unit:  scales and minimums of 32 rows | codes of 32 rows | upper code bits of 32 rows
///
/// Everything is in lines of 64 bytes that hold one 16-bit word of each row. Line position p of
/// rows j and j + 16 is one 32-bit integer, row j in the lower half; so the rows of a vector of
/// integers are the lower halves 0..15 and the upper halves 16..31 at every vector width, and a
/// shift is enough to tell them apart. A word holds the codes of consecutive columns, the first in
/// the lowest bits: 4 of 4 bits, 2 of 8 bits; upper bits 16 of 1 bit or 8 of 2 bits.
///
/// Codes are unsigned; the value is `(code - zero) * scale + minimum`. Packed bytes are the file's
/// bytes within 6 %, because scales stay as the file has them. Immutable.
enum PackedFormat {
    F32(DType.F32, Codes.FLOAT32, Scales.NONE, 32, 32, 0, 4096, 0, 0),
    F16(DType.F16, Codes.FLOAT16, Scales.NONE, 32, 32, 0, 2048, 0, 0),
    BF16(DType.BF16, Codes.BFLOAT16, Scales.NONE, 32, 32, 0, 2048, 0, 0),
    F8_E4M3(DType.F8_E4M3, Codes.FLOAT8, Scales.NONE, 128, 32, 128, 1024, 0, 0),
    Q8_0(DType.Q8_0, Codes.BYTE, Scales.HALF, 32, 32, 64, 1024, 0, 128),
    Q4_0(DType.Q4_0, Codes.NIBBLE, Scales.HALF, 32, 32, 64, 512, 0, 8),
    Q4_1(DType.Q4_1, Codes.NIBBLE, Scales.HALF_MINIMUM, 32, 32, 128, 512, 0, 0),
    Q5_0(DType.Q5_0, Codes.NIBBLE_1, Scales.HALF, 32, 32, 64, 512, 128, 16),
    Q5_1(DType.Q5_1, Codes.NIBBLE_1, Scales.HALF_MINIMUM, 32, 32, 128, 512, 128, 0),
    Q2_K(DType.Q2_K, Codes.PAIR, Scales.NIBBLES_MINIMUM, 256, 16, 640, 256, 0, 0),
    Q3_K(DType.Q3_K, Codes.PAIR_1, Scales.BYTES, 256, 16, 576, 256, 128, 4),
    Q4_K(DType.Q4_K, Codes.NIBBLE, Scales.BYTES_MINIMUM, 256, 32, 640, 512, 0, 0),
    Q5_K(DType.Q5_K, Codes.NIBBLE_1, Scales.BYTES_MINIMUM, 256, 32, 640, 512, 128, 0),
    Q6_K(DType.Q6_K, Codes.NIBBLE_2, Scales.BYTES, 256, 16, 576, 512, 256, 32),
    IQ4_NL(DType.IQ4_NL, Codes.TABLE, Scales.HALF, 32, 32, 64, 512, 0, 128),
    IQ4_XS(DType.IQ4_XS, Codes.TABLE, Scales.BYTES, 256, 32, 320, 512, 0, 128),
    MXFP4(DType.MXFP4, Codes.TABLE_SMALL, Scales.BRAIN, 32, 32, 64, 512, 0, 12);

    /// Rows of a group.
    static final int GROUP_ROWS = 32;
    /// Columns that a product reads at a time: one unit of a K-quant, 8 of the other formats.
    static final int STEP_COLUMNS = 256;

    /// What the codes of a row look like. The number is of bits in the upper plane.
    enum Codes {
        FLOAT32, FLOAT16, BFLOAT16, FLOAT8, BYTE, NIBBLE, NIBBLE_1, NIBBLE_2, PAIR, PAIR_1,
        /// Codes are indices into 16 bytes (IQ4_NL's), biased by 128.
        TABLE,
        /// Codes are indices into 16 values of E2M1, doubled and biased by 12.
        TABLE_SMALL
    }

    /// How scales and minimums are stored in a unit.
    enum Scales {
        NONE,
        /// One float16 a row and block.
        HALF,
        /// A float16 scale line, then a float16 minimum line, which is added.
        HALF_MINIMUM,
        /// One bfloat16 a row and block.
        BRAIN,
        /// A float16 line, then a signed byte a row and block, two blocks a word.
        BYTES,
        /// Two float16 lines, then a word a row and block: scale byte, minimum byte (subtracted).
        BYTES_MINIMUM,
        /// Two float16 lines, then a byte a row and block, two blocks a word: scale in the lower
        /// nibble, minimum in the upper (subtracted).
        NIBBLES_MINIMUM
    }

    final DType dtype;
    final Codes codes;
    final Scales scales;
    /// Columns of a unit.
    final int unitColumns;
    /// Columns that share a scale.
    final int blockColumns;
    final int scaleBytes;
    /// Bytes of 32 columns of codes.
    final int codeBytes;
    /// Bytes of 32 columns of the upper plane.
    final int upperBytes;
    /// What is taken from a code.
    final int zero;

    PackedFormat(DType dtype, Codes codes, Scales scales, int unitColumns, int blockColumns,
            int scaleBytes, int codeBytes, int upperBytes, int zero) {
        this.dtype = dtype;
        this.codes = codes;
        this.scales = scales;
        this.unitColumns = unitColumns;
        this.blockColumns = blockColumns;
        this.scaleBytes = scaleBytes;
        this.codeBytes = codeBytes;
        this.upperBytes = upperBytes;
        this.zero = zero;
    }

    static PackedFormat of(DType dtype) {
        return switch (dtype) {
            case F32 -> F32;
            case F16 -> F16;
            case BF16 -> BF16;
            case F8_E4M3 -> F8_E4M3;
            case Q8_0 -> Q8_0;
            case Q4_0 -> Q4_0;
            case Q4_1 -> Q4_1;
            case Q5_0 -> Q5_0;
            case Q5_1 -> Q5_1;
            case Q2_K -> Q2_K;
            case Q3_K -> Q3_K;
            case Q4_K -> Q4_K;
            case Q5_K -> Q5_K;
            case Q6_K -> Q6_K;
            case IQ4_NL -> IQ4_NL;
            case IQ4_XS -> IQ4_XS;
            case MXFP4 -> MXFP4;
            case I32 -> throw new IllegalArgumentException("I32 is no weight");
        };
    }

    /// Whether rows of x are quantised before they are multiplied.
    boolean quantisesRows() {
        return scales != Scales.NONE;
    }

    /// Whether a block has a minimum beside its scale.
    boolean hasMinimum() {
        return switch (scales) {
            case HALF_MINIMUM, BYTES_MINIMUM, NIBBLES_MINIMUM -> true;
            case NONE, HALF, BRAIN, BYTES -> false;
        };
    }

    int unitBytes() {
        return scaleBytes + unitColumns / 32 * (codeBytes + upperBytes);
    }

    /// Columns including the zeros that fill the last 32 of an F32, F16 or BF16 row.
    int paddedColumns(int cols) {
        return (cols + unitColumns - 1) / unitColumns * unitColumns;
    }

    long groupBytes(int cols) {
        return (long) (paddedColumns(cols) / unitColumns) * unitBytes();
    }

    static int groups(int rows) {
        return (rows + GROUP_ROWS - 1) / GROUP_ROWS;
    }

    long packedBytes(int rows, int cols) {
        return groups(rows) * groupBytes(cols);
    }
}
