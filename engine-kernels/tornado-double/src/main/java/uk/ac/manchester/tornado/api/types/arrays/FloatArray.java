package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Floats outside of the heap.
public final class FloatArray extends TornadoNativeArray {
    public FloatArray(int numberOfElements) {
        super(memory(numberOfElements));
    }

    private FloatArray(MemorySegment whole) {
        super(whole);
    }

    /// The array that a segment is, header included. Writes the header.
    public static FloatArray fromSegmentShallow(MemorySegment segment) {
        return new FloatArray(segment);
    }

    public float get(int index) {
        return data.getAtIndex(ValueLayout.JAVA_FLOAT, index);
    }

    public void set(int index, float value) {
        data.setAtIndex(ValueLayout.JAVA_FLOAT, index, value);
    }

    @Override
    public FloatArray twin() {
        return new FloatArray(getSize());
    }
}
