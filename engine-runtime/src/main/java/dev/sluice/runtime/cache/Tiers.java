package dev.sluice.runtime.cache;

import dev.sluice.models.CausalLm;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/// The host and the disk tier: pages that were evicted, in a native arena of fixed slots and in the
/// files of a folder, both bounded. A chunk leaves the host tier when it is restored or when its
/// slot is needed for another; what is worth it is written to the disk as soon as it is evicted, so
/// that its slot can be had at any time.
///
///     pool --demote--> slot --write--> file       pool <--restore-- slot <--read-- file
///
/// Checksums are verified on every way back; a chunk that fails is discarded and computed again.
/// Engine thread only; files are [DiskThread]'s.
final class Tiers implements AutoCloseable {
    private final CausalLm model;
    private final TreeNodes nodes;
    private final Costs costs;
    private final ChunkFile format;
    private final ChainHash hash;
    private final ChunkIndex index = new ChunkIndex();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;
    private final long slotBytes;
    private final int[] freeSlots;
    private int freeCount;
    private final Optional<DiskThread> disk;
    private final long diskBytesMax;
    private final String note;
    /// Least recently used first.
    private final LinkedHashSet<Chunk> inHost = new LinkedHashSet<>();
    private final LinkedHashSet<Chunk> onDisk = new LinkedHashSet<>();
    private long diskBytes;
    private long demoted;
    private long restored;
    private long diskWrites;
    private long diskReads;
    private long discards;
    private int transfers;

    Tiers(CausalLm model, TreeNodes nodes, KvTiers limits, Costs costs, LongSupplier clock) {
        this.model = model;
        this.nodes = nodes;
        this.costs = costs;
        long[] pageBytes = new long[nodes.groups];
        for (int group = 0; group < pageBytes.length; group++) {
            pageBytes[group] = model.pageBytes(group);
        }
        format = new ChunkFile(limits.fingerprint(), nodes.pageSize, pageBytes);
        hash = new ChainHash(nodes.pageSize);
        slotBytes = format.slotBytes();
        int slots = (int) Math.min(limits.hostBytes() / slotBytes, Integer.MAX_VALUE / 2);
        if (limits.hostBytes() > 0 && slots == 0) {
            throw new IllegalArgumentException(
                    "a host tier of %,d bytes, but one page of all groups takes %,d"
                    .formatted(limits.hostBytes(), slotBytes));
        }
        memory = arena.allocate(Math.max(1, slots * slotBytes), 64);
        freeSlots = new int[slots];
        for (int i = 0; i < slots; i++) {
            freeSlots[i] = slots - 1 - i;
        }
        freeCount = slots;
        diskBytesMax = limits.diskBytes();
        if (diskBytesMax > 0) {
            var thread = new DiskThread(limits.folder(), format, clock);
            disk = Optional.of(thread);
            note = list(limits.folder(), thread.start());
        } else {
            disk = Optional.empty();
            note = slots == 0 ? "no tiers" : "host tier of %,d bytes".formatted(slots * slotBytes);
        }
    }

    private String list(Path folder, DiskThread.Found found) {
        for (Chunk chunk : found.chunks()) {
            chunk.onDisk = true;
            index.add(chunk);
            onDisk.add(chunk);
        }
        diskBytes = found.bytes();
        discards = found.discarded();
        shrinkDisk(0);
        return "host tier of %,d bytes; %s: %,d of %,d bytes in %d files, %d files discarded"
                .formatted(freeSlots.length * slotBytes, folder, diskBytes, diskBytesMax,
                        onDisk.size(), found.discarded());
    }

    /// What was found at start.
    String note() { return note; }

    boolean enabled() { return freeSlots.length > 0; }

    boolean empty() { return index.size() == 0; }

    ChunkFile format() { return format; }

    CacheStats.Tiers stats() {
        return new CacheStats.Tiers((freeSlots.length - freeCount) * slotBytes, diskBytes, demoted,
                restored, diskWrites, diskReads, discards);
    }

    // ---- keys -------------------------------------------------------------------------------

    ChunkKey rootKey(CacheSpace space) { return hash.root(space); }

