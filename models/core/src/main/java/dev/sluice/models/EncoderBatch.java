package dev.sluice.models;

/// Texts that go through a [TextEncoder] together, one after another without padding. Reused from
/// batch to batch; one thread.
///
///     text      0 0 0 0 0 1 1 1
///     position  0 1 2 3 4 0 1 2
///     segment   0 0 0 1 1 0 0 0
public final class EncoderBatch {
    private final int[] tokenIds;
    private final int[] segments;
    private final int[] starts;
    private int rowCount;
    private int textCount;

    public EncoderBatch(int maxRows, int maxTexts) {
        tokenIds = new int[maxRows];
        segments = new int[maxRows];
        starts = new int[maxTexts + 1];
    }

    public void clear() {
        rowCount = 0;
        textCount = 0;
    }

    /// Whether [#add] has room for one more text of so many ids.
    public boolean hasRoom(int ids) {
        return textCount + 1 < starts.length && rowCount + ids <= tokenIds.length;
    }

    public void add(EncoderInput text) {
        int count = text.ids().length;
        if (count == 0 || !hasRoom(count)) {
            throw new MalformedBatchException("a text of %d ids after %d texts of %d, room for %d"
                    .formatted(count, textCount, rowCount, tokenIds.length)
                    + " of " + (starts.length - 1) + " texts");
        }
        System.arraycopy(text.ids(), 0, tokenIds, rowCount, count);
        System.arraycopy(text.segments(), 0, segments, rowCount, count);
        starts[textCount++] = rowCount;
        rowCount += count;
        starts[textCount] = rowCount;
    }

    public int rowCount() { return rowCount; }

    public int textCount() { return textCount; }

    /// The row of a text's first id.
    public int start(int text) { return starts[text]; }

    public int length(int text) { return starts[text + 1] - starts[text]; }

    public int tokenId(int row) { return tokenIds[row]; }

    /// 0 in a text and in a pair's query, 1 in its document, where the model tells them apart.
    public int segment(int row) { return segments[row]; }
}
