package dev.sluice.bridge.observe;

import dev.sluice.bridge.host.ModelFigures;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.router.ExpertCacheStatistics;
import dev.sluice.runtime.EngineStats;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/// One hosted model's figures as metrics: they are read when somebody looks, so they cost nothing
/// while nobody does. An unloaded model keeps its counters' last values and shows no load; loaded
/// again it counts from 0, which Prometheus takes for what it is. Any thread.
public final class WatchedModel {
    private static final EngineStats IDLE =
            new EngineStats(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    private static final ExpertCacheStatistics NO_CACHE =
            new ExpertCacheStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    private final MeterRegistry registry;
    private final Tags tags;
    private final ExpertMeters experts;
    private volatile ModelHost.Listed listed;
    private volatile Optional<ModelFigures> figures = Optional.empty();

    WatchedModel(MeterRegistry registry, ModelHost.Listed first) {
        this.registry = registry;
        tags = Tags.of("model", first.name());
        listed = first;
        experts = new ExpertMeters(registry, first.name());
        registerState();
        registerPages();
        registerWork();
        registerExpertCache();
    }

    /// Asks the model how it is.
    void refresh(ModelHost.Listed now) {
        listed = now;
        now.model().ifPresent(model -> {
            ModelFigures fresh = model.figures();
            figures = Optional.of(fresh);
            experts.refresh(fresh.experts());
        });
    }

    /// How the host has it.
    public ModelHost.Listed listed() { return listed; }

    /// Of the last refresh while it was loaded.
    public Optional<ModelFigures> figures() { return figures; }

    public boolean isLoaded() { return listed.model().isPresent(); }

    private EngineStats engine() { return figures.map(ModelFigures::engine).orElse(IDLE); }

    private ExpertCacheStatistics cache() {
        return figures.flatMap(ModelFigures::expertCache).orElse(NO_CACHE);
    }

    /// Share of the pages that open requests have, 0 to 1.
    private double usage() {
        EngineStats stats = engine();
        return stats.pages() == 0 || !isLoaded() ? 0 : (double) stats.lockedPages() / stats.pages();
    }

    private void registerState() {
        gauge("sluice.model.loaded", "1 for a loaded model.", m -> m.isLoaded() ? 1 : 0);
        gauge("sluice.model.memory.bytes", "What the model takes, or would.",
                m -> m.listed.bytes());
        gauge("sluice.requests.running", "Answers that had rows in the last step.",
                m -> m.isLoaded() ? m.engine().running() : 0);
        gauge("sluice.requests.waiting", "Accepted answers that had none.",
                m -> m.isLoaded() ? m.engine().waiting() : 0);
    }

    private void registerPages() {
        gauge("sluice.kv.cache.usage.ratio", "Share of the pages that open requests have.",
                WatchedModel::usage);
        for (String state : List.of("used", "kept", "free")) {
            Gauge.builder("sluice.kv.pages", this, m -> m.pages(state)).tags(tags)
                    .tag("state", state)
                    .description("Pages that open requests have, that the prefix cache keeps, "
                            + "and the rest.").register(registry);
        }
    }

    private double pages(String state) {
        EngineStats stats = isLoaded() ? engine() : IDLE;
        return switch (state) {
            case "used" -> stats.lockedPages();
            case "kept" -> stats.pages() - stats.lockedPages() - stats.freePages();
            default -> stats.freePages();
        };
    }

    private void registerWork() {
        count("sluice.generation.tokens", "Tokens drawn.", m -> m.engine().completionTokens());
        count("sluice.prefix.cache.queries", "Prompt tokens looked up in the prefix cache.",
                m -> m.engine().queriedTokens());
        count("sluice.prefix.cache.hits", "Of those, found.", m -> m.engine().hitTokens());
        count("sluice.preemptions", "Times that a request had to give its pages up.",
                m -> m.engine().preemptions());
        count("sluice.speculation.guessed.tokens", "Guessed tokens that were checked.",
                m -> m.engine().guessedTokens());
        count("sluice.speculation.accepted.tokens", "Of those, right.",
                m -> m.engine().acceptedTokens());
        count("sluice.engine.steps", "Steps of the engine.", m -> m.engine().steps());
        count("sluice.engine.rows", "Rows of all steps.", m -> m.engine().rows());
        count("sluice.engine.step.seconds", "Time of all steps.",
                m -> m.engine().stepNanos() / 1e9);
        count("sluice.engine.model.seconds", "Of that, in the model.",
                m -> m.engine().modelNanos() / 1e9);
    }

    private void registerExpertCache() {
        count("sluice.expert.cache.hits", "Experts that were in memory when needed.",
                m -> m.cache().demandHits() + m.cache().prefetchHits());
        count("sluice.expert.cache.prefetch.hits", "Of the hits, fetched on a prediction.",
                m -> m.cache().prefetchHits());
        count("sluice.expert.cache.misses", "Experts loaded while the engine waited.",
                m -> m.cache().misses());
        count("sluice.expert.cache.loaded.bytes", "Bytes of experts read from the file.",
                m -> m.cache().bytesLoaded());
        count("sluice.expert.cache.wait.seconds", "Time the engine waited for experts.",
                m -> m.cache().waitNanos() / 1e9);
        gauge("sluice.expert.cache.bytes", "Memory for experts; 0 when all are kept.",
                m -> m.cache().slotBytes());
    }

    private void gauge(String name, String text, ToDoubleFunction<WatchedModel> value) {
        Gauge.builder(name, this, value).tags(tags).description(text).register(registry);
    }

    private void count(String name, String text, ToDoubleFunction<WatchedModel> value) {
        FunctionCounter.builder(name, this, value).tags(tags).description(text)
                .register(registry);
    }
}