    /// The key behind the page that begins at `start` with `pageSize` tokens.
    ChunkKey next(ChunkKey parent, int[] tokens, int start) {
        return hash.next(parent, tokens, start, start + nodes.pageSize);
    }

    /// The key of the path before a node's page; kept with the node, so that the next page of a
    /// path costs one hash.
    ChunkKey keyBefore(int node, CacheSpace space) {
        if (nodes.isRoot(node)) {
            return hash.root(space);
        }
        if (nodes.keyHigh[node] != 0 || nodes.keyLow[node] != 0) {
            return new ChunkKey(nodes.keyHigh[node], nodes.keyLow[node]);
        }
        // Upwards to a key that is known, then down again.
        var path = new ArrayList<Integer>();
        int at = node;
        while (!nodes.isRoot(at) && nodes.keyHigh[at] == 0 && nodes.keyLow[at] == 0) {
            path.add(at);
            at = nodes.parent[at];
        }
        ChunkKey key = nodes.isRoot(at) ? hash.root(space)
                : new ChunkKey(nodes.keyHigh[at], nodes.keyLow[at]);
        for (int i = path.size() - 1; i >= 0; i--) {
            int below = path.get(i);
            int above = nodes.parent[below];
            if (!nodes.isRoot(above) && nodes.pageIndex(above) != nodes.pageIndex(below)) {
                int[] page = nodes.pageTokens(above);
                key = hash.next(key, page, 0, page.length);
            }
            nodes.keyHigh[below] = key.high();
            nodes.keyLow[below] = key.low();
        }
        return key;
    }

    // ---- taking in --------------------------------------------------------------------------

    /// Keeps what a leaf holds that is about to be evicted, if reading it back is cheaper than
    /// computing it again.
    void demote(int leaf, CacheSpace space) {
        int[] tokens = nodes.pageTokens(leaf);
        long groups = 0;
        long bytes = 0;
        for (int group = 0; group < nodes.groups; group++) {
            if (nodes.page(leaf, group) != PagePool.NO_PAGE) {
                groups |= 1L << group;
                bytes += model.pageBytes(group);
            }
        }
        int start = nodes.pageIndex(leaf) * nodes.pageSize;
        if (groups == 0 || costs.loadNanos(bytes, 0) >= costs.recomputeNanos(tokens.length)) {
            return;
        }
        ChunkKey parent = keyBefore(leaf, space);
        if (!replaces(parent, tokens, groups)) {
            return;
        }
        int slot = takeSlot();
        if (slot == Chunk.NO_SLOT) {
            return;
        }
        MemorySegment to = slot(slot);
        int[] sums = new int[nodes.groups];
        for (int group = 0; group < nodes.groups; group++) {
            if ((groups >>> group & 1) != 0) {
                MemorySegment page = format.page(to, group);
                model.exportPage(group, nodes.page(leaf, group), page);
                sums[group] = ChunkFile.checksum(page);
            }
        }
        var chunk = new Chunk(parent, start, tokens, groups, sums);
        chunk.slot = slot;
        index.add(chunk);
        inHost.add(chunk);
        demoted++;
        if (nodes.keep[leaf]) {
            write(chunk);
        }
    }

    /// Whether a chunk of these groups is better than what there is; an inferior one is removed.
    private boolean replaces(ChunkKey parent, int[] tokens, long groups) {
        Optional<Chunk> old = index.same(parent, tokens);
        if (old.isEmpty()) {
            return true;
        }
        Chunk chunk = old.get();
        if ((chunk.groups & groups) == groups || chunk.transfer != Chunk.Transfer.NONE) {
            return false;
        }
        remove(chunk);
        return true;
    }

    private void remove(Chunk chunk) {
        if (inHost.remove(chunk)) {
            leaveHost(chunk);
        }
        if (onDisk.remove(chunk)) {
            leaveDisk(chunk);
        }
        index.remove(chunk);
    }

    private void write(Chunk chunk) {
        long bytes = format.byteSize(chunk);
        if (disk.isEmpty() || bytes > diskBytesMax) {
            return;
        }
        shrinkDisk(bytes);
        if (diskBytes + bytes > diskBytesMax) {
            return;
        }
        diskBytes += bytes;
        chunk.transfer = Chunk.Transfer.WRITING;
        transfers++;
        disk.get().give(new DiskThread.Job.Write(chunk, slot(chunk.slot), name(chunk)));
    }

