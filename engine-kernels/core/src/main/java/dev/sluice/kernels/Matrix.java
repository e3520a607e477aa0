package dev.sluice.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/// A view of `rows` x `cols` elements. It never owns its memory. Immutable.
///
/// Host memory is an ordinary segment. Device memory is a zero-length segment that carries
/// only the address, so a host read of it throws instead of crashing the JVM.
public record Matrix(
        DType dtype, int rows, int cols, Layout layout, MemorySegment memory, long byteOffset) {

    public Matrix {
        if (rows < 0 || cols < 0 || byteOffset < 0) {
            throw new IllegalArgumentException(
                    "matrix [%d,%d] at byte %d".formatted(rows, cols, byteOffset));
        }
        dtype.rowBytes(cols);
        Objects.requireNonNull(layout);
        Objects.requireNonNull(memory);
    }

    /// A row-major view of `memory` from `byteOffset` on.
    public static Matrix of(DType dtype, int rows, int cols, MemorySegment memory,
            long byteOffset) {
        return new Matrix(dtype, rows, cols, Layout.ROWS, memory, byteOffset);
    }

    public static Matrix host(float[] values, int rows, int cols) {
        return of(DType.F32, rows, cols, MemorySegment.ofArray(values), 0);
    }

    public static Matrix host(int[] values, int rows, int cols) {
        return of(DType.I32, rows, cols, MemorySegment.ofArray(values), 0);
    }

    /// No rows of `cols` elements: the bias, sink or gate that a model does not have.
    public static Matrix none(int cols) {
        return of(DType.F32, 0, cols, MemorySegment.NULL, 0);
    }

    /// Rows `from` to `from + count`, without a copy.
    public Matrix rows(int from, int count) {
        Objects.checkFromIndexSize(from, count, rows);
        requireRows("rows");
        return of(dtype, count, cols, memory, byteOffset + from * dtype.rowBytes(cols));
    }

    /// The same elements with another row length: [T, H*C] as [T*H, C].
    public Matrix reshape(int newRows, int newCols) {
        if ((long) newRows * newCols != (long) rows * cols) {
            throw new IllegalArgumentException(
                    "[%d,%d] can not be seen as [%d,%d]".formatted(rows, cols, newRows, newCols));
        }
        requireRows("reshape");
        return of(dtype, newRows, newCols, memory, byteOffset);
    }

    public long byteSize() {
        return rows * dtype.rowBytes(cols);
    }

    public float f32(int row, int col) {
        return memory.get(JAVA_FLOAT_UNALIGNED, byteOffset + 4 * ((long) row * cols + col));
    }

    public void f32(int row, int col, float value) {
        memory.set(JAVA_FLOAT_UNALIGNED, byteOffset + 4 * ((long) row * cols + col), value);
    }

    public int i32(int row, int col) {
        return memory.get(JAVA_INT_UNALIGNED, byteOffset + 4 * ((long) row * cols + col));
    }

    public void i32(int row, int col, int value) {
        memory.set(JAVA_INT_UNALIGNED, byteOffset + 4 * ((long) row * cols + col), value);
    }

    private void requireRows(String what) {
        if (layout != Layout.ROWS) {
            throw new IllegalStateException(what + " of a packed matrix [" + rows + "," + cols
                    + "]");
        }
    }
}
