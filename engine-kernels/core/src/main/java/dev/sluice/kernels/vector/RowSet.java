package dev.sluice.kernels.vector;

/// Rows of x that one or more products of a call multiply with: where they come from and where
/// their staged form lies. Reused from call to call.
///
/// A row-wise set keeps each row as a [QuantisedRow] for the integer kernels. Other sets are cut
/// into tiles for [CodeTiles], or of 6 rows, the rest into tiles of 2 or 1, for [PanelProduct]:
///
///     x panel:  [steps of 256 columns][tiles][columns / 32][rows of the tile][32]
///     d, dsum:  [tiles][blocks][rows of the tile]
final class RowSet {
    static final int TILE = 6;
    /// Most rows of a tile of any form.
    static final int TILE_MAX = 12;

    PackedFormat format = PackedFormat.F32;
    /// First of the set's row numbers, and how many.
    int first;
    int rows;
    /// Expert of the rows, in an expert layer.
    int expert;
    boolean rowWise;
    /// Whether the tiles multiply codes, see [CodeTiles], instead of a panel.
    boolean codeTiles;
    /// First [QuantisedRow] of a row-wise set.
    int rowSlot;
    /// Offsets into the panels of the call, for the other sets.
    int xFrom;
    int dFrom;

    /// Rows with the zeros that fill the last tile: 5 left are worth a tile of 6, 3 two of 2.
    int slots() {
        if (codeTiles) {
            return CodeTiles.slots(format, rows);
        }
        int left = rows % TILE;
        return rows - left + (left == 5 ? 6 : left == 3 ? 4 : left);
    }

    /// Rows of the tile that begins at slot `slot`.
    int tileRows(int slot) {
        int left = slots() - slot;
        if (codeTiles) {
            return CodeTiles.tileRows(format, left);
        }
        return left >= TILE ? TILE : Math.min(left, 2);
    }

    /// First slot of the tile of `slot`.
    int tileStart(int slot) {
        int start = 0;
        while (start + tileRows(start) <= slot) {
            start += tileRows(start);
        }
        return start;
    }
}