    private String name(Chunk chunk) {
        return hash.next(chunk.parent, chunk.tokens, 0, chunk.tokens.length).toString();
    }

    /// Deletes the files that were not used for the longest time until there is room.
    private void shrinkDisk(long forBytes) {
        var oldest = onDisk.iterator();
        while (diskBytes + forBytes > diskBytesMax && oldest.hasNext()) {
            Chunk chunk = oldest.next();
            if (chunk.transfer == Chunk.Transfer.NONE) {
                oldest.remove();
                leaveDisk(chunk);
                forget(chunk);
            }
        }
    }

    private void leaveDisk(Chunk chunk) {
        chunk.onDisk = false;
        diskBytes -= format.byteSize(chunk);
        disk.orElseThrow().give(new DiskThread.Job.Delete(name(chunk)));
    }

    /// A free slot, if need be that of the chunk that was not used for the longest time, of one
    /// that has a file first, or [Chunk#NO_SLOT] when all are being read or written.
    private int takeSlot() {
        if (freeCount == 0) {
            freeOne(true);
        }
        if (freeCount == 0) {
            freeOne(false);
        }
        return freeCount == 0 ? Chunk.NO_SLOT : freeSlots[--freeCount];
    }

    private void freeOne(boolean withFile) {
        for (Chunk chunk : inHost) {
            if (chunk.transfer == Chunk.Transfer.NONE && chunk.onDisk == withFile) {
                inHost.remove(chunk);
                leaveHost(chunk);
                forget(chunk);
                return;
            }
        }
    }

    /// Whether a chunk could be written to disk now without giving up another.
    boolean canWriteAhead() {
        if (disk.isEmpty() || freeCount > 0) {
            return disk.isPresent();
        }
        for (Chunk chunk : inHost) {
            if (chunk.transfer == Chunk.Transfer.NONE && chunk.onDisk) {
                return true;
            }
        }
        return false;
    }

    private void leaveHost(Chunk chunk) {
        freeSlots[freeCount++] = chunk.slot;
        chunk.slot = Chunk.NO_SLOT;
    }

    /// Takes a chunk out of the index that is in no tier any more.
    private void forget(Chunk chunk) {
        if (chunk.slot == Chunk.NO_SLOT && !chunk.onDisk) {
            index.remove(chunk);
        }
    }

    private MemorySegment slot(int slot) {
        return memory.asSlice(slot * slotBytes, slotBytes);
    }

    // ---- giving back ------------------------------------------------------------------------

    /// The chunks that go on from position `from` of a prompt, up to `limit`, in order.
    ///
    /// @param key  of the path before the page that `from` lies in
    List<Chunk> find(ChunkKey key, int[] tokens, int from, int limit) {
        var found = new ArrayList<Chunk>();
        ChunkKey parent = key;
        int pageStart = from - from % nodes.pageSize;
        boolean more = true;
        while (more && pageStart < limit) {
            int common = index.longest(parent, tokens, limit);
            more = false;
            if (pageStart + common > from && index.best().start == pageStart) {
                found.add(index.best());
                more = common == nodes.pageSize;
            }
            if (more) {
                parent = next(parent, tokens, pageStart);
                pageStart += nodes.pageSize;
            }
        }
        return found;
    }

    /// Whether reading the chunks back takes less time than computing `tokens`.
    boolean worthwhile(List<Chunk> chunks, int tokens) {
        long hostBytes = 0;
        long bytesOfDisk = 0;
        for (Chunk chunk : chunks) {
            if (chunk.slot == Chunk.NO_SLOT) {
                bytesOfDisk += format.byteSize(chunk);
            } else {
                hostBytes += format.byteSize(chunk);
            }
        }
        return costs.loadNanos(hostBytes, bytesOfDisk) < costs.recomputeNanos(tokens);
    }

