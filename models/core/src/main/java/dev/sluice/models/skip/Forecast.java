package dev.sluice.models.skip;

/// What stands in for one sublayer, and for which rows: a row x [D], the sublayer's input, is
/// forecast where `gate . x < threshold`. The gate estimates the logarithm of the forecast's
/// squared error. It sees the row alone, so a row's fate does not depend on its batch.
///
/// @param layer      transformer layer, from 0
/// @param gate       [D]
public record Forecast(int layer, SublayerKind kind, float[] gate, float threshold, LowRank map) {

    public Forecast {
        if (layer < 0 || gate.length != map.hidden() || Float.isNaN(threshold)) {
            throw new IllegalArgumentException(
                    "layer %d, gate of %d, map of %d, threshold %s".formatted(
                            layer, gate.length, map.hidden(), threshold));
        }
    }

    /// The same rows, dropped to the residual instead of forecast.
    Forecast plain() {
        return new Forecast(layer, kind, gate, threshold, LowRank.zero(gate.length));
    }
}
