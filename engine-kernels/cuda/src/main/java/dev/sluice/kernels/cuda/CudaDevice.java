package dev.sluice.kernels.cuda;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.DeviceBudgetException;
import dev.sluice.kernels.DeviceException;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.gpu.Device;
import dev.sluice.kernels.gpu.DeviceMemory;
import dev.sluice.kernels.gpu.Launch;
import dev.sluice.kernels.spi.WeightLoader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// One CUDA device: its primary context, one stream, memory and modules. Engine thread only, but
/// for the loaders; whoever closes has stopped those.
///
/// A matrix's base is an address of the device's memory. A launch writes the values of its
/// arguments into a block that was laid out once, and makes no object:
///
///     parameters: | address of value 0 | address of value 1 | ..
///     values:     | value 0, 8 bytes   | value 1, 8 bytes   | ..   4-byte values in the low half
final class CudaDevice implements Device {
    /// Kept free for the code of kernels and their local memory, which the driver takes when a
    /// kernel is first used.
    private static final long RESERVE_BYTES = 256L << 20;
    /// What the driver rounds allocations up to; of smaller ones it puts several in one.
    private static final long UNIT_BYTES = 2L << 20;
    private static final long HALF_BYTES = 4L << 20;
    /// Groups that keep a multiprocessor busy.
    private static final int GROUPS_OF_UNIT = 4;
    /// The hardware's limit, all capabilities; x goes to 2^31 - 1.
    private static final int GROUPS_Y_MAX = 65535;
    private static final int ARGUMENTS_MAX = 64;

    private final CudaDriver driver;
    private final DeviceDescription device;
    private final CudaDriver.Context context;
    private final CudaDriver.Stream stream;
    private final DeviceMemory memory;
    private final Modules modules;
    private final HostTransfer transfer;
    private final List<WeightCopies> loaders = new ArrayList<>();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment values = arena.allocate(8L * ARGUMENTS_MAX, 8);
    private final MemorySegment parameters = arena.allocate(8L * ARGUMENTS_MAX, 8);
    private final CudaDriver.Grid grid = new CudaDriver.Grid();
    private final LaunchLog log = new LaunchLog();
    private volatile String failure = "";
    private volatile boolean closed;

    /// @param memoryBytesMax  the budget; what the device has free now is a limit too
    /// @param fast            kernels that stand in for shared ones
    CudaDevice(CudaDriver driver, DeviceDescription device, long memoryBytesMax, PtxFiles ptx,
            List<FastKernel> fast) {
        this.driver = driver;
        this.device = device;
        context = driver.retain(device.index());
        try {
            driver.enter(context);
            long free = Math.max(0, driver.freeBytes() - RESERVE_BYTES);
            memory = new DeviceMemory(new Buffers(), new DeviceMemory.Limits(
                    Math.min(memoryBytesMax, free), Long.MAX_VALUE, UNIT_BYTES));
            stream = driver.createStream();
            transfer = new HostTransfer(driver, stream, HALF_BYTES);
            modules = new Modules(driver, ptx, fast);
        } catch (DeviceException e) {
            // Takes along what was made so far, unless others hold the context as well.
            driver.release(device.index());
            throw e;
        }
        for (int i = 0; i < ARGUMENTS_MAX; i++) {
            parameters.setAtIndex(ValueLayout.JAVA_LONG, i, values.address() + 8L * i);
        }
    }

    /// Memory of the device, for [DeviceMemory].
    private final class Buffers implements DeviceMemory.Buffers {
        @Override
        public long create(long size, String what) {
            return driver.allocate(size).orElseThrow(() -> new DeviceBudgetException(
                    "%s needs %,d bytes, and %s has no such room: %,d bytes are free"
                            .formatted(what, size, device.name(), driver.freeBytes())));
        }

        @Override
        public void release(long handle) {
            driver.free(handle);
        }
    }

    @Override
    public String backendName() {
        return "cuda";
    }

    /// What the loaders wait for.
    CudaDriver.Stream stream() { return stream; }

    // ---- memory -------------------------------------------------------------------------

