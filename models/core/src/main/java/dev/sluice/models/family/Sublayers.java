package dev.sluice.models.family;

import dev.sluice.kernels.Kernels;
import dev.sluice.models.ModelConfig;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.skip.Forecast;
import dev.sluice.models.skip.SkipPlan;
import dev.sluice.models.skip.SublayerKind;
import dev.sluice.models.skip.SublayerMode;

/// Puts what a [SublayerMode] asks for around the sublayers of a layer. Used while a model is
/// opened.
final class Sublayers {
    private final Kernels kernels;
    private final SublayerMode mode;
    private final InformedSublayer.Scratch scratch;

    Sublayers(Kernels kernels, ModelConfig config, int ropeDims, int maxRows, SublayerMode mode) {
        this.kernels = kernels;
        this.mode = mode;
        scratch = switch (mode) {
            case SublayerMode.Informed(SkipPlan plan, var _) -> {
                plan.requireShape(config.layers(), config.hidden());
                yield new InformedSublayer.Scratch(kernels, maxRows, config.hidden(), ropeDims);
            }
            case SublayerMode.Exact _, SublayerMode.Recorded _ ->
                    new InformedSublayer.Scratch(kernels, 1, 1, 1);
        };
    }

    DecoderLayer around(int index, DecoderLayer layer) {
        return switch (mode) {
            case SublayerMode.Exact _ -> layer;
            case SublayerMode.Recorded(var recorder) -> layer.with(
                    new RecordedSublayer(kernels, layer.attention(), index,
                            SublayerKind.ATTENTION, recorder),
                    new RecordedSublayer(kernels, layer.feedForward(), index,
                            SublayerKind.FEED_FORWARD, recorder));
            case SublayerMode.Informed informed -> layer.with(
                    informed(informed, index, SublayerKind.ATTENTION, layer.attention()),
                    informed(informed, index, SublayerKind.FEED_FORWARD, layer.feedForward()));
        };
    }

    private Sublayer informed(SublayerMode.Informed informed, int layer, SublayerKind kind,
            Sublayer exact) {
        for (Forecast forecast : informed.plan().forecasts()) {
            if (forecast.layer() == layer && forecast.kind() == kind) {
                if (exact instanceof LatentAttention) {
                    throw new UnsupportedModelException("layer " + layer
                            + ": latent attention can not be forecast for some rows only");
                }
                return new InformedSublayer(kernels, exact, forecast, scratch, informed.counts());
            }
        }
        return exact;
    }
}
