package dev.sluice.kernels.tornado;

import dev.sluice.kernels.DeviceBudgetException;
import java.util.ArrayList;
import java.util.List;

/// Which words of the device's memory are taken: cut off one after another, and those given back
/// are used again for what fits. Engine thread only.
final class WordRooms {
    /// Every room begins at a multiple of it: 256 bytes.
    static final int ALIGNMENT = 64;

    private final int words;
    private final List<Room> free = new ArrayList<>();
    private int used;

    private record Room(int from, int count) { }

    WordRooms(int words) {
        this.words = words;
    }

    private static long padded(long bytes) {
        return Math.ceilDiv(Math.max(bytes, 1), 4L * ALIGNMENT) * ALIGNMENT;
    }

    /// First word of a room for that many bytes.
    int take(long bytes, String what) {
        long count = padded(bytes);
        for (int i = 0; i < free.size(); i++) {
            Room room = free.get(i);
            if (room.count >= count) {
                int rest = (int) (room.count - count);
                if (rest == 0) {
                    free.remove(i);
                } else {
                    free.set(i, new Room(room.from + (int) count, rest));
                }
                return room.from;
            }
        }
        if (count > words - used) {
            throw new DeviceBudgetException(("%s needs %,d bytes, but of the device's budget of "
                    + "%,d bytes only %,d are left (--gpu-memory)").formatted(
                            what, 4 * count, 4L * words, 4L * (words - used)));
        }
        int from = used;
        used += (int) count;
        return from;
    }

    /// Gives a room back.
    void give(int from, long bytes) {
        free.add(new Room(from, (int) padded(bytes)));
    }
}
