package dev.sluice.kernels.opencl;

import dev.sluice.kernels.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.lwjgl.opencl.CL10;

/// Copies between host and device on one queue. Small writes go through a ring of native memory,
/// so that they queue and the caller may change its memory at once; large ones wait. One thread at
/// a time.
final class HostTransfer implements AutoCloseable {
    private static final long RING_BYTES = 4L << 20;
    /// Larger writes of native memory are not worth a copy.
    private static final long STAGED_BYTES_MAX = 1L << 20;

    private final long queue;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment ring = arena.allocate(RING_BYTES, 64);
    private long ringUsed;

    HostTransfer(long queue) {
        this.queue = queue;
    }

    void write(Matrix host, Matrix device) {
        long size = host.byteSize();
        if (size > STAGED_BYTES_MAX && host.memory().isNative()) {
            require(CL10.nclEnqueueWriteBuffer(queue, device.memory().address(), CL10.CL_TRUE,
                    device.byteOffset(), size, host.memory().address() + host.byteOffset(),
                    0, 0, 0), "clEnqueueWriteBuffer", size);
            ringUsed = 0;
            return;
        }
        for (long done = 0; done < size; done += STAGED_BYTES_MAX) {
            long part = Math.min(STAGED_BYTES_MAX, size - done);
            if (RING_BYTES - ringUsed < part) {
                finish();
            }
            MemorySegment.copy(host.memory(), host.byteOffset() + done, ring, ringUsed, part);
            require(CL10.nclEnqueueWriteBuffer(queue, device.memory().address(), CL10.CL_FALSE,
                    device.byteOffset() + done, part, ring.address() + ringUsed, 0, 0, 0),
                    "clEnqueueWriteBuffer", part);
            ringUsed += (part + 63) / 64 * 64;
        }
    }

    void read(Matrix device, Matrix host) {
        long size = host.byteSize();
        boolean direct = host.memory().isNative();
        for (long done = 0; done < size; ) {
            long part = direct ? size : Math.min(STAGED_BYTES_MAX, size - done);
            if (!direct) {
                // Writes that still wait in the ring are behind this read's wait.
                finish();
            }
            long to = direct ? host.memory().address() + host.byteOffset() : ring.address();
            require(CL10.nclEnqueueReadBuffer(queue, device.memory().address(), CL10.CL_TRUE,
                    device.byteOffset() + done, part, to, 0, 0, 0), "clEnqueueReadBuffer", part);
            if (!direct) {
                MemorySegment.copy(ring, 0, host.memory(), host.byteOffset() + done, part);
            }
            done += part;
        }
        ringUsed = 0;
    }

    /// Waits for all that is queued.
    void finish() {
        ClStatus.require(CL10.clFinish(queue), "clFinish");
        ringUsed = 0;
    }

    private static void require(int status, String call, long size) {
        if (status != ClStatus.SUCCESS) {
            throw ClStatus.failure(status, "%s of %,d bytes".formatted(call, size));
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
