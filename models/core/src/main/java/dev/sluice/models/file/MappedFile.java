package dev.sluice.models.file;

import dev.sluice.models.MalformedModelException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// A file and its read-only mapping while a reader checks it. Closing lets go of the file; the
/// mapping lives as long as the arena that it was made in.
///
/// A read of mapped bytes that are no longer in the file is a fault of the JVM (an `InternalError`
/// at some later point), so the file is held open and [#requireUnchanged] compares sizes before the
/// first read and after the last.
final class MappedFile implements AutoCloseable {
    /// A segment becomes a buffer only up to a few bytes below 2^31; a header ends long before.
    private static final long HEADER_BYTES_MAX = Integer.MAX_VALUE - 15;

    private final Path path;
    private final FileChannel channel;
    private final MemorySegment memory;

    private MappedFile(Path path, FileChannel channel, MemorySegment memory) {
        this.path = path;
        this.channel = channel;
        this.memory = memory;
    }

    static MappedFile open(Path path, Arena arena) {
        if (Files.isDirectory(path)) {
            throw new MalformedModelException(path, "a folder where a file was wanted");
        }
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new MalformedModelException(path, "not a regular file");
        }
        FileChannel channel = null;
        try {
            channel = FileChannel.open(path, StandardOpenOption.READ);
            MemorySegment memory =
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            var mapped = new MappedFile(path, channel, memory);
            channel = null;
            return mapped;
        } catch (IOException e) {
            throw unreadable(path, e);
        } finally {
            closeQuietly(channel);
        }
    }

    static MalformedModelException unreadable(Path path, IOException cause) {
        String reason = switch (cause) {
            case NoSuchFileException _ -> "no such file";
            case FileSystemException e when e.getReason() != null -> e.getReason();
            default -> cause.getClass().getSimpleName() + ": " + cause.getMessage();
        };
        return new MalformedModelException(path, reason);
    }

    Path path() { return path; }

    /// The whole file.
    MemorySegment memory() { return memory; }

    long size() { return memory.byteSize(); }

    /// The file's first bytes, little-endian, as many as a buffer can hold. Buffer reads warm up
    /// faster than segment reads, and headers are read once in a cold JVM.
    ByteBuffer header() {
        return memory.asSlice(0, Math.min(size(), HEADER_BYTES_MAX)).asByteBuffer()
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    /// Throws when the file has become shorter than its mapping.
    void requireUnchanged() {
        try {
            long now = channel.size();
            if (now < size()) {
                throw new MalformedModelException(path, now,
                        "the file was cut from %d to %d bytes while it was opened"
                                .formatted(size(), now));
            }
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    @Override
    public void close() { closeQuietly(channel); }

    /// Closing a file that was only read can not lose anything, so a failure has no one to tell.
    private static void closeQuietly(FileChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException _) {
            // See above.
        }
    }
}
