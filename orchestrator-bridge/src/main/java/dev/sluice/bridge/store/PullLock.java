package dev.sluice.bridge.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/// Keeps two pulls of one model apart, in one process and in several. The system lets go of it
/// when the process dies, however it dies.
final class PullLock implements AutoCloseable {
    /// Of a model that nobody pulls.
    static final PullLock NONE = new PullLock(List.of());

    /// None or one.
    private final List<FileChannel> channel;

    private PullLock(List<FileChannel> channel) {
        this.channel = channel;
    }

    /// @throws PullException if another has it
    static PullLock take(String name, Path file) {
        try {
            Files.createDirectories(file.getParent());
            FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (isTaken(channel)) {
                channel.close();
                throw new PullException(name + " is being pulled by another process");
            }
            return new PullLock(List.of(channel));
        } catch (IOException e) {
            throw PartFile.failure(file, e);
        }
    }

    private static boolean isTaken(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock == null;
        } catch (OverlappingFileLockException e) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        for (FileChannel each : channel) {
            each.close();
        }
    }
}
