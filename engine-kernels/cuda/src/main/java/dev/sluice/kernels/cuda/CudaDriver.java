package dev.sluice.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// The calls of the CUDA driver that the backend makes, so that the logic around them runs without
/// a driver. Addresses are numbers; every other handle is an object of whoever implements this.
///
/// A call that fails throws [dev.sluice.kernels.DeviceException] with the call, the code, its name
/// and its text. Any thread may call, each after [#enter]; queues and events may be used by
/// several.
interface CudaDriver {
    /// The context that all users of a device in this process share.
    interface Context { }

    /// Launches and copies that run in order.
    interface Stream { }

    /// A point in a stream.
    interface Event { }

    /// Loaded code.
    interface Module { }

    /// A kernel of a module.
    interface Function { }

    /// Recorded launches, ready to run as one.
    interface Graph { }

    // ---- devices ------------------------------------------------------------------------

    /// The CUDA version up to which the driver goes: 1000 * major + 10 * minor.
    int version();

    int deviceCount();

    DeviceDescription describe(int device);

    /// Each is undone by one [#release].
    Context retain(int device);

    void release(int device);

    /// Makes the context the calling thread's own.
    void enter(Context context);

    // ---- memory -------------------------------------------------------------------------

    /// Bytes of the device that nobody uses, this or any other process.
    long freeBytes();

    /// An address, not zeroed, or nothing when the device has no room.
    Optional<Long> allocate(long bytes);

    void free(long address);

    /// Host memory that copies reach without a detour.
    MemorySegment allocatePinned(long bytes);

    void freePinned(MemorySegment pinned);

    /// Queues a copy from `host`, which stays as it is until the copy has run.
    void copyToDevice(MemorySegment host, long address, Stream stream);

    /// Queues a copy to `host`.
    void copyToHost(long address, MemorySegment host, Stream stream);

    void copyOnDevice(long from, long to, long bytes, Stream stream);

    void clear(long address, long bytes, Stream stream);

    // ---- order --------------------------------------------------------------------------

    Stream createStream();

    void destroy(Stream stream);

    void synchronise(Stream stream);

    Event createEvent();

    void destroy(Event event);

    /// The event is then where the stream is now.
    void record(Event event, Stream stream);

    void synchronise(Event event);

    /// What is queued on the stream from now on waits for the event.
    void await(Stream stream, Event event);

    // ---- code ---------------------------------------------------------------------------

    /// @param ptx  text, which the driver compiles for its device and keeps in a cache of its own
    Module load(byte[] ptx);

    void unload(Module module);

    Function function(Module module, String symbol);

    /// Queues a kernel. `parameters` holds one address for each of its parameters, of which it
    /// reads as many as the kernel has; they and what they point to may change afterwards.
    void launch(Function function, Grid grid, MemorySegment parameters, Stream stream);

    /// How many groups run a kernel; filled again for every launch.
    final class Grid {
        int groupsX;
        int groupsY;
        int lanes;
        /// Beyond the local arrays that the kernel itself declares.
        int localBytes;
    }

    // ---- graphs -------------------------------------------------------------------------

    /// What this thread queues on the stream from now on is recorded and does not run.
    void beginCapture(Stream stream);

    Graph endCapture(Stream stream);

    void launch(Graph graph, Stream stream);

    void destroy(Graph graph);
}
