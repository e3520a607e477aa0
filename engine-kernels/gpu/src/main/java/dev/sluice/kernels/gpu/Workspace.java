package dev.sluice.kernels.gpu;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import java.util.EnumMap;
import java.util.Map;

/// Scratch of the operations, one room a use. A room grows to the largest step that was seen, so
/// that a decode allocates nothing. Engine thread only.
final class Workspace {
    enum Room { CODES, SCALES, SUMS, STARTS, ORDER, TILES, GATE, UP, EXPERT_ROWS, ATTENTION }

    private final Device device;
    private final Map<Room, Matrix> rooms = new EnumMap<>(Room.class);
    private final Map<Room, Matrix> views = new EnumMap<>(Room.class);

    Workspace(Device device) {
        this.device = device;
    }

    /// [rows, cols], its contents undefined, valid until the room is asked for again.
    Matrix room(Room room, DType dtype, int rows, int cols) {
        Matrix view = views.get(room);
        if (view != null && view.dtype() == dtype && view.rows() == rows && view.cols() == cols) {
            return view;
        }
        Matrix whole = rooms.get(room);
        long words = (long) rows * cols;
        if (whole == null || whole.cols() < words) {
            if (whole != null) {
                rooms.remove(room);
                device.free(whole);
            }
            whole = device.lend(DType.I32, 1, Math.toIntExact(Math.max(words, 1)),
                    "scratch for " + room);
            rooms.put(room, whole);
        }
        view = Matrix.of(dtype, rows, cols, whole.memory(), whole.byteOffset());
        views.put(room, view);
        return view;
    }
}
