package dev.sluice.kernels.vector;

import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.spi.WeightLoader;

/// Packs weights on the thread that asks, into rooms that may have held another weight. The room
/// is cleared first, because a packer leaves out rows beyond the last and columns that fill a
/// unit. Used by one thread at a time.
final class PackedLoader implements WeightLoader {
    private final WeightPacker packer = new WeightPacker();

    @Override
    public void load(Matrix host, Matrix room) {
        PackedFormat format = PackedFormat.of(host.dtype());
        long groupBytes = format.groupBytes(host.cols());
        int groups = PackedFormat.groups(host.rows());
        room.memory().asSlice(room.byteOffset(), groups * groupBytes).fill((byte) 0);
        for (int group = 0; group < groups; group++) {
            packer.pack(host, group, room.memory(), room.byteOffset() + group * groupBytes);
        }
        if (host.memory().isMapped()) {
            host.memory().asSlice(host.byteOffset(), host.byteSize()).unload();
        }
    }
}
