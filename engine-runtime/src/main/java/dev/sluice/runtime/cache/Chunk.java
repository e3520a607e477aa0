package dev.sluice.runtime.cache;

/// What a tier keeps of one page index of a path: the tokens, and a page of each group that had
/// one. The parts of the first paragraph never change and may be read by any thread; the rest is
/// the engine thread's.
final class Chunk {
    /// Not in host memory.
    static final int NO_SLOT = -1;

    /// What keeps it where it is: the tiers' thread, or the engine's while it restores.
    enum Transfer { NONE, WRITING, READING, RESTORING }

    final ChunkKey parent;
    /// First position; a multiple of the page size.
    final int start;
    final int[] tokens;
    /// Bit g is set when there is a page of group g.
    final long groups;
    /// CRC-32C of each group's page; 0 where there is none.
    final int[] checksums;

    int slot = NO_SLOT;
    boolean onDisk;
    Transfer transfer = Transfer.NONE;
    /// The next chunk with the same parent.
    Chunk sibling;

    Chunk(ChunkKey parent, int start, int[] tokens, long groups, int[] checksums) {
        this.parent = parent;
        this.start = start;
        this.tokens = tokens;
        this.groups = groups;
        this.checksums = checksums;
    }

    boolean has(int group) {
        return (groups >>> group & 1) != 0;
    }

    /// Tokens at its start that equal `prompt`, which is indexed by position, before `limit`.
    int common(int[] prompt, int limit) {
        int length = Math.max(0, Math.min(tokens.length, limit - start));
        int mismatch = java.util.Arrays.mismatch(
                tokens, 0, length, prompt, start, start + length);
        return mismatch < 0 ? length : mismatch;
    }
}
