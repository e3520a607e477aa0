package dev.sluice.kernels.cuda;

import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;

/// Copies between host and device on one stream, by way of two halves of pinned memory: while the
/// device empties one half, the host fills the other. A write has left the caller's memory when it
/// returns, and is queued. One thread at a time.
final class HostTransfer {
    /// Parts begin at multiples of it.
    private static final long ALIGNMENT = 64;
    /// Weights of mapped files are dropped from memory once they have been copied.
    private static final long UNLOADED_BYTES_MIN = 64L << 10;

    private final CudaDriver driver;
    private final CudaDriver.Stream stream;
    private final Half[] halves = new Half[2];
    /// The half that is being filled.
    private int current;

    private static final class Half {
        private final MemorySegment memory;
        private final CudaDriver.Event done;
        private long used;

        Half(MemorySegment memory, CudaDriver.Event done) {
            this.memory = memory;
            this.done = done;
        }
    }

    HostTransfer(CudaDriver driver, CudaDriver.Stream stream, long halfBytes) {
        this.driver = driver;
        this.stream = stream;
        for (int i = 0; i < 2; i++) {
            halves[i] = new Half(driver.allocatePinned(halfBytes), driver.createEvent());
        }
    }

    void write(Matrix host, long address) {
        long size = host.byteSize();
        for (long done = 0; done < size; ) {
            Half half = halves[current];
            long part = Math.min(size - done, half.memory.byteSize() - half.used);
            MemorySegment.copy(host.memory(), host.byteOffset() + done, half.memory, half.used,
                    part);
            driver.copyToDevice(half.memory.asSlice(half.used, part), address + done, stream);
            half.used = (half.used + part + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
            done += part;
            if (half.used >= half.memory.byteSize()) {
                turn();
            }
        }
        if (host.memory().isMapped() && size >= UNLOADED_BYTES_MIN) {
            host.memory().asSlice(host.byteOffset(), size).unload();
        }
    }

    /// Goes on in the other half, once the device is done with what it held.
    private void turn() {
        driver.record(halves[current].done, stream);
        current = 1 - current;
        driver.synchronise(halves[current].done);
        halves[current].used = 0;
    }

    /// Waits for the stream. Of a long read one half is copied out while the other is filled.
    void read(long address, Matrix host) {
        long size = host.byteSize();
        long partMax = halves[0].memory.byteSize();
        if (size <= partMax) {
            driver.copyToHost(address, halves[0].memory.asSlice(0, size), stream);
            finish();
            MemorySegment.copy(halves[0].memory, 0, host.memory(), host.byteOffset(), size);
            return;
        }
        long parts = (size + partMax - 1) / partMax;
        for (long part = 0; part <= parts; part++) {
            if (part < parts) {
                Half half = halves[(int) (part % 2)];
                long bytes = Math.min(partMax, size - part * partMax);
                // Behind the writes that still use the half, so nothing is overwritten too early.
                driver.copyToHost(address + part * partMax, half.memory.asSlice(0, bytes), stream);
                driver.record(half.done, stream);
            }
            if (part > 0) {
                receive(host, (part - 1) * partMax, halves[(int) ((part - 1) % 2)]);
            }
        }
        finish();
    }

    private void receive(Matrix host, long from, Half half) {
        driver.synchronise(half.done);
        MemorySegment.copy(half.memory, 0, host.memory(), host.byteOffset() + from,
                Math.min(half.memory.byteSize(), host.byteSize() - from));
    }

    /// Waits for the stream; both halves are free then.
    void finish() {
        driver.synchronise(stream);
        halves[0].used = 0;
        halves[1].used = 0;
    }

    void close() {
        for (Half half : halves) {
            driver.destroy(half.done);
            driver.freePinned(half.memory);
        }
    }
}
