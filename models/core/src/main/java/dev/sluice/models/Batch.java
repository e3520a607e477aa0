package dev.sluice.models;

/// The rows of one step: (token, position, slot) triples, whatever they are for. Prefill, chunked
/// prefill, decode and verification are the same case. Reused from step to step; engine thread
/// only.
///
/// Rows of one sequence are neighbours with ascending positions:
///
///     sequence       0 0 0 0 1 2 2
///     position       5 6 7 8 90 0 1
///     wants logits         x  x   x
public final class Batch {
    private final int[] tokenIds;
    private final int[] positions;
    private final int[] sequences;
    private final int[] logitsRows;
    private final int[][][] pages;
    private int rowCount;
    private int sequenceCount;
    private int logitsRowCount;

    public Batch(int maxRows, int maxSequences) {
        tokenIds = new int[maxRows];
        positions = new int[maxRows];
        sequences = new int[maxRows];
        logitsRows = new int[maxRows];
        pages = new int[maxSequences][][];
    }

    public void clear() {
        rowCount = 0;
        sequenceCount = 0;
        logitsRowCount = 0;
    }

    /// Begins a sequence. `groupPages[group][position / pageSize]` is the page of a position in a
    /// KV group; the arrays are read during [CausalLm#forward], not copied.
    public void sequence(int[][] groupPages) {
        pages[sequenceCount++] = groupPages;
    }

    /// Adds a row to the sequence begun last.
    public void row(int tokenId, int position, boolean wantsLogits) {
        if (sequenceCount == 0) {
            throw new IllegalStateException("a row before its sequence");
        }
        tokenIds[rowCount] = tokenId;
        positions[rowCount] = position;
        sequences[rowCount] = sequenceCount - 1;
        if (wantsLogits) {
            logitsRows[logitsRowCount++] = rowCount;
        }
        rowCount++;
    }

    public int rowCount() { return rowCount; }

    public int sequenceCount() { return sequenceCount; }

    public int logitsRowCount() { return logitsRowCount; }

    public int tokenId(int row) { return tokenIds[row]; }

    public int position(int row) { return positions[row]; }

    /// Index of the row's sequence in this batch.
    public int sequence(int row) { return sequences[row]; }

    /// The row whose logits come as row `index` of the result.
    public int logitsRow(int index) { return logitsRows[index]; }

    /// Pages of a sequence in a KV group, one per pageSize positions.
    public int[] pages(int sequence, int group) { return pages[sequence][group]; }
}
