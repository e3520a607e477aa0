package dev.sluice.runtime.cache;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.LongSupplier;

/// The folder of the disk tier and the one thread that touches it. The engine thread hands it jobs
/// and collects what is done; it never waits for a disk. What a job needs is a slot of the host
/// tier, so there are never more of them than slots and files.
final class DiskThread implements AutoCloseable {
    private static final String SUFFIX = ".kv";

    /// One thing to do with a chunk's file. The slot belongs to the thread until it is done.
    sealed interface Job {
        record Write(Chunk chunk, MemorySegment slot, String name) implements Job {}

        record Read(Chunk chunk, MemorySegment slot, String name) implements Job {}

        record Delete(String name) implements Job {}

        record Stop() implements Job {}
    }

    /// @param sound  whether the file is now written, or was read and is what it should be
    /// @param nanos  that it took
    record Done(Job job, boolean sound, long nanos) {}

    /// What the folder held at start.
    ///
    /// @param chunks     with their files' sizes as `bytes`
    /// @param discarded  files that were torn, damaged or foreign, and are gone
    record Found(List<Chunk> chunks, long bytes, int discarded) {}

    private final Path folder;
    private final ChunkFile format;
    private final LongSupplier clock;
    private final FileChannel lockFile;
    private final FileLock lock;
    private final BlockingQueue<Job> jobs = new LinkedBlockingQueue<>();
    private final Queue<Done> done = new ConcurrentLinkedQueue<>();
    private Thread thread;

    /// Takes the folder, which must belong to no other cache.
    ///
    /// @param clock  by which jobs are timed
    DiskThread(Path folder, ChunkFile format, LongSupplier clock) {
        this.clock = clock;
        this.folder = folder;
        this.format = format;
        try {
            Files.createDirectories(folder);
            lockFile = FileChannel.open(folder.resolve("lock"),
                    StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            lock = tryLock(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(folder + ": no folder for pages", e);
        }
    }

    private FileLock tryLock(Path where) throws IOException {
        FileLock taken;
        try {
            taken = lockFile.tryLock();
        } catch (OverlappingFileLockException e) {
            lockFile.close();
            throw new IllegalStateException(where + ": in use by another cache here", e);
        }
        if (taken == null) {
            lockFile.close();
            throw new IllegalStateException(where + ": in use by another process");
        }
        return taken;
    }

    /// Reads which chunks there are, removes what can not be used, and starts the thread.
    Found start() {
        var chunks = new ArrayList<Chunk>();
        long bytes = 0;
        int discarded = 0;
        try {
            for (Path file : files()) {
                try {
                    Optional<Chunk> chunk = describe(file);
                    bytes += chunk.isPresent() ? Files.size(file) : 0;
                    chunk.ifPresent(chunks::add);
                } catch (ForeignCacheException e) {
                    Files.delete(file);
                    discarded++;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(folder + ": can not be read", e);
        }
        thread = Thread.ofPlatform().name("kv-tier").daemon().start(this::work);
        return new Found(chunks, bytes, discarded);
    }

    /// All files of the tier, the oldest first.
    private List<Path> files() throws IOException {
        record Dated(Path file, FileTime time) {}

        var dated = new ArrayList<Dated>();
        try (var files = Files.newDirectoryStream(folder, "*" + SUFFIX + "*")) {
            for (Path file : files) {
                dated.add(new Dated(file, Files.getLastModifiedTime(file)));
            }
        }
        dated.sort(Comparator.comparing(Dated::time));
        var sorted = new ArrayList<Path>();
        for (Dated file : dated) {
            sorted.add(file.file());
        }
        return sorted;
    }

    /// The chunk of a file; none if it is a session that somebody has saved here.
    private Optional<Chunk> describe(Path file) throws IOException, ForeignCacheException {
        if (!file.toString().endsWith(SUFFIX)) {
            throw new ForeignCacheException(file, "a write that was not finished");
        }
        try (var in = FileChannel.open(file)) {
            ChunkFile.Header header = format.readHeader(file, in);
            if (header.session()) {
                return Optional.empty();
            }
            if (header.count() != 1) {
                throw new ForeignCacheException(file, header.count() + " chunks, expected one");
            }
            Chunk chunk = format.readRun(file, in, header.parent());
            format.skipPages(file, in, chunk);
            format.requireEnd(file, in);
            return Optional.of(chunk);
        }
    }

    // ---- for the engine thread --------------------------------------------------------------

    void give(Job job) {
        jobs.add(job);
    }

    /// What was done since the last call, one by one; the queue is empty when there is no more.
    Queue<Done> done() { return done; }

    /// Ends the thread once all jobs given are done.
    @Override
    public void close() {
        jobs.add(new Job.Stop());
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        try {
            lock.release();
            lockFile.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // ---- the thread -------------------------------------------------------------------------

    private void work() {
        try {
            Job job = jobs.take();
            while (!(job instanceof Job.Stop)) {
                long begin = clock.getAsLong();
                boolean sound = perform(job);
                done.add(new Done(job, sound, clock.getAsLong() - begin));
                job = jobs.take();
            }
        } catch (InterruptedException e) {
            // Only the process's end interrupts this thread.
        }
    }

    private boolean perform(Job job) {
        try {
            switch (job) {
                case Job.Write(var chunk, var slot, var name) -> format.write(
                        folder.resolve(name + SUFFIX),
                        new ChunkFile.Header(chunk.parent, 1, false), List.of(chunk),
                        (_, group) -> format.page(slot, group));
                case Job.Read(var chunk, var slot, var name) -> read(chunk, slot, name);
                case Job.Delete(var name) -> Files.deleteIfExists(folder.resolve(name + SUFFIX));
                case Job.Stop() -> { }
            }
            return true;
        } catch (IOException | ForeignCacheException e) {
            return false;
        }
    }

    private void read(Chunk chunk, MemorySegment slot, String name)
            throws IOException, ForeignCacheException {
        Path file = folder.resolve(name + SUFFIX);
        try (var in = FileChannel.open(file)) {
            ChunkFile.Header header = format.readHeader(file, in);
            Chunk found = format.readRun(file, in, header.parent());
            if (!header.parent().equals(chunk.parent) || found.start != chunk.start
                    || found.groups != chunk.groups
                    || !java.util.Arrays.equals(found.tokens, chunk.tokens)
                    || !java.util.Arrays.equals(found.checksums, chunk.checksums)) {
                throw new ForeignCacheException(file, "another chunk than when it was listed");
            }
            format.readPages(file, in, found, (_, group) -> format.page(slot, group));
            format.requireEnd(file, in);
        }
    }
}
