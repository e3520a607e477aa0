package dev.sluice.models.skip;

import dev.sluice.models.UnsupportedModelException;
import java.util.ArrayList;
import java.util.List;

/// Which sublayers of one model are forecast, for which rows, by which maps. Made by [Calibrator],
/// kept in a file by [SkipPlanFile]. Immutable.
///
/// @param modelKey  of the model that it was made for, see [ModelKey]
/// @param layers    transformer layers of that model
/// @param hidden    D of that model
/// @param judged    on held-out text when it was made
public record SkipPlan(String modelKey, int layers, int hidden, List<Forecast> forecasts,
        SkipFigures judged) {

    public SkipPlan {
        forecasts = List.copyOf(forecasts);
        for (Forecast forecast : forecasts) {
            if (forecast.layer() >= layers || forecast.map().hidden() != hidden) {
                throw new IllegalArgumentException(
                        "forecast of layer %d, hidden size %d in a plan for %d layers of %d"
                                .formatted(forecast.layer(), forecast.map().hidden(), layers,
                                        hidden));
            }
        }
    }

    /// One sentence for people, for whoever answers with a model that follows this plan.
    public String describe() {
        return "Informed routing is on: %d sublayers are forecast for some tokens, so this is not"
                .formatted(forecasts.size())
                + " the model of the file but an approximation of it; on held-out text: " + judged;
    }

    /// The same rows of the same sublayers dropped to the residual: the measure of what the
    /// forecasts are worth.
    public SkipPlan plain() {
        var dropped = new ArrayList<Forecast>();
        for (Forecast forecast : forecasts) {
            dropped.add(forecast.plain());
        }
        return new SkipPlan(modelKey, layers, hidden, dropped, judged);
    }

    SkipPlan with(SkipFigures figures) {
        return new SkipPlan(modelKey, layers, hidden, forecasts, figures);
    }

    /// Throws when the model at hand can not be the one that the plan was made for.
    public void requireShape(int modelLayers, int modelHidden) {
        if (modelLayers != layers || modelHidden != hidden) {
            throw new UnsupportedModelException(
                    "a skip plan for %d layers of %d, the model has %d of %d".formatted(
                            layers, hidden, modelLayers, modelHidden));
        }
    }
}
