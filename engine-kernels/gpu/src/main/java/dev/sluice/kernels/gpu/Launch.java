package dev.sluice.kernels.gpu;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;

/// A kernel, its arguments in order, and how many groups run it. Filled and launched again and
/// again, so that a launch allocates nothing. Engine thread only.
///
/// A matrix is two arguments: its base, which is `memory().address()` and means what the device
/// says, and the byte offset.
public final class Launch {
    /// What an argument is; all are 8 bytes but the last two.
    public enum Kind { BASE, WIDE, INT, FLOAT }

    private static final int ARGUMENTS_MAX = 48;

    private final Device device;
    private final Kind[] kinds = new Kind[ARGUMENTS_MAX];
    private final long[] values = new long[ARGUMENTS_MAX];
    private int count;
    private GpuKernel kernel = GpuKernel.GATHER_ROWS;
    private DType encoding = DType.F32;
    private int groupsX;
    private int groupsY;

    Launch(Device device) {
        this.device = device;
    }

    /// Begins a launch of a kernel that reads no encoded rows.
    Launch of(GpuKernel next) {
        return of(next, DType.F32);
    }

    Launch of(GpuKernel next, DType of) {
        kernel = next;
        encoding = of;
        count = 0;
        return this;
    }

    Launch matrix(Matrix m) {
        add(Kind.BASE, m.memory().address());
        return wide(m.byteOffset());
    }

    Launch integer(int value) {
        return add(Kind.INT, value);
    }

    Launch flag(boolean value) {
        return add(Kind.INT, value ? 1 : 0);
    }

    Launch wide(long value) {
        return add(Kind.WIDE, value);
    }

    Launch real(float value) {
        return add(Kind.FLOAT, Float.floatToRawIntBits(value) & 0xFFFFFFFFL);
    }

    private Launch add(Kind kind, long value) {
        kinds[count] = kind;
        values[count++] = value;
        return this;
    }

    /// Adds the last argument, `elements`, and runs one lane for each of them.
    void over(long elements) {
        if (elements > 0) {
            wide(elements);
            lanes(elements);
        }
    }

    /// Runs at least `lanes` lanes.
    void lanes(long lanes) {
        groups(Math.toIntExact((lanes + kernel.lanes() - 1) / kernel.lanes()), 1);
    }

    void groups(int x, int y) {
        groupsX = x;
        groupsY = y;
        if (x > 0 && y > 0) {
            device.launch(this);
        }
    }

    public GpuKernel kernel() { return kernel; }

    public DType encoding() { return encoding; }

    public int argumentCount() { return count; }

    public Kind kind(int argument) { return kinds[argument]; }

    /// The argument's bits, in the low half where it has 4 bytes.
    public long value(int argument) { return values[argument]; }

    public int groupsX() { return groupsX; }

    public int groupsY() { return groupsY; }

    /// For errors: the kernel, its shape, and the arguments that are numbers.
    @Override
    public String toString() {
        var text = new StringBuilder("%s %s of %d x %d groups of %d, arguments".formatted(
                kernel.symbol(), encoding, groupsX, groupsY, kernel.lanes()));
        for (int i = 0; i < count; i++) {
            switch (kinds[i]) {
                case BASE -> text.append(" buffer");
                case WIDE, INT -> text.append(' ').append(values[i]);
                case FLOAT -> text.append(' ').append(Float.intBitsToFloat((int) values[i]));
            }
        }
        return text.toString();
    }
}