    @Override
    public Matrix allocate(DType dtype, int rows, int cols, String what) {
        var made = new Matrix[1];
        guarded(() -> {
            Matrix m = memory.allocate(dtype, rows, cols, what);
            driver.clear(address(m), DeviceMemory.paddedBytes(dtype, rows, cols), stream);
            made[0] = m;
        });
        return made[0];
    }

    private static long address(Matrix m) {
        return m.memory().address() + m.byteOffset();
    }

    @Override
    public Matrix lend(DType dtype, int rows, int cols, String what) {
        var made = new Matrix[1];
        guarded(() -> made[0] = memory.lend(dtype, rows, cols, what));
        return made[0];
    }

    @Override
    public void free(Matrix lent) {
        guarded(() -> {
            finish();
            memory.free(lent);
        });
    }

    @Override
    public boolean addressesMemory() {
        return true;
    }

    @Override
    public int busyGroups() {
        return device.multiprocessors() * GROUPS_OF_UNIT;
    }

    // ---- stream -------------------------------------------------------------------------

    @Override
    public void launch(Launch launch) {
        requireOpen();
        try {
            driver.enter(context);
            CudaDriver.Function function = modules.prepare(launch, grid);
            fill(launch);
            log.add(launch);
            driver.launch(function, grid, parameters, stream);
        } catch (DeviceException e) {
            throw failed(e, " for " + launch);
        }
    }

    private void fill(Launch launch) {
        if (grid.groupsY > GROUPS_Y_MAX) {
            throw new IllegalArgumentException("%d groups in y, the device has at most %d: %s"
                    .formatted(grid.groupsY, GROUPS_Y_MAX, launch));
        }
        for (int i = 0; i < launch.argumentCount(); i++) {
            long value = launch.value(i);
            if (launch.kind(i) == Launch.Kind.BASE && value != 0 && !memory.owns(value)) {
                throw new IllegalArgumentException("argument " + i
                        + " is not a matrix of this device (upload it first): " + launch);
            }
            values.setAtIndex(ValueLayout.JAVA_LONG, i, value);
        }
    }

    @Override
    public void write(Matrix host, Matrix to) {
        guarded(() -> transfer.write(host, address(to)));
    }

    @Override
    public void read(Matrix from, Matrix host) {
        guarded(() -> transfer.read(address(from), host));
        log.clear();
    }

    @Override
    public void copy(Matrix from, Matrix to) {
        guarded(() -> driver.copyOnDevice(address(from), address(to), from.byteSize(), stream));
    }

    private void finish() {
        transfer.finish();
        log.clear();
    }

    // ---- loading beside the stream ------------------------------------------------------

    @Override
    public WeightLoader loader() {
        var made = new WeightCopies[1];
        guarded(() -> made[0] = new WeightCopies(this, driver));
        loaders.add(made[0]);
        return made[0];
    }

    // ---- failures -----------------------------------------------------------------------

    private void requireOpen() {
        if (!failure.isEmpty()) {
            throw new DeviceException("the device has failed before: " + failure);
        }
        if (closed) {
            throw new IllegalStateException("the backend is closed");
        }
    }

    /// Runs calls of the driver on the calling thread. A failure is the device's last word.
    void guarded(Runnable calls) {
        requireOpen();
        try {
            driver.enter(context);
            calls.run();
        } catch (DeviceException e) {
            throw failed(e, "");
        }
    }

    /// Kernels run long after they were launched, so an error may come from an earlier call.
    private DeviceException failed(DeviceException e, String what) {
        failure = "%s%s on %s%s".formatted(e.getMessage(), what, device.name(), log.text());
        return new DeviceException(failure, e);
    }

    /// Gives back everything, also after a failure, when the driver may refuse each call: the
    /// context, and what is left in it, ends with its last user.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        attempt(() -> driver.enter(context));
        attempt(() -> driver.synchronise(stream));
        loaders.forEach(loader -> attempt(loader::close));
        attempt(transfer::close);
        modules.loaded().forEach(module -> attempt(() -> driver.unload(module)));
        memory.close();
        attempt(() -> driver.destroy(stream));
        attempt(() -> driver.release(device.index()));
        arena.close();
    }

    private static void attempt(Runnable call) {
        try {
            call.run();
        } catch (DeviceException _) {
            // Said when it happened first, or of no use to anyone any more.
        }
    }
}
