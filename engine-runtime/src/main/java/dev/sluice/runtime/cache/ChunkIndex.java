package dev.sluice.runtime.cache;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// The chunks of all tiers by their parent's key; chunks with one parent hang together. Engine
/// thread only.
final class ChunkIndex {
    private final Map<ChunkKey, Chunk> firsts = new HashMap<>();
    private int size;
    private Chunk best;

    int size() { return size; }

    void add(Chunk chunk) {
        Chunk old = firsts.put(chunk.parent, chunk);
        chunk.sibling = old == null ? chunk : old;
        size++;
    }

    /// Takes a chunk out; it is in.
    void remove(Chunk chunk) {
        Chunk first = firsts.get(chunk.parent);
        if (first == chunk) {
            if (last(chunk)) {
                firsts.remove(chunk.parent);
            } else {
                firsts.put(chunk.parent, chunk.sibling);
            }
        } else {
            Chunk before = first;
            while (before.sibling != chunk) {
                before = before.sibling;
            }
            before.sibling = last(chunk) ? before : chunk.sibling;
        }
        size--;
    }

    /// The last of a parent's chunks is its own sibling.
    private static boolean last(Chunk chunk) {
        return chunk.sibling == chunk;
    }

    /// The length of the longest match with `prompt` (indexed by position) before `limit` among the
    /// chunks behind `parent`; [#best] then has the chunk.
    int longest(ChunkKey parent, int[] prompt, int limit) {
        int longest = 0;
        Chunk chunk = firsts.get(parent);
        for (boolean more = chunk != null; more; ) {
            int common = chunk.common(prompt, limit);
            if (common > longest) {
                longest = common;
                best = chunk;
            }
            more = !last(chunk);
            chunk = chunk.sibling;
        }
        return longest;
    }

    /// The chunk that the last successful [#longest] has found.
    Chunk best() { return best; }

    /// The chunk with exactly these tokens behind `parent`.
    Optional<Chunk> same(ChunkKey parent, int[] tokens) {
        Chunk chunk = firsts.get(parent);
        for (boolean more = chunk != null; more; ) {
            if (java.util.Arrays.equals(chunk.tokens, tokens)) {
                return Optional.of(chunk);
            }
            more = !last(chunk);
            chunk = chunk.sibling;
        }
        return Optional.empty();
    }
}
