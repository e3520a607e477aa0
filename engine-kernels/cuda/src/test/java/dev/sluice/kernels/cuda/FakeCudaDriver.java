package dev.sluice.kernels.cuda;

import dev.sluice.kernels.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// A driver without a device, as contrary as the real one may be: nothing that is queued runs
/// before somebody waits for it, every copy reads its source only then, and every call is checked
/// for the context that its thread has entered. Device memory is host memory. Launches are recorded
/// with the values that their PTX makes of the parameters; of the kernels only `scale_rows` does
/// anything. Any thread.
final class FakeCudaDriver implements CudaDriver {
    /// A launch as the device sees it.
    record Launched(String symbol, int groupsX, int groupsY, int lanes, List<Long> values) { }

    private record FakeContext(int device) implements Context { }

    private static final class FakeStream implements Stream {
        private final int device;
        private final List<Runnable> queue = new ArrayList<>();
        private int ran;

        FakeStream(int device) {
            this.device = device;
        }
    }

    private static final class FakeEvent implements Event {
        private FakeStream stream;
        private int place;
    }

    private record FakeModule(Map<String, PtxEntry> entries) implements Module { }

    private record FakeFunction(PtxEntry entry) implements Function { }

    final List<Launched> launches = new ArrayList<>();
    private final List<DeviceDescription> devices;
    private final Map<Thread, FakeContext> entered = new HashMap<>();
    private final Map<String, Integer> live = new TreeMap<>();
    private final TreeMap<Long, MemorySegment> memory = new TreeMap<>();
    private int version = 13000;
    private long roomBytes = 1L << 30;
    private long usedBytes;
    private long usedBytesMost;
    private String failing = "";
    private int failingCode;
    private DeviceException sticky;
    private boolean idle;

    FakeCudaDriver(DeviceDescription... devices) {
        this.devices = List.of(devices);
    }

    static FakeCudaDriver hopper() {
        return new FakeCudaDriver(device(0));
    }

    static DeviceDescription device(int index) {
        return new DeviceDescription(index, "Pretended H" + index, 9, 0, 1L << 30, 132);
    }

    // ---- what tests set and ask -----------------------------------------------------------

    FakeCudaDriver version(int of) {
        version = of;
        return this;
    }

    FakeCudaDriver room(long bytes) {
        roomBytes = bytes;
        return this;
    }

    /// The next such call fails, and if `stays` every call after it, while a context is held.
    void fail(String call, int code) {
        failing = call;
        failingCode = code;
    }

    /// From now on launches are neither recorded nor run.
    void recordNothing() {
        idle = true;
    }

    /// Handles and memory that were made and not given back, by kind.
    Map<String, Integer> live() {
        live.values().removeIf(count -> count == 0);
        return live;
    }

    long usedBytesMost() { return usedBytesMost; }

    // ---- inside ---------------------------------------------------------------------------

    private void made(String kind, int count) {
        live.merge(kind, count, Integer::sum);
    }

    /// Codes from 700 on stay, as the real driver's do, until the last context is released.
    private void call(String name) {
        if (sticky != null) {
            throw sticky;
        }
        if (name.equals(failing)) {
            failing = "";
            DeviceException e = CudaStatus.failure(failingCode, name, "CUDA_ERROR_PRETENDED",
                    "a pretended failure");
            if (failingCode >= 700) {
                sticky = e;
            }
            throw e;
        }
    }

    /// A call that needs the context of `device`, or of any where it is negative.
    private int within(String name, int device) {
        call(name);
        FakeContext context = entered.get(Thread.currentThread());
        if (context == null || device >= 0 && context.device != device) {
            throw new AssertionError("%s for device %d in context %s".formatted(name, device,
                    context));
        }
        return context.device;
    }

    private void enqueue(String name, Stream stream, Runnable work) {
        var queue = (FakeStream) stream;
        within(name, queue.device);
        queue.queue.add(work);
    }

    private static void run(FakeStream stream, int place) {
        while (stream.ran < place) {
            stream.ran++;
            stream.queue.get(stream.ran - 1).run();
        }
    }

