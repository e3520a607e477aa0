package dev.sluice.kernels.opencl;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.DeviceBudgetException;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lwjgl.opencl.CL10;
import org.lwjgl.system.MemoryStack;

/// Buffers of one context within a budget, which is never exceeded: every buffer is counted when
/// it is made. Small matrices are cut from slabs, so that the experts of a layer share a buffer.
/// Engine thread only.
final class DeviceMemory implements AutoCloseable {
    /// Every matrix begins at a multiple of it.
    private static final long ALIGNMENT = 256;
    private static final long SLAB_BYTES_MAX = 256L << 20;
    private static final long SLAB_BYTES_MIN = 1L << 20;
    /// A slab is at most this part of the budget, so that what is left of the last is little.
    private static final int SLABS_OF_BUDGET = 32;
    /// Matrices beyond this part of a slab get a buffer of their own.
    private static final int LARGE = 4;

    private final long context;
    private final long bytesMax;
    private final long bufferBytesMax;
    private final long slabBytes;
    private final List<Slab> slabs = new ArrayList<>();
    private final Map<Long, Long> buffers = new HashMap<>();
    private long bytes;

    private static final class Slab {
        private final long buffer;
        private final long size;
        private long used;

        Slab(long buffer, long size) {
            this.buffer = buffer;
            this.size = size;
        }
    }

    /// @param bytesMax        the budget
    /// @param bufferBytesMax  the largest buffer that the device makes
    DeviceMemory(long context, long bytesMax, long bufferBytesMax) {
        this.context = context;
        this.bytesMax = bytesMax;
        this.bufferBytesMax = bufferBytesMax;
        slabBytes = Math.min(bufferBytesMax, Math.clamp(bytesMax / SLABS_OF_BUDGET,
                SLAB_BYTES_MIN, SLAB_BYTES_MAX));
    }

    /// Bytes of all buffers.
    long bytes() { return bytes; }

    /// Whether kernels may be given this base.
    boolean owns(long buffer) {
        return buffers.containsKey(buffer);
    }

    /// Bytes that a matrix takes, with its padding.
    static long paddedBytes(DType dtype, int rows, int cols) {
        long size = Math.max(1, rows * dtype.rowBytes(cols));
        return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    Matrix allocate(DType dtype, int rows, int cols, String what) {
        long size = paddedBytes(dtype, rows, cols);
        if (size > slabBytes / LARGE) {
            return view(dtype, rows, cols, create(size, what), 0);
        }
        for (Slab slab : slabs) {
            if (slab.size - slab.used >= size) {
                return cut(slab, dtype, rows, cols, size);
            }
        }
        long room = Math.min(slabBytes, bytesMax - bytes);
        var slab = new Slab(create(Math.max(room, size), what), Math.max(room, size));
        slabs.add(slab);
        return cut(slab, dtype, rows, cols, size);
    }

    private static Matrix cut(Slab slab, DType dtype, int rows, int cols, long size) {
        Matrix m = view(dtype, rows, cols, slab.buffer, slab.used);
        slab.used += size;
        return m;
    }

    /// A buffer of its own.
    Matrix lend(DType dtype, int rows, int cols, String what) {
        return view(dtype, rows, cols, create(paddedBytes(dtype, rows, cols), what), 0);
    }

    /// Releases a buffer that [#lend] made; the driver keeps it until its commands are done.
    void free(Matrix lent) {
        long buffer = lent.memory().address();
        bytes -= buffers.remove(buffer);
        ClStatus.require(CL10.clReleaseMemObject(buffer), "clReleaseMemObject");
    }

    /// Device memory as a segment: zero-length, so that a host read throws.
    private static Matrix view(DType dtype, int rows, int cols, long buffer, long offset) {
        return Matrix.of(dtype, rows, cols, MemorySegment.ofAddress(buffer), offset);
    }

    private long create(long size, String what) {
        if (size > bytesMax - bytes) {
            throw new DeviceBudgetException(("%s needs %,d bytes, but of the device's budget of "
                    + "%,d bytes only %,d are left (--gpu-memory)").formatted(
                            what, size, bytesMax, bytesMax - bytes));
        }
        if (size > bufferBytesMax) {
            throw new DeviceBudgetException(
                    "%s needs %,d bytes, the device makes buffers of at most %,d"
                            .formatted(what, size, bufferBytesMax));
        }
        try (MemoryStack stack = MemoryStack.stackPush()) {
            IntBuffer status = stack.mallocInt(1);
            long buffer = CL10.clCreateBuffer(context, CL10.CL_MEM_READ_WRITE, size, status);
            ClStatus.require(status.get(0), "clCreateBuffer of %,d bytes for %s, %,d in use"
                    .formatted(size, what, bytes));
            buffers.put(buffer, size);
            bytes += size;
            return buffer;
        }
    }

    @Override
    public void close() {
        buffers.keySet().forEach(CL10::clReleaseMemObject);
        buffers.clear();
    }
}
