package dev.sluice.kernels.gpu;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.DeviceBudgetException;
import dev.sluice.kernels.DeviceException;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Buffers of one device within a budget, which is never exceeded: every buffer is counted when
/// it is made. Small matrices are cut from slabs, so that the experts of a layer share a buffer.
/// Engine thread only.
public final class DeviceMemory implements AutoCloseable {
    /// Every matrix begins at a multiple of it.
    private static final long ALIGNMENT = 256;
    private static final long SLAB_BYTES_MAX = 256L << 20;
    private static final long SLAB_BYTES_MIN = 1L << 20;
    /// A slab is at most this part of the budget, so that what is left of the last is little.
    private static final int SLABS_OF_BUDGET = 32;
    /// Matrices beyond this part of a slab get a buffer of their own.
    private static final int LARGE = 4;

    private final Buffers source;
    private final Limits limits;
    private final long slabBytes;
    private final List<Slab> slabs = new ArrayList<>();
    /// Handles in ascending order, each with its size beside it: a launch looks its bases up here
    /// without making an object.
    private long[] handles = new long[64];
    private long[] sizes = new long[64];
    private int count;
    private long bytes;

    /// What makes buffers: a handle is never 0 and serves as the base of matrices.
    public interface Buffers {
        /// A new buffer, or an exception that says what failed; `what` it is for.
        long create(long size, String what);

        /// Gives it back; no queued work uses it any more.
        void release(long handle);
    }

    /// @param bytesMax        the budget
    /// @param bufferBytesMax  the largest buffer that the device makes
    /// @param unitBytes       what the device rounds buffers up to, at least 1; counted as such
    public record Limits(long bytesMax, long bufferBytesMax, long unitBytes) { }

    private static final class Slab {
        private final long handle;
        private final long size;
        private long used;

        Slab(long handle, long size) {
            this.handle = handle;
            this.size = size;
        }
    }

    public DeviceMemory(Buffers source, Limits limits) {
        this.source = source;
        this.limits = limits;
        slabBytes = Math.min(limits.bufferBytesMax, Math.clamp(limits.bytesMax / SLABS_OF_BUDGET,
                SLAB_BYTES_MIN, SLAB_BYTES_MAX));
    }

    /// Bytes of all buffers.
    public long bytes() { return bytes; }

    /// The budget.
    public long bytesMax() { return limits.bytesMax; }

    /// Whether kernels may be given this base.
    public boolean owns(long handle) {
        return Arrays.binarySearch(handles, 0, count, handle) >= 0;
    }

    /// Bytes that a matrix takes, with its padding.
    public static long paddedBytes(DType dtype, int rows, int cols) {
        return up(Math.max(1, rows * dtype.rowBytes(cols)), ALIGNMENT);
    }

    private static long up(long size, long unit) {
        return (size + unit - 1) / unit * unit;
    }

    public Matrix allocate(DType dtype, int rows, int cols, String what) {
        long size = paddedBytes(dtype, rows, cols);
        if (size > slabBytes / LARGE) {
            return view(dtype, rows, cols, create(size, what), 0);
        }
        for (Slab slab : slabs) {
            if (slab.size - slab.used >= size) {
                return cut(slab, dtype, rows, cols, size);
            }
        }
        long left = limits.bytesMax - bytes;
        long room = Math.max(Math.min(slabBytes, left - left % limits.unitBytes), size);
        var slab = new Slab(create(room, what), up(room, limits.unitBytes));
        slabs.add(slab);
        return cut(slab, dtype, rows, cols, size);
    }

    private static Matrix cut(Slab slab, DType dtype, int rows, int cols, long size) {
        Matrix m = view(dtype, rows, cols, slab.handle, slab.used);
        slab.used += size;
        return m;
    }

    /// A buffer of its own.
    public Matrix lend(DType dtype, int rows, int cols, String what) {
        return view(dtype, rows, cols, create(paddedBytes(dtype, rows, cols), what), 0);
    }

    /// Releases a buffer that [#lend] made, after the work that uses it.
    public void free(Matrix lent) {
        long handle = lent.memory().address();
        int at = Arrays.binarySearch(handles, 0, count, handle);
        bytes -= sizes[at];
        count--;
        System.arraycopy(handles, at + 1, handles, at, count - at);
        System.arraycopy(sizes, at + 1, sizes, at, count - at);
        source.release(handle);
    }

    /// Device memory as a segment: zero-length, so that a host read throws.
    private static Matrix view(DType dtype, int rows, int cols, long handle, long offset) {
        return Matrix.of(dtype, rows, cols, MemorySegment.ofAddress(handle), offset);
    }

    private long create(long wanted, String what) {
        long size = up(wanted, limits.unitBytes);
        if (size > limits.bytesMax - bytes) {
            throw new DeviceBudgetException(("%s needs %,d bytes, but of the device's budget of "
                    + "%,d bytes only %,d are left (--gpu-memory)").formatted(
                            what, size, limits.bytesMax, limits.bytesMax - bytes));
        }
        if (size > limits.bufferBytesMax) {
            throw new DeviceBudgetException(
                    "%s needs %,d bytes, the device makes buffers of at most %,d"
                            .formatted(what, size, limits.bufferBytesMax));
        }
        long handle = source.create(size, what);
        keep(handle, size);
        bytes += size;
        return handle;
    }

    private void keep(long handle, long size) {
        if (count == handles.length) {
            handles = Arrays.copyOf(handles, 2 * count);
            sizes = Arrays.copyOf(sizes, 2 * count);
        }
        int at = -1 - Arrays.binarySearch(handles, 0, count, handle);
        System.arraycopy(handles, at, handles, at + 1, count - at);
        System.arraycopy(sizes, at, sizes, at + 1, count - at);
        handles[at] = handle;
        sizes[at] = size;
        count++;
    }

    /// Releases all buffers.
    @Override
    public void close() {
        for (int i = 0; i < count; i++) {
            try {
                source.release(handles[i]);
            } catch (DeviceException _) {
                // A device that has failed refuses; the end of its context releases them.
            }
        }
        count = 0;
    }
}
