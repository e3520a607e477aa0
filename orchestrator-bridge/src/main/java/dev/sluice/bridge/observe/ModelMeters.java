package dev.sluice.bridge.observe;

import dev.sluice.runtime.Usage;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.DoubleStream;

/// What is measured of the requests to one model. Any thread; nothing here runs on the engine's.
final class ModelMeters {
    /// From a tiny model's step to a long prompt on a slow machine.
    private static final double[] WAITS = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1,
        0.25, 0.5, 0.75, 1, 2.5, 5, 10, 20, 40, 80, 160};
    private static final double[] GAPS = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075,
        0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2.5, 5};
    private static final double[] COUNTS = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000,
        10_000, 20_000, 50_000, 100_000};

    private final String model;
    private final MeterRegistry registry;
    private final Tags tags;
    private final Timer timeToFirstToken;
    private final Timer interTokenLatency;
    private final Timer timePerOutputToken;
    private final Timer endToEnd;
    private final Timer queue;
    private final Timer prefill;
    private final Timer decode;
    private final DistributionSummary promptLength;
    private final DistributionSummary answerLength;
    private final Counter promptTokens;
    private final Counter cachedTokens;

    ModelMeters(MeterRegistry registry, String model) {
        this.registry = registry;
        this.model = model;
        tags = Tags.of("model", model);
        timeToFirstToken = timer("sluice.time.to.first.token", WAITS,
                "From a request's arrival to its first token.");
        interTokenLatency = timer("sluice.inter.token.latency", GAPS,
                "Between two tokens of an answer, as they are sent.");
        timePerOutputToken = timer("sluice.time.per.output.token", GAPS,
                "Mean time of an answer's tokens after its first, in the engine.");
        endToEnd = timer("sluice.e2e.request.latency", WAITS,
                "From a request's arrival to the end of its response.");
        queue = timer("sluice.request.queue.time", WAITS,
                "From submission to the engine to the first step.");
        prefill = timer("sluice.request.prefill.time", WAITS,
                "From the first step to the first token.");
        decode = timer("sluice.request.decode.time", WAITS,
                "From the first token to the last.");
        promptLength = summary("sluice.request.prompt.tokens", "Tokens of a prompt.");
        answerLength = summary("sluice.request.generation.tokens", "Tokens of an answer.");
        promptTokens = counter("sluice.prompt.tokens", "Prompt tokens of ended requests.");
        cachedTokens = counter("sluice.prompt.tokens.cached",
                "Of the prompt tokens, those that were not computed.");
    }

    private Timer timer(String name, double[] bounds, String description) {
        return Timer.builder(name).tags(tags).description(description)
                .serviceLevelObjectives(DoubleStream.of(bounds)
                        .mapToObj(seconds -> Duration.ofNanos((long) (seconds * 1e9)))
                        .toArray(Duration[]::new))
                .register(registry);
    }

    private DistributionSummary summary(String name, String description) {
        return DistributionSummary.builder(name).tags(tags).description(description)
                .serviceLevelObjectives(COUNTS).register(registry);
    }

    private Counter counter(String name, String description) {
        return Counter.builder(name).tags(tags).description(description).register(registry);
    }

    String model() { return model; }

    void firstToken(long nanos) { timeToFirstToken.record(nanos, TimeUnit.NANOSECONDS); }

    void nextToken(long nanos) { interTokenLatency.record(nanos, TimeUnit.NANOSECONDS); }

    void request(long nanos) { endToEnd.record(nanos, TimeUnit.NANOSECONDS); }

    /// A prompt is over, with the usage of the first of its answers.
    void prompt(Usage usage) {
        promptTokens.increment(usage.promptTokens());
        cachedTokens.increment(usage.cachedTokens());
        promptLength.record(usage.promptTokens());
        if (usage.completionTokens() > 0) {
            queue.record(usage.queuedNanos(), TimeUnit.NANOSECONDS);
            prefill.record(usage.prefillNanos(), TimeUnit.NANOSECONDS);
        }
    }

    /// An answer is over.
    ///
    /// @param reason as in logs
    void answer(Usage usage, String reason) {
        answerLength.record(usage.completionTokens());
        ended(reason);
        int gaps = usage.completionTokens() - 1;
        if (gaps > 0) {
            decode.record(usage.decodeNanos(), TimeUnit.NANOSECONDS);
            timePerOutputToken.record(usage.decodeNanos() / gaps, TimeUnit.NANOSECONDS);
        }
    }

    /// An answer ended for a reason, or failed.
    void ended(String reason) {
        registry.counter("sluice.request.success", tags.and(
                "finished_reason", reason)).increment();
    }

    /// Texts were encoded, without an answer.
    void encoded(long tokens) {
        promptTokens.increment(tokens);
        promptLength.record(tokens);
    }
}