    /// Keeps chunks in host memory until [#letGo].
    void hold(List<Chunk> chunks) {
        for (Chunk chunk : chunks) {
            if (chunk.transfer == Chunk.Transfer.NONE && chunk.slot != Chunk.NO_SLOT) {
                chunk.transfer = Chunk.Transfer.RESTORING;
            }
        }
    }

    void letGo(List<Chunk> chunks) {
        for (Chunk chunk : chunks) {
            if (chunk.transfer == Chunk.Transfer.RESTORING) {
                chunk.transfer = Chunk.Transfer.NONE;
            }
        }
    }

    /// Whether a chunk's pages can be had now.
    boolean ready(Chunk chunk) {
        return chunk.slot != Chunk.NO_SLOT && chunk.transfer != Chunk.Transfer.READING;
    }

    /// Asks for a chunk's file to be read, unless it is already on its way or no slot is free.
    void fetch(Chunk chunk) {
        if (chunk.transfer != Chunk.Transfer.NONE || chunk.slot != Chunk.NO_SLOT
                || !chunk.onDisk) {
            return;
        }
        int slot = takeSlot();
        if (slot != Chunk.NO_SLOT) {
            chunk.slot = slot;
            chunk.transfer = Chunk.Transfer.READING;
            transfers++;
            disk.orElseThrow().give(new DiskThread.Job.Read(chunk, slot(slot), name(chunk)));
        }
    }

    /// Whether all pages of a chunk that is ready are what was written. A chunk that is not is
    /// discarded.
    boolean sound(Chunk chunk) {
        for (int group = 0; group < nodes.groups; group++) {
            if (chunk.has(group)
                    && ChunkFile.checksum(page(chunk, group)) != chunk.checksums[group]) {
                discard(chunk);
                return false;
            }
        }
        return true;
    }

    /// A group's page of a chunk that is ready.
    MemorySegment page(Chunk chunk, int group) {
        return format.page(slot(chunk.slot), group);
    }

    /// Notes that a chunk is in the pool again; its file stays.
    ///
    /// @param whole  whether all of its tokens are
    void restored(Chunk chunk, boolean whole) {
        restored++;
        if (whole && chunk.transfer == Chunk.Transfer.RESTORING) {
            chunk.transfer = Chunk.Transfer.NONE;
            inHost.remove(chunk);
            leaveHost(chunk);
            forget(chunk);
        }
        if (chunk.onDisk) {
            onDisk.remove(chunk);
            onDisk.add(chunk);
        }
    }

    private void discard(Chunk chunk) {
        discards++;
        if (chunk.transfer == Chunk.Transfer.NONE
                || chunk.transfer == Chunk.Transfer.RESTORING) {
            chunk.transfer = Chunk.Transfer.NONE;
            remove(chunk);
        }
    }

    // ---- what the disk has done -------------------------------------------------------------

    /// Collects finished reads and writes.
    void poll() {
        if (transfers == 0 || disk.isEmpty()) {
            return;
        }
        var done = disk.get().done();
        for (DiskThread.Done next = done.poll(); next != null; next = done.poll()) {
            switch (next.job()) {
                case DiskThread.Job.Write(var chunk, _, _) -> written(chunk, next);
                case DiskThread.Job.Read(var chunk, _, _) -> read(chunk, next);
                case DiskThread.Job.Delete _, DiskThread.Job.Stop _ -> { }
            }
        }
    }

    private void written(Chunk chunk, DiskThread.Done done) {
        transfers--;
        chunk.transfer = Chunk.Transfer.NONE;
        if (done.sound()) {
            diskWrites++;
            chunk.onDisk = true;
            onDisk.add(chunk);
        } else {
            diskBytes -= format.byteSize(chunk);
        }
    }

    private void read(Chunk chunk, DiskThread.Done done) {
        transfers--;
        chunk.transfer = Chunk.Transfer.NONE;
        if (done.sound()) {
            diskReads++;
            costs.disk(format.byteSize(chunk), done.nanos());
            inHost.add(chunk);
        } else {
            leaveHost(chunk);
            discard(chunk);
        }
    }

    /// Whether reads or writes are under way.
    boolean busy() { return transfers > 0; }

    /// Closing twice does nothing.
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            disk.ifPresent(DiskThread::close);
            arena.close();
        }
    }
}