    /// The device's bytes at an address, which must lie in one allocation.
    private MemorySegment bytes(long address, long size) {
        Map.Entry<Long, MemorySegment> at = memory.floorEntry(address);
        if (at == null) {
            throw new AssertionError("no memory at " + address);
        }
        return at.getValue().asSlice(address - at.getKey(), size);
    }

    // ---- devices --------------------------------------------------------------------------

    @Override
    public synchronized int version() {
        return version;
    }

    @Override
    public synchronized int deviceCount() {
        return devices.size();
    }

    @Override
    public synchronized DeviceDescription describe(int device) {
        return devices.get(device);
    }

    @Override
    public synchronized Context retain(int device) {
        call("cuDevicePrimaryCtxRetain");
        made("context", 1);
        return new FakeContext(device);
    }

    @Override
    public synchronized void release(int device) {
        made("context", -1);
        if (live().getOrDefault("context", 0) == 0) {
            sticky = null;
        }
    }

    @Override
    public synchronized void enter(Context context) {
        call("cuCtxSetCurrent");
        entered.put(Thread.currentThread(), (FakeContext) context);
    }

    // ---- memory ---------------------------------------------------------------------------

    @Override
    public synchronized long freeBytes() {
        within("cuMemGetInfo", -1);
        return roomBytes - usedBytes;
    }

    @Override
    public synchronized Optional<Long> allocate(long bytes) {
        within("cuMemAlloc", -1);
        if (bytes > roomBytes - usedBytes) {
            return Optional.empty();
        }
        MemorySegment made = Arena.ofAuto().allocate(bytes, 512);
        made.fill((byte) 0xFF);
        memory.put(made.address(), made);
        usedBytes += rounded(bytes);
        usedBytesMost = Math.max(usedBytesMost, usedBytes);
        made("memory", 1);
        return Optional.of(made.address());
    }

    /// What the real driver takes for an allocation, at worst.
    private static long rounded(long bytes) {
        return (bytes + (2 << 20) - 1) / (2 << 20) * (2 << 20);
    }

    @Override
    public synchronized void free(long address) {
        within("cuMemFree", -1);
        usedBytes -= rounded(memory.remove(address).byteSize());
        made("memory", -1);
    }

    @Override
    public synchronized MemorySegment allocatePinned(long bytes) {
        within("cuMemHostAlloc", -1);
        made("pinned", 1);
        return Arena.ofAuto().allocate(bytes, 512);
    }

    @Override
    public synchronized void freePinned(MemorySegment pinned) {
        within("cuMemFreeHost", -1);
        made("pinned", -1);
    }

    @Override
    public synchronized void copyToDevice(MemorySegment host, long address, Stream stream) {
        enqueue("cuMemcpyHtoDAsync", stream,
                () -> bytes(address, host.byteSize()).copyFrom(host));
    }

    @Override
    public synchronized void copyToHost(long address, MemorySegment host, Stream stream) {
        enqueue("cuMemcpyDtoHAsync", stream,
                () -> host.copyFrom(bytes(address, host.byteSize())));
    }

    @Override
    public synchronized void copyOnDevice(long from, long to, long bytes, Stream stream) {
        enqueue("cuMemcpyDtoDAsync", stream, () -> bytes(to, bytes).copyFrom(bytes(from, bytes)));
    }

    @Override
    public synchronized void clear(long address, long bytes, Stream stream) {
        enqueue("cuMemsetD8Async", stream, () -> bytes(address, bytes).fill((byte) 0));
    }

    // ---- order ----------------------------------------------------------------------------

    @Override
    public synchronized Stream createStream() {
        made("stream", 1);
        return new FakeStream(within("cuStreamCreate", -1));
    }

    @Override
    public synchronized void destroy(Stream stream) {
        within("cuStreamDestroy", ((FakeStream) stream).device);
        made("stream", -1);
    }

