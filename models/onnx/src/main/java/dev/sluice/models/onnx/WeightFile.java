package dev.sluice.models.onnx;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;

/// The file of external data beside an ONNX model: tensors one after another, written through a
/// mapping, so that a model of any size needs no memory. One thread.
final class WeightFile implements AutoCloseable {
    /// Large tensors begin on a page, so that a reader can map them.
    private static final int LARGE_ALIGNMENT = 4096;
    private static final int SMALL_ALIGNMENT = 64;

    private final Path path;
    private final FileChannel channel;
    private long end;

    /// Where a tensor lies.
    ///
    /// @param file  name of the file beside the model
    record Place(String file, long offset, long bytes) { }

    WeightFile(Path path) {
        this.path = path;
        try {
            channel = FileChannel.open(path, StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.READ,
                    StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new UncheckedIOException("writing " + path, e);
        }
    }

    /// Has `content` fill the next `bytes` of the file.
    Place write(long bytes, Consumer<MemorySegment> content) {
        int alignment = bytes >= LARGE_ALIGNMENT ? LARGE_ALIGNMENT : SMALL_ALIGNMENT;
        long offset = (end + alignment - 1) / alignment * alignment;
        try (Arena arena = Arena.ofConfined()) {
            content.accept(channel.map(FileChannel.MapMode.READ_WRITE, offset, bytes, arena));
        } catch (IOException e) {
            throw new UncheckedIOException("writing " + path, e);
        }
        end = offset + bytes;
        return new Place(path.getFileName().toString(), offset, bytes);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException("writing " + path, e);
        }
    }
}
