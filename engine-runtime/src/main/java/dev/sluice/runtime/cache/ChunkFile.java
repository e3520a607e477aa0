package dev.sluice.runtime.cache;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/// The format of files with pages: chunks of the disk tier (one each) and sessions (all chunks of a
/// path). Little-endian; every byte is under a checksum or compared.
///
///     0   8  "SLUICEKV"             48  4  chunks
///     8   4  version                52  4  groups of the model
///     12  4  page size              56  4  1 for a session, 0 for a chunk of the disk tier
///     16 16  model's fingerprint    60  4  CRC-32C of the 60 bytes before
///     32 16  key of the first chunk's parent
///     then per chunk
///         start position, number of tokens (4 + 4), groups present (8), tokens (4 each),
///         CRC-32C of each group's page (4 each, 0 for none), CRC-32C of all this (4)
///         the pages present, group after group, as the model exports them
///
/// Written beside its name, forced to the disk and then renamed, so that a file under its name is
/// whole unless the disk lies. The tiers' thread, or whoever saves a session.
final class ChunkFile {
    static final int VERSION = 1;
    private static final long MAGIC = 0x564B454349554C53L;
    private static final int HEADER_BYTES = 64;
    /// Larger runs or page sizes are damage, not data.
    private static final int PAGE_SIZE_MAX = 1 << 20;

    private final ModelFingerprint fingerprint;
    private final int pageSize;
    private final long[] pageBytes;

    /// @param pageBytes  of each group
    ChunkFile(ModelFingerprint fingerprint, int pageSize, long[] pageBytes) {
        this.fingerprint = fingerprint;
        this.pageSize = pageSize;
        this.pageBytes = pageBytes;
    }

    /// Where a chunk's pages are, one behind the other.
    interface Pages {
        MemorySegment page(Chunk chunk, int group);
    }

    /// @param parent  key of the first chunk's parent
    /// @param count   chunks that follow
    record Header(ChunkKey parent, int count, boolean session) {}

    /// Bytes of a file with this chunk alone.
    long byteSize(Chunk chunk) {
        return HEADER_BYTES + runBytes(chunk.tokens.length) + payloadBytes(chunk.groups);
    }

    private int runBytes(int tokens) {
        return 16 + 4 * tokens + 4 * pageBytes.length + 4;
    }

    private long payloadBytes(long groups) {
        long bytes = 0;
        for (int group = 0; group < pageBytes.length; group++) {
            bytes += (groups >>> group & 1) * pageBytes[group];
        }
        return bytes;
    }

