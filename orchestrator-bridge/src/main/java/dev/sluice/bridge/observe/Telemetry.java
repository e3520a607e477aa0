package dev.sluice.bridge.observe;

import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.Exchange;
import dev.sluice.models.tokenizer.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;

/// What is known of a server's work: metrics, a line a request, and who has cost what. Any thread.
///
///     Telemetry.observe   an id, the trace's headers, the route's status, who left
///     ChatRun.submit      which answers belong to the request: every protocol passes there
///     ChoiceReader.next   when each token was taken, on the reader's thread
///     the streams' ends   what it cost, from the engine's own figures
///
/// The engine's thread does nothing for it: it counts anyway, and tells when it is asked.
public final class Telemetry {
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9._:/+=@-]{1,128}");

    /// Handles one request.
    public interface Handler {
        void handle(Exchange exchange, ObservedRequest request);
    }

    private final Metrics metrics;
    private final RequestLog log;
    private final Ledger ledger = new Ledger();

    public Telemetry(ModelHost host, RequestLog log) {
        metrics = new Metrics(host);
        this.log = log;
    }

    public Ledger ledger() { return ledger; }

    /// Every metric in Prometheus' text format, version 0.0.4.
    public String scrape() { return metrics.scrape(); }

    /// Requests being handled now.
    public int active() { return metrics.active(); }

    /// Has a request handled. The response gets the headers `x-request-id`, the client's own if it
    /// sent one, and `traceparent`.
    public void observe(Exchange exchange, Handler handler) {
        String id = exchange.header("x-request-id").filter(given -> ID.matcher(given).matches())
                .orElseGet(() -> "req-" + UUID.randomUUID());
        var request = new ObservedRequest(this, id, TraceContext.of(
                exchange.header("traceparent"), exchange.header("tracestate")));
        exchange.responseHeader("x-request-id", id);
        exchange.responseHeader("traceparent", request.trace().traceparent());
        var observed = new ObservedExchange(exchange, request);
        metrics.began();
        boolean completed = false;
        try {
            ScopedValue.where(ObservedRequest.CURRENT, request)
                    .run(() -> handler.handle(observed, request));
            completed = true;
        } catch (Exchange.ClientGoneException e) {
            request.gone();
            completed = true;
            throw e;
        } finally {
            if (!completed) {
                request.failed();
            }
            metrics.done();
            request.handled(exchange.status());
        }
    }

    /// What was no request that could be handled was answered with a status.
    public void refused(int status) {
        // Our own faults are counted with their route when the handler ends.
        if (status != 500) {
            metrics.http("none", String.valueOf(status));
        }
    }

    ModelMeters meters(String model) { return metrics.of(model); }

    boolean wantsPrompts() { return log.wantsPrompts(); }

    String text(HostedModel model, int[] tokenIds) {
        Tokenizer tokenizer = model.tokenizer();
        var bytes = new ByteArrayOutputStream();
        for (int id : tokenIds) {
            byte[] piece = tokenizer.bytes(id);
            bytes.writeBytes(piece.length > 0 ? piece
                    : tokenizer.name(id).getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    void finished(FinishedRequest request, boolean quiet) {
        boolean unanswered = request.status() == 0;
        boolean gone = request.outcome() == Outcome.CLIENT_GONE;
        metrics.http(request.route(), !unanswered ? String.valueOf(request.status())
                : gone ? "gone" : "500");
        if (gone) {
            metrics.clientGone(request.route());
        }
        request.work().ifPresent(work -> ledger.add(request.client(), work));
        if (!quiet) {
            log.write(request);
        }
    }

    /// Every model's figures of this moment.
    public List<WatchedModel> models() { return metrics.refreshed(); }
}
