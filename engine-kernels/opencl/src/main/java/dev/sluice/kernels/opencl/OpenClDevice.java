package dev.sluice.kernels.opencl;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.DeviceException;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.gpu.Device;
import dev.sluice.kernels.gpu.DeviceMemory;
import dev.sluice.kernels.gpu.Launch;
import dev.sluice.kernels.spi.WeightLoader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import org.lwjgl.opencl.CL10;
import org.lwjgl.opencl.CL12;
import org.lwjgl.system.MemoryStack;

/// One OpenCL device: a context, an in-order queue, memory and programs. Engine thread only, but
/// for the loaders.
final class OpenClDevice implements Device {
    /// Weights of mapped files are dropped from memory once the device has them.
    private static final long UNLOADED_BYTES_MIN = 64L << 10;
    /// Groups that keep a compute unit busy.
    private static final int GROUPS_OF_UNIT = 4;

    private final DeviceDescription device;
    private final long context;
    private final long queue;
    private final DeviceMemory memory;
    private final Programs programs;
    private final HostTransfer transfer;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment argument = arena.allocate(8, 8);
    private final MemorySegment shape = arena.allocate(32, 8);
    private final List<Long> loaderQueues = new ArrayList<>();
    private String failure = "";
    private boolean closed;

    OpenClDevice(DeviceDescription device, long memoryBytesMax, ProgramCache cache) {
        this.device = device;
        try (MemoryStack stack = MemoryStack.stackPush()) {
            IntBuffer status = stack.mallocInt(1);
            context = CL10.clCreateContext(stack.pointers(
                    CL10.CL_CONTEXT_PLATFORM, device.platform(), 0), device.id(), null, 0, status);
            ClStatus.require(status.get(0), "clCreateContext on " + device.name());
        }
        queue = createQueue();
        memory = new DeviceMemory(new Buffers(), new DeviceMemory.Limits(
                Math.min(memoryBytesMax, device.memoryBytes()), device.allocationBytesMax(), 1));
        programs = new Programs(context, device, cache);
        transfer = new HostTransfer(queue);
    }

    /// Buffers of the context, for [DeviceMemory].
    private final class Buffers implements DeviceMemory.Buffers {
        @Override
        public long create(long size, String what) {
            try (MemoryStack stack = MemoryStack.stackPush()) {
                IntBuffer status = stack.mallocInt(1);
                long buffer = CL10.clCreateBuffer(context, CL10.CL_MEM_READ_WRITE, size, status);
                ClStatus.require(status.get(0), "clCreateBuffer of %,d bytes for %s, %,d in use"
                        .formatted(size, what, memory.bytes()));
                return buffer;
            }
        }

        @Override
        public void release(long handle) {
            ClStatus.require(CL10.clReleaseMemObject(handle), "clReleaseMemObject");
        }
    }

