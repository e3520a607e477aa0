package dev.sluice.models.skip;

/// How a plan is made.
///
/// @param kind    which sublayers; attention is the part that a forecast can stand in for
/// @param rate    share of those sublayers' rows to forecast, above 0 and below 1
/// @param rank    of the maps, at most the hidden size; a map costs 2 * rank * D products a row
/// @param ridge   added to the covariance's diagonal, in parts of its mean
public record CalibrationSettings(SublayerKind kind, double rate, int rank, double ridge) {

    public CalibrationSettings {
        if (!(rate > 0 && rate < 1) || rank < 1 || !(ridge > 0)) {
            throw new IllegalArgumentException(
                    "rate %s, rank %d, ridge %s".formatted(rate, rank, ridge));
        }
    }

    /// Of attention. The ridge is small because there are far more rows than columns.
    public static CalibrationSettings attention(double rate, int rank) {
        return new CalibrationSettings(SublayerKind.ATTENTION, rate, rank, 1e-3);
    }
}
