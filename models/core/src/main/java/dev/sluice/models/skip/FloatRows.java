package dev.sluice.models.skip;

import java.util.Arrays;

/// A growing row of floats. One thread.
final class FloatRows {
    private float[] values = new float[1024];
    private int count;

    void add(float value) {
        if (count == values.length) {
            values = Arrays.copyOf(values, 2 * count);
        }
        values[count++] = value;
    }

    float[] toArray() { return Arrays.copyOf(values, count); }
}