    private long createQueue() {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            IntBuffer status = stack.mallocInt(1);
            long made = CL10.clCreateCommandQueue(context, device.id(), 0, status);
            ClStatus.require(status.get(0), "clCreateCommandQueue on " + device.name());
            return made;
        }
    }

    @Override
    public String backendName() {
        return "opencl";
    }

    @Override
    public Matrix allocate(DType dtype, int rows, int cols, String what) {
        requireOpen();
        Matrix m = memory.allocate(dtype, rows, cols, what);
        require(CL12.nclEnqueueFillBuffer(queue, m.memory().address(), zero(), 4,
                m.byteOffset(), DeviceMemory.paddedBytes(dtype, rows, cols), 0, 0, 0),
                "clEnqueueFillBuffer for ", what);
        return m;
    }

    private long zero() {
        argument.set(ValueLayout.JAVA_LONG, 0, 0);
        return argument.address();
    }

    @Override
    public Matrix lend(DType dtype, int rows, int cols, String what) {
        requireOpen();
        return memory.lend(dtype, rows, cols, what);
    }

    @Override
    public void free(Matrix lent) {
        requireOpen();
        // Until its commands are done the driver keeps the buffer, and the budget is exceeded.
        guarded(transfer::finish);
        memory.free(lent);
    }

    @Override
    public boolean addressesMemory() {
        return false;
    }

    @Override
    public int busyGroups() {
        return device.computeUnits() * GROUPS_OF_UNIT;
    }

    // ---- queue --------------------------------------------------------------------------

    @Override
    public void launch(Launch launch) {
        requireOpen();
        long kernel = programs.kernel(launch.kernel(), launch.encoding());
        for (int i = 0; i < launch.argumentCount(); i++) {
            require(argument(kernel, i, launch), "clSetKernelArg " + i + " of ", launch);
        }
        shape.set(ValueLayout.JAVA_LONG, 0, (long) launch.groupsX() * launch.kernel().lanes());
        shape.set(ValueLayout.JAVA_LONG, 8, launch.groupsY());
        shape.set(ValueLayout.JAVA_LONG, 16, launch.kernel().lanes());
        shape.set(ValueLayout.JAVA_LONG, 24, 1);
        require(CL10.nclEnqueueNDRangeKernel(queue, kernel, 2, 0, shape.address(),
                shape.address() + 16, 0, 0, 0), "clEnqueueNDRangeKernel ", launch);
    }

    private int argument(long kernel, int index, Launch launch) {
        long value = launch.value(index);
        argument.set(ValueLayout.JAVA_LONG, 0, value);
        return switch (launch.kind(index)) {
            case BASE -> {
                if (value != 0 && !memory.owns(value)) {
                    throw new IllegalArgumentException("argument " + index
                            + " is not a matrix of this device (upload it first): " + launch);
                }
                yield CL10.nclSetKernelArg(kernel, index, 8, value == 0 ? 0 : argument.address());
            }
            case WIDE -> CL10.nclSetKernelArg(kernel, index, 8, argument.address());
            case INT, FLOAT -> CL10.nclSetKernelArg(kernel, index, 4, argument.address());
        };
    }

    @Override
    public void write(Matrix host, Matrix to) {
        requireOpen();
        guarded(() -> transfer.write(host, to));
        unload(host);
    }

    private static void unload(Matrix host) {
        if (host.memory().isMapped() && host.byteSize() >= UNLOADED_BYTES_MIN) {
            host.memory().asSlice(host.byteOffset(), host.byteSize()).unload();
        }
    }

    @Override
    public void read(Matrix from, Matrix host) {
        requireOpen();
        guarded(() -> transfer.read(from, host));
    }

    @Override
    public void copy(Matrix from, Matrix to) {
        requireOpen();
        require(CL10.nclEnqueueCopyBuffer(queue, from.memory().address(), to.memory().address(),
                from.byteOffset(), to.byteOffset(), from.byteSize(), 0, 0, 0),
                "clEnqueueCopyBuffer to ", to);
    }

    // ---- loading beside the queue -------------------------------------------------------

    /// Has a queue of its own, so that a load waits only for what was queued before it.
    @Override
    public WeightLoader loader() {
        requireOpen();
        long own = createQueue();
        loaderQueues.add(own);
        return (host, room) -> {
            // Work that reads what the room held may still be queued.
            ClStatus.require(CL10.clFinish(queue), "clFinish before a load");
            try (var copies = new HostTransfer(own)) {
                copies.write(host, room);
                copies.finish();
            }
            unload(host);
        };
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

    private void guarded(Runnable transferring) {
        try {
            transferring.run();
        } catch (DeviceException e) {
            failure = e.getMessage();
            throw e;
        }
    }

    private void require(int status, String call, Object what) {
        if (status != ClStatus.SUCCESS) {
            DeviceException e = ClStatus.failure(status,
                    call + what + " on " + device.name());
            failure = e.getMessage();
            throw e;
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        // A queue that has failed may refuse to finish; what follows is released all the same.
        CL10.clFinish(queue);
        loaderQueues.forEach(CL10::clReleaseCommandQueue);
        programs.close();
        memory.close();
        CL10.clReleaseCommandQueue(queue);
        CL10.clReleaseContext(context);
        transfer.close();
        arena.close();
    }
}
