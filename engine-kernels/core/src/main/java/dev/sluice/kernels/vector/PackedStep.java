package dev.sluice.kernels.vector;

import java.lang.foreign.MemorySegment;

/// Where up to 256 columns of a packed group lie: the operand of the code and scale kernels. One
/// object per worker, moved from step to step, so that a product allocates nothing.
final class PackedStep {
    PackedFormat format = PackedFormat.F32;
    MemorySegment memory = MemorySegment.NULL;
    /// First byte of the first unit: its scales.
    long scales;
    /// Bytes from the scales of one block of 32 columns (or unit of 256) to the next.
    int scaleStride;
    /// First byte of the codes, and bytes from one 32 columns to the next.
    long codes;
    int codeStride;
    /// The same of the upper code bits.
    long upper;
    int upperStride;
    /// Scales and minimums of a K-quant's unit as floats, [2][32 rows], while a kernel reads it.
    final float[] unitScales = new float[2 * PackedFormat.GROUP_ROWS];
    /// How many 32 columns, 1 to 8.
    int count;
    /// Sum of the bytes read ahead, kept only so that the reads are not optimised away.
    long read;

    /// Moves to step `index` of the group at `base` of `columns` padded columns.
    void move(PackedFormat newFormat, MemorySegment newMemory, long base, int columns, int index) {
        format = newFormat;
        memory = newMemory;
        int from = index * PackedFormat.STEP_COLUMNS;
        count = Math.min(PackedFormat.STEP_COLUMNS, columns - from) / 32;
        int unitBytes = newFormat.unitBytes();
        scales = base + (long) (from / newFormat.unitColumns) * unitBytes;
        scaleStride = unitBytes;
        codes = scales + newFormat.scaleBytes;
        if (newFormat.unitColumns == 32) {
            codeStride = unitBytes;
            upper = codes + newFormat.codeBytes;
            upperStride = unitBytes;
        } else {
            codeStride = newFormat.codeBytes;
            upper = codes + (long) newFormat.unitColumns / 32 * newFormat.codeBytes;
            upperStride = newFormat.upperBytes;
        }
    }
}
