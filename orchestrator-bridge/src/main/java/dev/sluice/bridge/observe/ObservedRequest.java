package dev.sluice.bridge.observe;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.runtime.TokenEvent.Failed;
import dev.sluice.runtime.TokenEvent.Finished;
import dev.sluice.runtime.TokenEvent.Token;
import dev.sluice.runtime.TokenStream;
import dev.sluice.runtime.Usage;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/// One request from its arrival to its line in the log. The thread that handles it finds it with
/// [#current]; the threads that read its answers, and the one that hears of a client that left,
/// tell it what they see.
///
/// What the engine did is read off the streams when the handler is done, not where protocols take
/// tokens: an answer that nobody read to its end has cost the same.
public final class ObservedRequest {
    static final ScopedValue<ObservedRequest> CURRENT = ScopedValue.newInstance();
    /// A cancelled answer ends with the engine's next step; a step of a large model may take this.
    private static final long END_PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long END_POLL_MILLIS = 2;

    private final Telemetry telemetry;
    private final String id;
    private final TraceContext trace;
    private final long beginNanos = System.nanoTime();
    private final List<ObservedAnswer> answers = new ArrayList<>();
    private final Set<String> models = new LinkedHashSet<>();
    private String client = "";
    private String route = "none";
    private String errorKind = "";
    private String errorText = "";
    private String prompt = "";
    private long firstTokenNanos;
    private long encodedTokens;
    private long encodeNanos;
    private boolean gone;
    private boolean failed;
    private boolean quiet;

    ObservedRequest(Telemetry telemetry, String id, TraceContext trace) {
        this.telemetry = telemetry;
        this.id = id;
        this.trace = trace;
    }

    /// The request that this thread handles; empty elsewhere.
    public static Optional<ObservedRequest> current() {
        return CURRENT.isBound() ? Optional.of(CURRENT.get()) : Optional.empty();
    }

    /// Who hears of the tokens of a stream: nobody unless it was [#submitted] here.
    public static TokenObserver observer(TokenStream stream) {
        return current().map(request -> request.answer(stream)).orElse(TokenObserver.NONE);
    }

    private synchronized TokenObserver answer(TokenStream stream) {
        for (ObservedAnswer answer : answers) {
            if (answer.isOf(stream)) {
                return answer;
            }
        }
        return TokenObserver.NONE;
    }

    public String id() { return id; }

    /// For calls that this request causes elsewhere: their `traceparent` and `tracestate`.
    public TraceContext trace() { return trace; }

    /// Who asks, and by which route.
    public synchronized void routed(String pattern) { route = pattern; }

    public synchronized void client(String name) { client = name; }

    /// Leaves no line in the log unless it goes wrong: somebody looks on, once a second perhaps.
    public synchronized void quiet() { quiet = true; }

    /// Answers were queued for one prompt; the first of them carries its cost.
    public synchronized void submitted(
            HostedModel model, int[] promptIds, List<TokenStream> streams) {
        ModelMeters meters = telemetry.meters(model.name());
        models.add(model.name());
        for (TokenStream stream : streams) {
            answers.add(new ObservedAnswer(this, meters, stream, stream == streams.getFirst()));
        }
        if (telemetry.wantsPrompts()) {
            prompt += (prompt.isEmpty() ? "" : "\n") + telemetry.text(model, promptIds);
        }
    }

    /// Texts were encoded without an answer: embeddings, scores.
    public synchronized void encoded(String model, long tokens, long nanos) {
        models.add(model);
        encodedTokens += tokens;
        encodeNanos += nanos;
        telemetry.meters(model).encoded(tokens);
    }

    /// The request is answered with an error.
    public synchronized void refused(ApiException error) {
        errorKind = error.kind().name().toLowerCase(Locale.ROOT);
        errorText = error.getMessage();
    }

    synchronized void firstToken(long now, ModelMeters meters) {
        if (firstTokenNanos == 0) {
            firstTokenNanos = now - beginNanos;
            meters.firstToken(firstTokenNanos);
        }
    }

    synchronized void gone() { gone = true; }

    synchronized void failed() { failed = true; }

    /// The handler is done. The line follows when the answers have ended, which is now unless the
    /// client left or they go on without it.
    void handled(int status) {
        long totalNanos = System.nanoTime() - beginNanos;
        if (isEnded()) {
            finish(status, totalNanos);
        } else {
            Thread.ofVirtual().name("request-end").start(() -> {
                awaitEnd();
                finish(status, totalNanos);
            });
        }
    }

    private synchronized boolean isEnded() {
        for (ObservedAnswer answer : answers) {
            if (answer.ending().isEmpty()) {
                return false;
            }
        }
        return true;
    }

    private void awaitEnd() {
        long begin = System.nanoTime();
        while (!isEnded() && System.nanoTime() - begin < END_PATIENCE_NANOS) {
            try {
                Thread.sleep(END_POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private synchronized void finish(int status, long totalNanos) {
        Optional<FinishedRequest.Work> work = models.isEmpty() ? Optional.empty()
                : Optional.of(work());
        Outcome outcome = gone ? Outcome.CLIENT_GONE
                : failed || status >= 500 && status != 503 ? Outcome.FAILED
                : status >= 400 ? Outcome.REFUSED : Outcome.COMPLETED;
        if (!answers.isEmpty()) {
            answers.getFirst().meters().request(totalNanos);
        }
        telemetry.finished(new FinishedRequest(id, client, route, status, outcome, errorKind,
                errorText, trace, work, totalNanos, prompt),
                quiet && outcome == Outcome.COMPLETED);
    }

    private FinishedRequest.Work work() {
        long promptTokens = encodedTokens;
        long cachedTokens = 0;
        long completionTokens = 0;
        long queuedNanos = 0;
        long engineNanos = encodeNanos;
        var finishes = new ArrayList<String>();
        for (ObservedAnswer answer : answers) {
            if (answer.ending().isEmpty()) {
                finishes.add("unknown");
                continue;
            }
            switch (answer.ending().get()) {
                case Finished(var reason, String _, String _, Usage usage) -> {
                    finishes.add(answer.ended(usage, reason));
                    completionTokens += usage.completionTokens();
                    engineNanos += usage.engineNanos();
                    promptTokens += answer.isFirst() ? usage.promptTokens() : 0;
                    cachedTokens += answer.isFirst() ? usage.cachedTokens() : 0;
                    queuedNanos = Math.max(
                            queuedNanos, answer.isFirst() ? usage.queuedNanos() : 0);
                }
                case Failed _ -> {
                    finishes.add(answer.failed());
                    failed = true;
                }
                case Token _ -> throw new IllegalStateException("a token is no end");
            }
        }
        return new FinishedRequest.Work(String.join(",", models), promptTokens, cachedTokens,
                completionTokens, queuedNanos, firstTokenNanos, engineNanos, finishes);
    }
}
