package dev.sluice.bridge.console;

import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelFigures;
import dev.sluice.bridge.observe.Telemetry;
import dev.sluice.bridge.observe.WatchedModel;
import dev.sluice.models.MemoryPlan;
import dev.sluice.router.ExpertCacheStatistics;
import dev.sluice.router.ExpertSnapshot;
import dev.sluice.runtime.EngineStats;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The server's figures of one moment as JSON. Counts are since a model was loaded; who wants
/// rates takes the difference of two. Immutable.
final class ConsoleState {
    private final Telemetry telemetry;
    private final long memoryMax;
    private final long beginNanos = System.nanoTime();

    ConsoleState(Telemetry telemetry, long memoryMax) {
        this.telemetry = telemetry;
        this.memoryMax = memoryMax;
    }

    Map<String, Object> now() {
        var models = new ArrayList<Object>();
        long memory = 0;
        for (WatchedModel model : telemetry.models()) {
            models.add(model(model));
            memory += model.isLoaded() ? model.listed().bytes() : 0;
        }
        var state = new LinkedHashMap<String, Object>();
        state.put("time_ms", (System.nanoTime() - beginNanos) / 1_000_000);
        // This request is one of them.
        state.put("active_requests", telemetry.active() - 1);
        state.put("memory_bytes", memory);
        state.put("memory_max_bytes", memoryMax);
        state.put("models", models);
        return state;
    }

    private static Map<String, Object> model(WatchedModel watched) {
        var model = new LinkedHashMap<String, Object>();
        model.put("name", watched.listed().name());
        model.put("state", watched.listed().state());
        model.put("bytes", watched.listed().bytes());
        model.put("users", watched.listed().users());
        watched.listed().model().ifPresent(hosted -> put(hosted, model));
        if (watched.isLoaded()) {
            watched.figures().ifPresent(figures -> put(figures, model));
        }
        return model;
    }

    private static void put(HostedModel hosted, Map<String, Object> model) {
        MemoryPlan memory = hosted.memory();
        model.put("memory", Map.of("weights", memory.weightBytes(), "kv", memory.kvBytes(),
                "scratch", memory.scratchBytes()));
        model.put("chat", hosted.template().isPresent());
        model.put("context", hosted.engine().contextLimit());
        model.put("parallel", hosted.parallel());
    }

    private static void put(ModelFigures figures, Map<String, Object> model) {
        EngineStats stats = figures.engine();
        model.put("running", stats.running());
        model.put("waiting", stats.waiting());
        model.put("pages", Map.of("total", stats.pages(), "used", stats.lockedPages(),
                "free", stats.freePages()));
        model.put("queried_tokens", stats.queriedTokens());
        model.put("hit_tokens", stats.hitTokens());
        model.put("completion_tokens", stats.completionTokens());
        model.put("rows", stats.rows());
        model.put("steps", stats.steps());
        model.put("step_ms", millis(stats.stepNanos()));
        model.put("model_ms", millis(stats.modelNanos()));
        model.put("preemptions", stats.preemptions());
        model.put("guessed_tokens", stats.guessedTokens());
        model.put("accepted_tokens", stats.acceptedTokens());
        if (!figures.experts().layers().isEmpty()) {
            model.put("experts", experts(figures.experts()));
        }
        figures.expertCache().ifPresent(cache -> model.put("expert_cache", cache(cache)));
    }

    private static Map<String, Object> experts(ExpertSnapshot snapshot) {
        var layers = new ArrayList<Object>();
        for (ExpertSnapshot.Layer layer : snapshot.layers()) {
            List<Object> counts = new ArrayList<>();
            for (long count : layer.counts()) {
                counts.add(count);
            }
            layers.add(Map.of("layer", layer.layer(), "counts", counts,
                    "max_violation", Math.round(layer.violation() * 1e3) / 1e3));
        }
        return Map.of("tokens", snapshot.tokens(), "layers", layers,
                "per_token", snapshot.layers().getFirst().spec().topK());
    }

    private static Map<String, Object> cache(ExpertCacheStatistics cache) {
        return Map.of("hits", cache.demandHits() + cache.prefetchHits(), "misses", cache.misses(),
                "bytes", cache.slotBytes(), "loaded_bytes", cache.bytesLoaded());
    }

    private static double millis(long nanos) { return Math.round(nanos / 1e4) / 100.0; }
}
