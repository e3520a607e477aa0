package dev.sluice.kernels.cuda;

import dev.sluice.kernels.DeviceException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUfunction;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/// The driver through JCuda, and through [FastCalls] where a step calls often. Handles are JCuda's
/// objects with their number in reach. Any thread.
final class JCudaCalls implements CudaDriver {
    private static final int NAME_BYTES = 256;

    private final FastCalls fast;

    JCudaCalls(FastCalls fast) {
        this.fast = fast;
    }

    private static final class SharedContext extends CUcontext implements Context {
        long number() {
            return getNativePointer();
        }
    }

    private static final class Queue extends CUstream implements Stream {
        long number() {
            return getNativePointer();
        }
    }

    private static final class Point extends CUevent implements Event { }

    private static final class Code extends CUmodule implements Module { }

    private static final class Kernel extends CUfunction implements Function {
        long number() {
            return getNativePointer();
        }
    }

    private static final class Recording extends CUgraphExec implements Graph { }

    /// Host memory by its address.
    private static final class HostPointer extends Pointer {
        HostPointer() { }

        HostPointer(MemorySegment memory) {
            super(memory.address());
        }

        long address() {
            return getNativePointer();
        }
    }

    /// Device memory that was allocated before.
    private static CUdeviceptr device(long address) {
        return new CUdeviceptr().withByteOffset(address);
    }

    /// Device memory to be allocated.
    private static final class Allocation extends CUdeviceptr {
        long address() {
            return getNativePointer();
        }
    }

    // ---- devices ------------------------------------------------------------------------

    @Override
    public int version() {
        var version = new int[1];
        CudaStatus.require(JCudaDriver.cuDriverGetVersion(version), "cuDriverGetVersion");
        return version[0];
    }

    @Override
    public int deviceCount() {
        int status = JCudaDriver.cuInit(0);
        if (status == CudaStatus.NO_DEVICE) {
            return 0;
        }
        CudaStatus.require(status, "cuInit");
        var count = new int[1];
        CudaStatus.require(JCudaDriver.cuDeviceGetCount(count), "cuDeviceGetCount");
        return count[0];
    }

    private static CUdevice handle(int device) {
        var handle = new CUdevice();
        CudaStatus.require(JCudaDriver.cuDeviceGet(handle, device), "cuDeviceGet " + device);
        return handle;
    }

