package dev.sluice.kernels.cuda;

import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.spi.WeightLoader;

/// Loads weights on a stream of its own, from another thread than the device's. A load waits for
/// what was queued before it, since that may read what the room held, and for nothing that is
/// queued later. One thread at a time.
final class WeightCopies implements WeightLoader {
    private static final long HALF_BYTES = 8L << 20;

    private final CudaDevice device;
    private final CudaDriver driver;
    private final CudaDriver.Stream stream;
    private final CudaDriver.Event before;
    private final HostTransfer transfer;

    /// Called by the device's thread.
    WeightCopies(CudaDevice device, CudaDriver driver) {
        this.device = device;
        this.driver = driver;
        stream = driver.createStream();
        before = driver.createEvent();
        transfer = new HostTransfer(driver, stream, HALF_BYTES);
    }

    @Override
    public void load(Matrix host, Matrix room) {
        device.guarded(() -> {
            driver.record(before, device.stream());
            driver.await(stream, before);
            transfer.write(host, room.memory().address() + room.byteOffset());
            transfer.finish();
        });
    }

    void close() {
        transfer.close();
        driver.destroy(before);
        driver.destroy(stream);
    }
}