    @Override
    public synchronized void synchronise(Stream stream) {
        var queue = (FakeStream) stream;
        within("cuStreamSynchronize", queue.device);
        run(queue, queue.queue.size());
    }

    @Override
    public synchronized Event createEvent() {
        within("cuEventCreate", -1);
        made("event", 1);
        return new FakeEvent();
    }

    @Override
    public synchronized void destroy(Event event) {
        within("cuEventDestroy", -1);
        made("event", -1);
    }

    @Override
    public synchronized void record(Event event, Stream stream) {
        var queue = (FakeStream) stream;
        within("cuEventRecord", queue.device);
        ((FakeEvent) event).stream = queue;
        ((FakeEvent) event).place = queue.queue.size();
    }

    @Override
    public synchronized void synchronise(Event event) {
        within("cuEventSynchronize", -1);
        var at = (FakeEvent) event;
        if (at.stream != null) {
            run(at.stream, at.place);
        }
    }

    @Override
    public synchronized void await(Stream stream, Event event) {
        var at = (FakeEvent) event;
        FakeStream of = at.stream;
        int place = at.place;
        enqueue("cuStreamWaitEvent", stream, () -> run(of, place));
    }

    // ---- code -----------------------------------------------------------------------------

    @Override
    public synchronized Module load(byte[] ptx) {
        within("cuModuleLoadData", -1);
        made("module", 1);
        return new FakeModule(PtxEntry.parse(ptx));
    }

    @Override
    public synchronized void unload(Module module) {
        within("cuModuleUnload", -1);
        made("module", -1);
    }

    @Override
    public synchronized Function function(Module module, String symbol) {
        within("cuModuleGetFunction", -1);
        PtxEntry entry = ((FakeModule) module).entries.get(symbol);
        if (entry == null) {
            throw new AssertionError("no kernel " + symbol + " in " + module);
        }
        return new FakeFunction(entry);
    }

    @Override
    @SuppressWarnings("restricted") // As a driver does, from the bare addresses.
    public synchronized void launch(Function function, Grid grid, MemorySegment parameters,
            Stream stream) {
        if (idle) {
            return;
        }
        PtxEntry entry = ((FakeFunction) function).entry;
        var values = new ArrayList<Long>();
        for (int i = 0; i < entry.types().size(); i++) {
            long at = parameters.getAtIndex(ValueLayout.JAVA_LONG, i);
            MemorySegment value = MemorySegment.ofAddress(at).reinterpret(8);
            values.add(PtxEntry.bytes(entry.types().get(i)) == 8
                    ? value.get(ValueLayout.JAVA_LONG, 0)
                    : value.get(ValueLayout.JAVA_INT, 0) & 0xFFFFFFFFL);
        }
        var launched = new Launched(entry.symbol(), grid.groupsX, grid.groupsY, grid.lanes,
                values);
        enqueue("cuLaunchKernel", stream, () -> scale(launched));
        launches.add(launched);
    }

    /// scale_rows(base, offset, factor, count)
    private void scale(Launched launched) {
        if (!launched.symbol.equals("scale_rows")) {
            return;
        }
        long count = launched.values.get(3);
        MemorySegment x = bytes(launched.values.get(0) + launched.values.get(1), 4 * count);
        float factor = Float.intBitsToFloat(launched.values.get(2).intValue());
        for (long i = 0; i < count; i++) {
            x.setAtIndex(ValueLayout.JAVA_FLOAT, i,
                    factor * x.getAtIndex(ValueLayout.JAVA_FLOAT, i));
        }
    }

    // ---- graphs ---------------------------------------------------------------------------

    @Override
    public void beginCapture(Stream stream) {
        throw new UnsupportedOperationException("recordings are not pretended");
    }

    @Override
    public Graph endCapture(Stream stream) {
        throw new UnsupportedOperationException("recordings are not pretended");
    }

    @Override
    public void launch(Graph graph, Stream stream) {
        throw new UnsupportedOperationException("recordings are not pretended");
    }

    @Override
    public void destroy(Graph graph) {
        throw new UnsupportedOperationException("recordings are not pretended");
    }
}
