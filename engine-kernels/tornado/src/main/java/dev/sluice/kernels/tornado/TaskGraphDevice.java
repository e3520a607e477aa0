package dev.sluice.kernels.tornado;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.DeviceException;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.gpu.Device;
import dev.sluice.kernels.gpu.Launch;
import dev.sluice.kernels.spi.WeightLoader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.locks.ReentrantLock;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/// One device of TornadoVM: a memory of 32-bit words within a budget, and one execution plan whose
/// graphs are the kernels. A launch puts its numbers into an array and executes a graph; it is done
/// when it returns. Engine thread only, but for the loaders, which take turns with it: a plan
/// belongs to one thread at a time.
///
/// The memory is one array of integers, which kernels also get as an array of floats: TornadoVM has
/// no way to see the bits of a float as an integer inside of a kernel, but lets an array take the
/// device memory of another ([TornadoExecutionPlan#mapOnDeviceMemoryRegion]).
final class TaskGraphDevice implements Device {
    /// Stands for the memory in a matrix; nobody reads there.
    private static final MemorySegment MEMORY = MemorySegment.ofAddress(1 << 12);
    /// Words are numbered by int, and TornadoVM adds a header.
    private static final int WORDS_MAX = Integer.MAX_VALUE - 1024;
    /// Weights of mapped files are dropped from memory once the device has them.
    private static final long UNLOADED_BYTES_MIN = 64L << 10;
    private static final int WORD = 4;
    /// Enough to keep a large device busy; nothing but speed depends on it.
    private static final int BUSY_GROUPS = 64;

    private final String name;
    private final Arena arena = Arena.ofShared();
    private final KernelGraphs graphs;
    private final TornadoExecutionPlan plan;
    private final WordRooms rooms;
    private final ReentrantLock turn = new ReentrantLock();
    private String failure = "";
    private boolean closed;

    /// @param bytesMax  the budget
    TaskGraphDevice(TornadoDevice device, long bytesMax) {
        name = device.getPhysicalDevice().getDeviceName();
        int words = (int) Math.min(WORDS_MAX, bytesMax / WORD);
        rooms = new WordRooms(words);
        graphs = new KernelGraphs(IntArray.fromSegmentShallow(
                unbacked(arena, TornadoNativeArray.ARRAY_HEADER + (long) WORD * words)));
        plan = new TornadoExecutionPlan(graphs.graphs());
        plan.withDevice(device);
        plan.withGridScheduler(graphs.scheduler());
        fill(0, WordRooms.ALIGNMENT);
        plan.mapOnDeviceMemoryRegion(graphs.floats(), graphs.words(), 0, KernelGraphs.FILL,
                KernelGraphs.FILL);
    }

