package dev.sluice.kernels.vector;

import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;

/// One weight times one [RowSet] within a call. Reused from call to call.
final class ProductJob {
    Matrix weight = Matrix.none(0);
    /// What a thread is likely to multiply after a part of this weight, with the same columns and
    /// encoding: the groups of `next` that are `groupsAhead` after the part's.
    Matrix next = Matrix.none(0);
    int groupsAhead;
    PackedFormat format = PackedFormat.F32;
    RowSet rows = new RowSet();
    /// Element 0 of output row number 0, and bytes from one output row number to the next.
    MemorySegment out = MemorySegment.NULL;
    long outFrom;
    long outRowBytes;
    /// First of the output row numbers, in the order of the set's rows.
    int firstOut;
    /// Groups of 32 weight rows, and how many of them are one part of the run.
    int groups;
    int groupsPerPart;
    /// Number of the job's first part.
    int firstPart;
}
