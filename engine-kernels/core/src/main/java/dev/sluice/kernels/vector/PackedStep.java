package dev.sluice.kernels.vector;

import java.lang.foreign.MemorySegment;

/// Where up to 256 columns of a packed group lie: the operand of the code and scale kernels. One
/// object per worker, moved from step to step, so that a product allocates nothing.
final class PackedStep {
    private static final int LINE = 64;

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
    /// What the kernels read ahead: line n of `1 << aheadShift` runs, taken in turn, is at
    /// `ahead + n % runs * aheadStride`, and `aheadLines` are due for every 32 columns.
    long ahead;
    long aheadStride;
    int aheadShift;
    int aheadLines;
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

    /// Part `part` of `1 << shift` of the steps that begin at `from`, `stride` bytes apart; the
    /// parts together read them whole. Nothing where the memory ends before.
    void lookAhead(long from, long stride, int shift, int part) {
        int lines = format.unitColumns == 32 ? count * scaleStride / LINE
                : (int) (upper - scales + (long) count * upperStride) / LINE;
        int share = lines + (1 << shift) - 1 >> shift;
        aheadLines = (lines + count - 1) / count;
        // Rounding up by block may reach `count` lines further.
        boolean inside = from + ((1L << shift) - 1) * stride
                + (long) ((part + 1) * share + count) * LINE <= memory.byteSize();
        ahead = inside ? from + (long) part * share * LINE : 0;
        aheadStride = inside ? stride : 0;
        aheadLines = inside ? aheadLines : 0;
        aheadShift = shift;
    }
}
