package dev.sluice.runtime.cache;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A sequence's tokens and pages in memory of their own, on the way to a file or back. Reading and
/// writing are for any thread but the engine's, taking and using ([KvCache#snapshot],
/// [KvCache#restore]) for the engine's.
public final class SavedSession implements AutoCloseable {
    private final ChunkFile format;
    private final ChunkKey root;
    private final List<Chunk> chunks;
    private final Arena arena;
    private final MemorySegment[] pages;

    private SavedSession(ChunkFile format, ChunkKey root, List<Chunk> chunks, Arena arena) {
        this.format = format;
        this.root = root;
        this.chunks = chunks;
        this.arena = arena;
        pages = new MemorySegment[chunks.size()];
        for (int i = 0; i < pages.length; i++) {
            pages[i] = arena.allocate(Math.max(1, format.packedBytes(chunks.get(i))), 64);
        }
    }

    /// With room for the chunks' pages, which the caller fills in before anything else.
    static SavedSession room(ChunkFile format, ChunkKey root, List<Chunk> chunks) {
        return new SavedSession(format, root, chunks, Arena.ofShared());
    }

    /// Where a group's page of a chunk is.
    MemorySegment page(Chunk chunk, int group) {
        return format.packed(pages[chunk.start / format.pageSize()], chunk, group);
    }

    List<Chunk> chunks() { return chunks; }

    ChunkKey root() { return root; }

    /// The tokens of the positions saved.
    public int[] tokens() {
        int length = 0;
        for (Chunk chunk : chunks) {
            length += chunk.tokens.length;
        }
        int[] tokens = new int[length];
        for (Chunk chunk : chunks) {
            System.arraycopy(chunk.tokens, 0, tokens, chunk.start, chunk.tokens.length);
        }
        return tokens;
    }

    /// Writes the file, whole or not at all.
    public void write(Path file) throws IOException {
        format.write(file, new ChunkFile.Header(root, chunks.size(), true), chunks, this::page);
    }

    /// Reads and checks a file that [#write] wrote.
    static SavedSession read(Path file, ChunkFile format)
            throws IOException, ForeignCacheException {
        try (var in = FileChannel.open(file)) {
            ChunkFile.Header header = format.readHeader(file, in);
            if (!header.session()) {
                throw new ForeignCacheException(file, "a page of the disk tier, not a session");
            }
            var chunks = new ArrayList<Chunk>();
            for (int i = 0; i < header.count(); i++) {
                chunks.add(format.readRun(file, in, header.parent()));
                format.skipPages(file, in, chunks.getLast());
            }
            format.requireEnd(file, in);
            requireOnePath(file, chunks, format.pageSize());
            var session = room(format, header.parent(), chunks);
            try {
                session.readPages(file, in);
            } catch (IOException | ForeignCacheException e) {
                session.close();
                throw e;
            }
            return session;
        }
    }

    private static void requireOnePath(Path file, List<Chunk> chunks, int pageSize)
            throws ForeignCacheException {
        for (int i = 0; i < chunks.size(); i++) {
            Chunk chunk = chunks.get(i);
            boolean full = chunk.tokens.length == pageSize || i == chunks.size() - 1;
            if (chunk.start != i * pageSize || !full) {
                throw new ForeignCacheException(file, "its runs do not follow one another");
            }
        }
    }

    private void readPages(Path file, FileChannel in) throws IOException, ForeignCacheException {
        in.position(0);
        format.readHeader(file, in);
        for (Chunk chunk : chunks) {
            format.readRun(file, in, root);
            format.readPages(file, in, chunk, this::page);
        }
    }

    /// Frees the memory.
    @Override
    public void close() {
        arena.close();
    }
}
