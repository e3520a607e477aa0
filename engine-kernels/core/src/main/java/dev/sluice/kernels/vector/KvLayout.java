package dev.sluice.kernels.vector;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.KvPages;

/// Where the bytes of keys and values lie inside a page of the vector backend. Pure arithmetic.
///
/// A page holds its KV heads one after another, a head its tiles of at most [#TILE] positions.
/// One tile is contiguous, so a reader fetches it with one copy. Keys lie turned, dimension by
/// dimension, because scores are computed with the lanes over positions, which needs no sum
/// across lanes; values lie in rows, because outputs are computed with the lanes over dimensions.
/// Latent pages (MLA) serve as both and lie in rows.
///
///     page:             | head 0: tile 0, tile 1, .. | head 1: .. | padding to 64 bytes |
///     keys, floats:     [keyDim][T]
///     keys, Q8_0:       codes i8 [keyDim][T], scales f16 [keyDim/32][T]
///     values, floats:   [T][valueDim]
///     values, Q8_0:     codes i8 [T][valueDim], scales f16 [T][valueDim/32]
///
/// Q8_0 blocks are 32 elements of one head of one position, so that storing a position never
/// touches another one's bytes.
final class KvLayout {
    /// Positions that are decoded and multiplied together: two of the widest float vectors, and
    /// 16 KiB of keys at 128 dimensions, a third of a first-level cache.
    static final int TILE = 32;

    private KvLayout() { }

    /// Positions of a stored tile: a page shorter than a tile is one tile.
    static int tilePositions(KvPages pages) {
        return Math.min(TILE, pages.pageSize());
    }

    /// Words of a page of `heads` heads of `dim` elements, or the reason why it can not be.
    static int pageWords(DType dtype, int pageSize, int heads, int dim, String name) {
        boolean stored = switch (dtype) {
            case F32, F16, BF16, Q8_0 -> true;
            case I32, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4,
                    F8_E4M3 -> false;
        };
        if (!stored) {
            throw new IllegalArgumentException(
                    "KV is stored as F32, F16, BF16 or Q8_0, got " + dtype);
        }
        if (dim % dtype.blockElements() != 0) {
            throw new IllegalArgumentException("KV in %s needs a %s of whole blocks of %d, got %d"
                    .formatted(dtype, name, dtype.blockElements(), dim));
        }
        long bytes = (long) pageSize * heads * dtype.rowBytes(dim);
        return Math.toIntExact((bytes + 63) / 64 * 16);
    }

    /// Byte offset in the keys' memory of the tile that holds `offset` of `page` for `head`.
    static long keyTile(KvPages pages, int page, int head, int offset) {
        return tile(pages, pages.keys().byteOffset()
                + page * pages.keys().dtype().rowBytes(pages.keys().cols()), head, offset,
                pages.keyDim());
    }

    /// Byte offset in the values' memory of the tile that holds `offset` of `page` for `head`.
    static long valueTile(KvPages pages, int page, int head, int offset) {
        return tile(pages, pages.values().byteOffset()
                + page * pages.values().dtype().rowBytes(pages.values().cols()), head, offset,
                pages.valueDim());
    }

    private static long tile(KvPages pages, long pageAt, int head, int offset, int dim) {
        int positions = tilePositions(pages);
        long first = (long) head * pages.pageSize() + offset / positions * positions;
        return pageAt + first * pages.dtype().rowBytes(dim);
    }
}
