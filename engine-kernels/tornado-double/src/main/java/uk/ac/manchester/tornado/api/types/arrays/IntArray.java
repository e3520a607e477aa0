package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Integers outside of the heap.
public final class IntArray extends TornadoNativeArray {
    public IntArray(int numberOfElements) {
        super(memory(numberOfElements));
    }

    private IntArray(MemorySegment whole) {
        super(whole);
    }

    /// The array that a segment is, header included. Writes the header.
    public static IntArray fromSegmentShallow(MemorySegment segment) {
        return new IntArray(segment);
    }

    public int get(int index) {
        return data.getAtIndex(ValueLayout.JAVA_INT, index);
    }

    public void set(int index, int value) {
        data.setAtIndex(ValueLayout.JAVA_INT, index, value);
    }

    @Override
    public IntArray twin() {
        return new IntArray(getSize());
    }
}
