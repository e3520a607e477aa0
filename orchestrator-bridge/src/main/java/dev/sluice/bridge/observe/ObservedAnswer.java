package dev.sluice.bridge.observe;

import dev.sluice.runtime.FinishReason;
import dev.sluice.runtime.TokenEvent;
import dev.sluice.runtime.TokenStream;
import dev.sluice.runtime.Usage;
import java.util.Locale;
import java.util.Optional;

/// One answer of a request: when its tokens come, and what it has cost in the end. [#token] is for
/// the thread that reads the answer.
final class ObservedAnswer implements TokenObserver {
    private final ObservedRequest request;
    private final ModelMeters meters;
    private final TokenStream stream;
    private final boolean first;
    private long lastNanos;

    /// @param first whether the prompt counts for this answer, not for another choice
    ObservedAnswer(
            ObservedRequest request, ModelMeters meters, TokenStream stream, boolean first) {
        this.request = request;
        this.meters = meters;
        this.stream = stream;
        this.first = first;
    }

    @Override
    public void token() {
        long now = System.nanoTime();
        if (lastNanos == 0) {
            request.firstToken(now, meters);
        } else {
            meters.nextToken(now - lastNanos);
        }
        lastNanos = now;
    }

    boolean isFirst() { return first; }

    ModelMeters meters() { return meters; }

    /// How the engine ended it, once it has; the reader may not have come so far.
    Optional<TokenEvent> ending() { return stream.ending(); }

    /// Counts the end; returns its name in logs.
    String ended(Usage usage, FinishReason reason) {
        String name = reason.name().toLowerCase(Locale.ROOT);
        meters.answer(usage, name);
        if (first) {
            meters.prompt(usage);
        }
        return name;
    }

    /// Counts a failure; returns its name in logs.
    String failed() {
        meters.ended("failed");
        return "failed";
    }

    boolean isOf(TokenStream other) { return stream == other; }
}
