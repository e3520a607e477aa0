package dev.sluice.router;

/// How often expert p of one layer and expert q of another (or of the same) were chosen for the
/// same token: the matrix W of ExFlow (arXiv 2401.08383), `rows` x `cols` counts.
/// Whoever makes it says who may write; a copy that is not written is safe on any thread.
public final class PairCounts {
    /// When a count gets here all are halved, so that none overflows and old habits fade.
    private static final int COUNT_MAX = 1 << 30;
    /// Popularity weighs as much as this many observed visits of an expert. Without it an expert
    /// that was seen once would predict with certainty.
    private static final float PRIOR_VISITS = 8;

    private final int rows;
    private final int cols;
    private final int[] counts;
    private final long[] rowSums;
    private final long[] colSums;
    private long sum;

    public PairCounts(int rows, int cols) {
        this.rows = rows;
        this.cols = cols;
        counts = new int[Math.multiplyExact(rows, cols)];
        rowSums = new long[rows];
        colSums = new long[cols];
    }

    /// One token chose `row` and `col`.
    public void add(int row, int col) {
        rowSums[row]++;
        colSums[col]++;
        sum++;
        if (++counts[row * cols + col] == COUNT_MAX) {
            halve();
        }
    }

    public int rows() { return rows; }

    public int cols() { return cols; }

    public int count(int row, int col) { return counts[row * cols + col]; }

    /// Visits of a column's expert, whatever the row.
    public long colSum(int col) { return colSums[col]; }

    /// All visits.
    public long sum() { return sum; }

    public PairCounts copy() {
        var copy = new PairCounts(rows, cols);
        System.arraycopy(counts, 0, copy.counts, 0, counts.length);
        System.arraycopy(rowSums, 0, copy.rowSums, 0, rows);
        System.arraycopy(colSums, 0, copy.colSums, 0, cols);
        copy.sum = sum;
        return copy;
    }

    /// H(q | p) in nats: what is still unknown of the column when the row is known. ln(cols) says
    /// that rows tell nothing, and no placement can gain from them; 0 that they tell all. 0 also
    /// without counts. Few counts make it too small.
    public double conditionalEntropy() {
        double entropy = 0;
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                double count = counts[r * cols + c];
                if (count > 0) {
                    entropy -= count / sum * Math.log(count / rowSums[r]);
                }
            }
        }
        return entropy;
    }

    /// scores[q] = sum over the chosen p of P(q | p), where P(q | p) = (W[p,q] + a * P(q)) /
    /// (W[p,*] + a): the row's own habit, and where it has few visits the popularity of q.
    void score(int[] chosen, int count, float[] scores) {
        float popularity = 0;
        for (int c = 0; c < cols; c++) {
            scores[c] = 0;
        }
        for (int i = 0; i < count; i++) {
            int row = chosen[i];
            float factor = 1 / (rowSums[row] + PRIOR_VISITS);
            popularity += PRIOR_VISITS * factor;
            int at = row * cols;
            for (int c = 0; c < cols; c++) {
                scores[c] += counts[at + c] * factor;
            }
        }
        float each = popularity / sum;
        for (int c = 0; c < cols; c++) {
            scores[c] += each * colSums[c];
        }
    }

    /// [AffinityPredictor#rank] by these counts.
    int rank(int[] chosen, int count, float[] scores, int[] ranked) {
        if (sum == 0) {
            return 0;
        }
        score(chosen, count, scores);
        int most = Math.min(ranked.length, cols);
        int kept = 0;
        for (int c = 0; c < cols; c++) {
            int at = kept;
            while (at > 0 && scores[ranked[at - 1]] < scores[c]) {
                at--;
            }
            if (at < most) {
                int last = Math.min(kept, most - 1);
                System.arraycopy(ranked, at, ranked, at + 1, last - at);
                ranked[at] = c;
                kept = last + 1;
            }
        }
        return kept;
    }

    private void halve() {
        sum = 0;
        java.util.Arrays.fill(rowSums, 0);
        java.util.Arrays.fill(colSums, 0);
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                int count = counts[r * cols + c] / 2;
                counts[r * cols + c] = count;
                rowSums[r] += count;
                colSums[c] += count;
                sum += count;
            }
        }
    }
}
