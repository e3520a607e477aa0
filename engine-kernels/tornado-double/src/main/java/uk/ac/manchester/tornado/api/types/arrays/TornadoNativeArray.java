package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Elements of four bytes behind a header that holds their number. The double knows which memory
/// a device would have for it: a twin of its own that only transfers fill.
public abstract sealed class TornadoNativeArray permits IntArray, FloatArray {
    public static final long ARRAY_HEADER = 16;

    MemorySegment data;
    private final MemorySegment whole;

    TornadoNativeArray(MemorySegment whole) {
        this.whole = whole;
        data = whole.asSlice(ARRAY_HEADER);
        whole.set(ValueLayout.JAVA_INT, 0, getSize());
    }

    static MemorySegment memory(int elements) {
        return Arena.ofAuto().allocate(ARRAY_HEADER + 4L * elements, 16);
    }

    public final int getSize() {
        return (int) (data.byteSize() / 4);
    }

    /// The elements.
    public final MemorySegment getSegment() {
        return data;
    }

    /// The header and the elements.
    public final MemorySegment getSegmentWithHeader() {
        return whole;
    }

    /// From now on the elements are those of `other`.
    public final void share(TornadoNativeArray other) {
        data = other.data;
    }

    /// An array of the same kind and size for the device.
    public abstract TornadoNativeArray twin();
}