    static int checksum(ByteBuffer bytes) {
        var crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    static int checksum(MemorySegment bytes) {
        return checksum(bytes.asByteBuffer());
    }

    // ---- writing ----------------------------------------------------------------------------

    /// Writes chunks that follow one another to `file`, whole or not at all.
    void write(Path file, Header header, Iterable<Chunk> chunks, Pages pages)
            throws IOException {
        Path beside = file.resolveSibling(file.getFileName() + ".tmp");
        try (var out = FileChannel.open(beside, StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            writeFully(out, header(header));
            for (Chunk chunk : chunks) {
                writeFully(out, run(chunk));
                for (int group = 0; group < pageBytes.length; group++) {
                    if (chunk.has(group)) {
                        writeFully(out, pages.page(chunk, group).asByteBuffer());
                    }
                }
            }
            out.force(true);
        }
        Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
        forceFolder(file);
    }

    /// The rename itself lasts once the folder is on the disk; where folders can not be opened
    /// (Windows) the system sees to it.
    private static void forceFolder(Path file) throws IOException {
        if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            try (var folder = FileChannel.open(file.toAbsolutePath().getParent())) {
                folder.force(true);
            }
        }
    }

    private ByteBuffer header(Header header) {
        ByteBuffer bytes = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(MAGIC).putInt(VERSION).putInt(pageSize);
        bytes.putLong(fingerprint.high()).putLong(fingerprint.low());
        bytes.putLong(header.parent.high()).putLong(header.parent.low());
        bytes.putInt(header.count).putInt(pageBytes.length).putInt(header.session ? 1 : 0);
        return bytes.putInt(checksum(bytes.duplicate().flip())).flip();
    }

    private ByteBuffer run(Chunk chunk) {
        ByteBuffer bytes = ByteBuffer.allocate(runBytes(chunk.tokens.length))
                .order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(chunk.start).putInt(chunk.tokens.length).putLong(chunk.groups);
        for (int token : chunk.tokens) {
            bytes.putInt(token);
        }
        for (int sum : chunk.checksums) {
            bytes.putInt(sum);
        }
        return bytes.putInt(checksum(bytes.duplicate().flip())).flip();
    }

    private static void writeFully(FileChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    // ---- reading ----------------------------------------------------------------------------

    /// Reads the header of a file, which must be this model's.
    Header readHeader(Path file, FileChannel in) throws IOException, ForeignCacheException {
        ByteBuffer bytes = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        readFully(file, in, bytes);
        if (bytes.getLong(0) != MAGIC) {
            throw new ForeignCacheException(file, "not a file of keys and values");
        }
        if (bytes.getInt(60) != checksum(bytes.slice(0, 60))) {
            throw new ForeignCacheException(file, "the header is damaged");
        }
        if (bytes.getInt(8) != VERSION) {
            throw new ForeignCacheException(file, "version %d, expected %d".formatted(
                    bytes.getInt(8), VERSION));
        }
        if (bytes.getLong(16) != fingerprint.high() || bytes.getLong(24) != fingerprint.low()
                || bytes.getInt(12) != pageSize || bytes.getInt(52) != pageBytes.length) {
            throw new ForeignCacheException(file, "written for another model or another setting");
        }
        return new Header(new ChunkKey(bytes.getLong(32), bytes.getLong(40)), bytes.getInt(48),
                bytes.getInt(56) == 1);
    }

    /// Reads a chunk's description, which the pages follow.
    Chunk readRun(Path file, FileChannel in, ChunkKey parent)
            throws IOException, ForeignCacheException {
        ByteBuffer sizes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        readFully(file, in, sizes);
        int count = sizes.getInt(4);
        if (count < 1 || count > Math.min(pageSize, PAGE_SIZE_MAX)) {
            throw new ForeignCacheException(file, "a run of %d tokens is damage".formatted(count));
        }
        ByteBuffer all = ByteBuffer.allocate(runBytes(count)).order(ByteOrder.LITTLE_ENDIAN);
        all.put(sizes.flip());
        readFully(file, in, all);
        int end = all.capacity() - 4;
        if (all.getInt(end) != checksum(all.duplicate().position(0).limit(end))) {
            throw new ForeignCacheException(file, "a run's description is damaged");
        }
        all.position(0);
        int start = all.getInt();
        all.getInt();
        long groups = all.getLong();
        if (start < 0 || start % pageSize != 0) {
            throw new ForeignCacheException(file, "a run at position " + start);
        }
        int[] tokens = ints(all, count);
        return new Chunk(parent, start, tokens, groups, ints(all, pageBytes.length));
    }

    private static int[] ints(ByteBuffer from, int count) {
        int[] values = new int[count];
        for (int i = 0; i < count; i++) {
            values[i] = from.getInt();
        }
        return values;
    }

    /// Reads and checks the pages of a chunk whose description was read last.
    void readPages(Path file, FileChannel in, Chunk chunk, Pages pages)
            throws IOException, ForeignCacheException {
        for (int group = 0; group < pageBytes.length; group++) {
            if (chunk.has(group)) {
                MemorySegment page = pages.page(chunk, group);
                readFully(file, in, page.asByteBuffer());
                if (checksum(page) != chunk.checksums[group]) {
                    throw new ForeignCacheException(file, "a page is damaged");
                }
            }
        }
    }

    /// Skips a chunk's pages, which must be there.
    void skipPages(Path file, FileChannel in, Chunk chunk)
            throws IOException, ForeignCacheException {
        in.position(in.position() + payloadBytes(chunk.groups));
        if (in.position() > in.size()) {
            throw new ForeignCacheException(file, "torn: %,d bytes, expected %,d".formatted(
                    in.size(), in.position()));
        }
    }

    /// A file ends behind its last chunk.
    void requireEnd(Path file, FileChannel in) throws IOException, ForeignCacheException {
        if (in.position() != in.size()) {
            throw new ForeignCacheException(file, "%,d bytes, expected %,d".formatted(
                    in.size(), in.position()));
        }
    }

    private static void readFully(Path file, FileChannel in, ByteBuffer into)
            throws IOException, ForeignCacheException {
        try {
            while (into.hasRemaining()) {
                if (in.read(into) < 0) {
                    throw new EOFException();
                }
            }
        } catch (EOFException e) {
            throw new ForeignCacheException(file, "torn: it ends at byte " + in.size());
        }
    }

    /// Bytes of all groups' pages.
    long slotBytes() { return payloadBytes(-1L >>> 64 - pageBytes.length); }

    /// A group's page within a slot that has room for all groups.
    MemorySegment page(MemorySegment slot, int group) {
        long offset = 0;
        for (int before = 0; before < group; before++) {
            offset += pageBytes[before];
        }
        return slot.asSlice(offset, pageBytes[group], JAVA_BYTE.byteAlignment());
    }

    /// Bytes of the pages that a chunk has.
    long packedBytes(Chunk chunk) { return payloadBytes(chunk.groups); }

    /// A group's page where only those are that the chunk has, one behind the other.
    MemorySegment packed(MemorySegment pages, Chunk chunk, int group) {
        long offset = payloadBytes(chunk.groups & (1L << group) - 1);
        return pages.asSlice(offset, pageBytes[group], JAVA_BYTE.byteAlignment());
    }

    int pageSize() { return pageSize; }
}