    /// Host memory that an array of TornadoVM must have, although its words are never in it: a hole
    /// in a file, of which the header alone takes a page.
    private static MemorySegment unbacked(Arena arena, long bytes) {
        try {
            Path file = Files.createTempFile("sluice-tornado", ".words");
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ,
                    StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE)) {
                return channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("address space for the device's memory", e);
        }
    }

    @Override
    public String backendName() {
        return "tornado";
    }

    @Override
    public boolean addressesMemory() {
        return false;
    }

    @Override
    public int busyGroups() {
        return BUSY_GROUPS;
    }

    // ---- memory -------------------------------------------------------------------------

    @Override
    public Matrix allocate(DType dtype, int rows, int cols, String what) {
        Matrix m = lend(dtype, rows, cols, what);
        fill(word(m), Math.toIntExact(Math.ceilDiv(m.byteSize(), WORD)));
        return m;
    }

    @Override
    public Matrix lend(DType dtype, int rows, int cols, String what) {
        requireOpen();
        int from = rooms.take(rows * dtype.rowBytes(cols), what);
        return Matrix.of(dtype, rows, cols, MEMORY, (long) WORD * from);
    }

    @Override
    public void free(Matrix lent) {
        rooms.give(word(lent), lent.byteSize());
    }

    /// The word where a matrix of this device begins.
    private static int word(Matrix m) {
        if (m.memory().address() != MEMORY.address()) {
            throw new IllegalArgumentException("not a matrix of this device (upload it first): "
                    + m);
        }
        return word(m.byteOffset());
    }

    private static int word(long byteOffset) {
        if (byteOffset % WORD != 0) {
            throw new IllegalArgumentException(
                    "a matrix must begin at a whole word, got byte " + byteOffset);
        }
        return (int) (byteOffset / WORD);
    }

    private void fill(int from, int count) {
        turn.lock();
        try {
            numbers(from, count, 0);
            move(KernelGraphs.FILL, count, "filling");
        } finally {
            turn.unlock();
        }
    }

    private void numbers(int first, int second, int third) {
        graphs.numbers().set(0, first);
        graphs.numbers().set(1, second);
        graphs.numbers().set(2, third);
    }

    private void move(int graph, int count, String what) {
        if (count > 0) {
            graphs.grid(graph).setGlobalWork((long) Math.ceilDiv(count, KernelGraphs.MOVE_LANES)
                    * KernelGraphs.MOVE_LANES, 1, 1);
            execute(graph, what);
        }
    }

    @Override
    public void copy(Matrix from, Matrix to) {
        turn.lock();
        try {
            int count = Math.toIntExact(Math.ceilDiv(from.byteSize(), WORD));
            numbers(word(from), word(to), count);
            move(KernelGraphs.COPY, count, "copying");
        } finally {
            turn.unlock();
        }
    }

    @Override
    public void write(Matrix host, Matrix to) {
        requireOpen();
        int at = word(to);
        long bytes = host.byteSize();
        for (long done = 0; done < bytes;) {
            turn.lock();
            try {
                int graph = bytes - done <= (long) WORD * KernelGraphs.STAGED_FEW
                        ? KernelGraphs.WRITE_FEW : KernelGraphs.WRITE_MANY;
                IntArray staging = graphs.staging(graph);
                long part = Math.min(bytes - done, (long) WORD * staging.getSize());
                MemorySegment.copy(host.memory(), host.byteOffset() + done, staging.getSegment(),
                        0, part);
                int count = (int) Math.ceilDiv(part, WORD);
                numbers(at, count, 0);
                move(graph, count, "writing");
                at += count;
                done += part;
            } finally {
                turn.unlock();
            }
        }
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
        int at = word(from);
        long bytes = host.byteSize();
        for (long done = 0; done < bytes;) {
            turn.lock();
            try {
                int graph = bytes - done <= (long) WORD * KernelGraphs.STAGED_FEW
                        ? KernelGraphs.READ_FEW : KernelGraphs.READ_MANY;
                IntArray staging = graphs.staging(graph);
                long part = Math.min(bytes - done, (long) WORD * staging.getSize());
                int count = (int) Math.ceilDiv(part, WORD);
                numbers(at, count, 0);
                move(graph, count, "reading");
                MemorySegment.copy(staging.getSegment(), 0, host.memory(),
                        host.byteOffset() + done, part);
                at += count;
                done += part;
            } finally {
                turn.unlock();
            }
        }
    }

    @Override
    public WeightLoader loader() {
        return this::write;
    }

    // ---- launches -----------------------------------------------------------------------

    @Override
    public void launch(Launch launch) {
        requireOpen();
        turn.lock();
        try {
            arguments(launch);
            int graph = graphs.index(launch.kernel(), launch.encoding());
            graphs.grid(graph).setGlobalWork((long) launch.groupsX() * launch.kernel().lanes(),
                    launch.groupsY(), 1);
            execute(graph, launch);
        } finally {
            turn.unlock();
        }
    }

    /// Integers and the words where matrices begin, in their order; floats apart.
    private void arguments(Launch launch) {
        int number = 0;
        int real = 0;
        boolean matrix = false;
        for (int i = 0; i < launch.argumentCount(); i++) {
            long value = launch.value(i);
            switch (launch.kind(i)) {
                case BASE -> {
                    if (value != 0 && value != MEMORY.address()) {
                        throw new IllegalArgumentException("argument " + i
                                + " is not a matrix of this device (upload it first): " + launch);
                    }
                    matrix = true;
                }
                case WIDE -> {
                    graphs.numbers().set(number++, matrix ? word(value)
                            : Math.toIntExact(value));
                    matrix = false;
                }
                case INT -> graphs.numbers().set(number++, (int) value);
                case FLOAT -> graphs.reals().set(real++, Float.intBitsToFloat((int) value));
            }
        }
    }

    private void execute(int graph, Object what) {
        try {
            plan.withGraph(graph).execute();
        } catch (RuntimeException | Error e) {
            // TornadoVM's compiler throws errors of its own; each of them ends the device.
            failure = "TornadoVM on %s, %s: %s".formatted(name, what, e.getMessage());
            throw new DeviceException(failure, e);
        }
    }

    private void requireOpen() {
        if (!failure.isEmpty()) {
            throw new DeviceException("the device has failed before: " + failure);
        }
        if (closed) {
            throw new IllegalStateException("the backend is closed");
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            plan.freeDeviceMemory();
            arena.close();
        }
    }
}
