package dev.sluice.runtime.schedule;

/// How many rows a step may have so that it lasts no longer than a target, which is the time
/// between two tokens of a decoding sequence. Engine thread only.
///
/// A step of `rows` takes about `a + b rows`: reading the weights, and arithmetic. Both are learnt
/// by least squares in which a step counts less the older it is. Attention makes long contexts
/// dearer; the fit follows since it forgets.
public final class TokenBudget {
    /// What is left of a step's weight after another one: about 100 steps are remembered.
    private static final double KEEP = 0.99;
    /// Below this variance of the rows, relative to their mean squared, the steps were too alike
    /// to tell `a` from `b`.
    private static final double VARIANCE_MIN = 0.01;

    private final long targetNanos;
    private final int rowsMin;
    private final int rowsMax;
    private double weight;
    private double meanRows;
    private double meanNanos;
    private double rowsRows;
    private double rowsNanos;
    private double rowsSeen;

    /// @param targetNanos longest step wanted
    /// @param rowsMin     rows that a step may always have: a chunk smaller than this wastes the
    ///                    reading of the weights
    /// @param rowsMax     rows that the model takes
    public TokenBudget(long targetNanos, int rowsMin, int rowsMax) {
        if (targetNanos < 1 || rowsMin < 1 || rowsMax < rowsMin) {
            throw new IllegalArgumentException("targetNanos=" + targetNanos + " rowsMin=" + rowsMin
                    + " rowsMax=" + rowsMax + ", allowed: 1 <= rowsMin <= rowsMax");
        }
        this.targetNanos = targetNanos;
        this.rowsMin = rowsMin;
        this.rowsMax = rowsMax;
        rowsSeen = rowsMin;
    }

    /// A step of so many rows took so long.
    public void measured(int rows, long nanos) {
        weight = weight * KEEP + 1;
        double part = 1 / weight;
        double rowsOff = rows - meanRows;
        double nanosOff = nanos - meanNanos;
        meanRows += part * rowsOff;
        meanNanos += part * nanosOff;
        rowsRows = KEEP * rowsRows + rowsOff * (rows - meanRows);
        rowsNanos = KEEP * rowsNanos + rowsOff * (nanos - meanNanos);
        rowsSeen = Math.max(rows, KEEP * rowsSeen);
    }

    /// `b`: nanoseconds of one more row. As long as all steps were alike, all of a step's time is
    /// put down to its rows, so that the budget grows with care.
    public double nanosPerRow() {
        if (weight == 0) {
            return 0;
        }
        if (rowsRows / weight < VARIANCE_MIN * meanRows * meanRows) {
            return meanNanos / meanRows;
        }
        return Math.clamp(rowsNanos / rowsRows, 0, meanNanos / meanRows);
    }

    /// `a`: nanoseconds of a step whatever its rows.
    public double nanosPerStep() { return meanNanos - nanosPerRow() * meanRows; }

    /// Rows of the next step: at most twice as many as lately, since times are not extrapolated
    /// further than that.
    public int rows() {
        double known = 2 * rowsSeen;
        double perRow = nanosPerRow();
        double wanted = perRow <= 0 ? known : (targetNanos - nanosPerStep()) / perRow;
        return (int) Math.clamp(Math.min(wanted, known), rowsMin, rowsMax);
    }
}