    @Override
    public DeviceDescription describe(int device) {
        CUdevice handle = handle(device);
        var name = new byte[NAME_BYTES];
        CudaStatus.require(JCudaDriver.cuDeviceGetName(name, NAME_BYTES, handle),
                "cuDeviceGetName");
        int length = 0;
        while (length < NAME_BYTES && name[length] != 0) {
            length++;
        }
        var bytes = new long[1];
        CudaStatus.require(JCudaDriver.cuDeviceTotalMem(bytes, handle), "cuDeviceTotalMem");
        return new DeviceDescription(device,
                new String(name, 0, length, StandardCharsets.UTF_8).strip(),
                attribute(handle,
                        CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
                attribute(handle,
                        CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
                bytes[0],
                attribute(handle, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT));
    }

    private static int attribute(CUdevice device, int which) {
        var value = new int[1];
        CudaStatus.require(JCudaDriver.cuDeviceGetAttribute(value, which, device),
                "cuDeviceGetAttribute " + which);
        return value[0];
    }

    @Override
    public Context retain(int device) {
        var context = new SharedContext();
        CudaStatus.require(JCudaDriver.cuDevicePrimaryCtxRetain(context, handle(device)),
                "cuDevicePrimaryCtxRetain of device " + device);
        return context;
    }

    @Override
    public void release(int device) {
        CudaStatus.require(JCudaDriver.cuDevicePrimaryCtxRelease(handle(device)),
                "cuDevicePrimaryCtxRelease of device " + device);
    }

    @Override
    public void enter(Context context) {
        CudaStatus.require(fast.setCurrent(((SharedContext) context).number()),
                "cuCtxSetCurrent");
    }

    // ---- memory -------------------------------------------------------------------------

    @Override
    public long freeBytes() {
        var free = new long[1];
        CudaStatus.require(JCudaDriver.cuMemGetInfo(free, new long[1]), "cuMemGetInfo");
        return free[0];
    }

    @Override
    public Optional<Long> allocate(long bytes) {
        var made = new Allocation();
        int status = JCudaDriver.cuMemAlloc(made, bytes);
        if (status == CudaStatus.OUT_OF_MEMORY) {
            return Optional.empty();
        }
        CudaStatus.require(status, "cuMemAlloc", bytes);
        return Optional.of(made.address());
    }

    @Override
    public void free(long address) {
        CudaStatus.require(JCudaDriver.cuMemFree(device(address)), "cuMemFree");
    }

    /// The driver has just given these bytes away.
    @Override
    @SuppressWarnings("restricted")
    public MemorySegment allocatePinned(long bytes) {
        var made = new HostPointer();
        CudaStatus.require(JCudaDriver.cuMemHostAlloc(made, bytes,
                JCudaDriver.CU_MEMHOSTALLOC_PORTABLE), "cuMemHostAlloc", bytes);
        return MemorySegment.ofAddress(made.address()).reinterpret(bytes);
    }

    @Override
    public void freePinned(MemorySegment pinned) {
        CudaStatus.require(JCudaDriver.cuMemFreeHost(new HostPointer(pinned)), "cuMemFreeHost");
    }

    @Override
    public void copyToDevice(MemorySegment host, long address, Stream stream) {
        CudaStatus.require(JCudaDriver.cuMemcpyHtoDAsync(device(address), new HostPointer(host),
                host.byteSize(), (Queue) stream), "cuMemcpyHtoDAsync", host.byteSize());
    }

    @Override
    public void copyToHost(long address, MemorySegment host, Stream stream) {
        CudaStatus.require(JCudaDriver.cuMemcpyDtoHAsync(new HostPointer(host), device(address),
                host.byteSize(), (Queue) stream), "cuMemcpyDtoHAsync", host.byteSize());
    }

    @Override
    public void copyOnDevice(long from, long to, long bytes, Stream stream) {
        CudaStatus.require(JCudaDriver.cuMemcpyDtoDAsync(device(to), device(from), bytes,
                (Queue) stream), "cuMemcpyDtoDAsync", bytes);
    }

    @Override
    public void clear(long address, long bytes, Stream stream) {
        CudaStatus.require(JCudaDriver.cuMemsetD8Async(device(address), (byte) 0, bytes,
                (Queue) stream), "cuMemsetD8Async", bytes);
    }

    // ---- order --------------------------------------------------------------------------

    @Override
    public Stream createStream() {
        var made = new Queue();
        CudaStatus.require(JCudaDriver.cuStreamCreate(made, CUstream_flags.CU_STREAM_NON_BLOCKING),
                "cuStreamCreate");
        return made;
    }

    @Override
    public void destroy(Stream stream) {
        CudaStatus.require(JCudaDriver.cuStreamDestroy((Queue) stream), "cuStreamDestroy");
    }

    @Override
    public void synchronise(Stream stream) {
        CudaStatus.require(JCudaDriver.cuStreamSynchronize((Queue) stream),
                "cuStreamSynchronize");
    }

    @Override
    public Event createEvent() {
        var made = new Point();
        CudaStatus.require(JCudaDriver.cuEventCreate(made, CUevent_flags.CU_EVENT_DISABLE_TIMING),
                "cuEventCreate");
        return made;
    }

    @Override
    public void destroy(Event event) {
        CudaStatus.require(JCudaDriver.cuEventDestroy((Point) event), "cuEventDestroy");
    }

    @Override
    public void record(Event event, Stream stream) {
        CudaStatus.require(JCudaDriver.cuEventRecord((Point) event, (Queue) stream),
                "cuEventRecord");
    }

    @Override
    public void synchronise(Event event) {
        CudaStatus.require(JCudaDriver.cuEventSynchronize((Point) event), "cuEventSynchronize");
    }

    @Override
    public void await(Stream stream, Event event) {
        CudaStatus.require(JCudaDriver.cuStreamWaitEvent((Queue) stream, (Point) event, 0),
                "cuStreamWaitEvent");
    }

    // ---- code ---------------------------------------------------------------------------

    @Override
    public Module load(byte[] ptx) {
        var made = new Code();
        // The driver wants a C string.
        CudaStatus.require(
                JCudaDriver.cuModuleLoadData(made, Arrays.copyOf(ptx, ptx.length + 1)),
                "cuModuleLoadData", ptx.length);
        return made;
    }

    @Override
    public void unload(Module module) {
        CudaStatus.require(JCudaDriver.cuModuleUnload((Code) module), "cuModuleUnload");
    }

    @Override
    public Function function(Module module, String symbol) {
        var made = new Kernel();
        CudaStatus.require(JCudaDriver.cuModuleGetFunction(made, (Code) module, symbol),
                "cuModuleGetFunction " + symbol);
        return made;
    }

    @Override
    public void launch(Function function, Grid grid, MemorySegment parameters, Stream stream) {
        int status = fast.launch(((Kernel) function).number(), grid, ((Queue) stream).number(),
                parameters);
        if (status != CudaStatus.SUCCESS) {
            throw CudaStatus.failure(status, "cuLaunchKernel");
        }
    }

    // ---- graphs -------------------------------------------------------------------------

    @Override
    public void beginCapture(Stream stream) {
        // Other threads' loads may call what a recording in the global mode would forbid.
        CudaStatus.require(JCudaDriver.cuStreamBeginCapture((Queue) stream,
                CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), "cuStreamBeginCapture");
    }

    @Override
    public Graph endCapture(Stream stream) {
        var graph = new CUgraph();
        CudaStatus.require(JCudaDriver.cuStreamEndCapture((Queue) stream, graph),
                "cuStreamEndCapture");
        try {
            var made = new Recording();
            CudaStatus.require(JCudaDriver.cuGraphInstantiate(made, graph, 0),
                    "cuGraphInstantiate");
            return made;
        } finally {
            int status = JCudaDriver.cuGraphDestroy(graph);
            assert status == CudaStatus.SUCCESS : status;
        }
    }

    @Override
    public void launch(Graph graph, Stream stream) {
        CudaStatus.require(JCudaDriver.cuGraphLaunch((Recording) graph, (Queue) stream),
                "cuGraphLaunch");
    }

    @Override
    public void destroy(Graph graph) {
        CudaStatus.require(JCudaDriver.cuGraphExecDestroy((Recording) graph),
                "cuGraphExecDestroy");
    }
}
