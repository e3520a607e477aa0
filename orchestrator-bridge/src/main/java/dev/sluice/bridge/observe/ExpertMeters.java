package dev.sluice.bridge.observe;

import dev.sluice.router.ExpertSnapshot;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.List;
import java.util.function.ToDoubleFunction;

/// Where a model's tokens went, as metrics. A layer's MaxVio is always there; tokens of each
/// expert of each layer are, when that makes at most [#SERIES_MAX] series. Of larger models the
/// layers are added up, and of more experts than that only MaxVio is left. Any thread.
final class ExpertMeters {
    /// What a scrape of one model should not exceed.
    static final int SERIES_MAX = 1024;
    /// The label of all layers together.
    static final String ALL = "all";

    private final MeterRegistry registry;
    private final Tags tags;
    private boolean registered;
    private volatile ExpertSnapshot snapshot = new ExpertSnapshot(0, 0, List.of());

    ExpertMeters(MeterRegistry registry, String model) {
        this.registry = registry;
        tags = Tags.of("model", model);
    }

    synchronized void refresh(ExpertSnapshot now) {
        // None are known before the first step is over.
        if (now.layers().isEmpty()) {
            return;
        }
        snapshot = now;
        if (!registered) {
            registered = true;
            register(now);
        }
    }

    private void register(ExpertSnapshot now) {
        int experts = 0;
        for (int i = 0; i < now.layers().size(); i++) {
            ExpertSnapshot.Layer layer = now.layers().get(i);
            int index = i;
            experts = Math.max(experts, layer.spec().experts());
            Gauge.builder("sluice.expert.max.violation", this, m -> m.violation(index))
                    .tags(tags).tag("layer", String.valueOf(layer.layer()))
                    .description("MaxVio of a layer: the busiest expert's load over the mean, "
                            + "less 1, since the model was loaded.").register(registry);
        }
        if (experts * now.layers().size() <= SERIES_MAX) {
            for (int i = 0; i < now.layers().size(); i++) {
                registerLayer(now.layers().get(i), i);
            }
        } else if (experts <= SERIES_MAX) {
            for (int e = 0; e < experts; e++) {
                int expert = e;
                registerExpert(ALL, expert, m -> m.tokens(expert));
            }
        }
    }

    private void registerLayer(ExpertSnapshot.Layer layer, int index) {
        for (int e = 0; e < layer.spec().experts(); e++) {
            int expert = e;
            registerExpert(String.valueOf(layer.layer()), expert, m -> m.tokens(index, expert));
        }
    }

    private void registerExpert(
            String layer, int expert, ToDoubleFunction<ExpertMeters> tokens) {
        FunctionCounter.builder("sluice.expert.tokens", this, tokens)
                .tags(tags).tag("layer", layer).tag("expert", String.valueOf(expert))
                .description("Tokens that went to an expert.").register(registry);
    }

    private double violation(int index) { return snapshot.layers().get(index).violation(); }

    private double tokens(int index, int expert) {
        return snapshot.layers().get(index).count(expert);
    }

    private double tokens(int expert) {
        double sum = 0;
        for (ExpertSnapshot.Layer layer : snapshot.layers()) {
            sum += expert < layer.spec().experts() ? layer.count(expert) : 0;
        }
        return sum;
    }
}
