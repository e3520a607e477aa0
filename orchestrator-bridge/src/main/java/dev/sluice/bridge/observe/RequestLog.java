package dev.sluice.bridge.observe;

import dev.sluice.models.json.Json;
import java.io.PrintWriter;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/// One line for each request that is over. What clients wrote is not in it, prompt or error
/// message, unless that was asked for. Any thread.
public final class RequestLog {
    /// Nothing is written.
    public static final RequestLog OFF = new RequestLog(new PrintWriter(PrintWriter.nullWriter()),
            LogFormat.OFF, false, Clock.systemUTC());
    /// Of a prompt; a line should stay one that people read.
    private static final int PROMPT_MAX = 4000;
    private static final Pattern BARE = Pattern.compile("[A-Za-z0-9_.,:/@+*{}-]+");

    private final PrintWriter out;
    private final LogFormat format;
    private final boolean prompts;
    private final Clock clock;

    /// @param prompts whether texts of clients may be logged
    public RequestLog(PrintWriter out, LogFormat format, boolean prompts, Clock clock) {
        this.out = out;
        this.format = format;
        this.prompts = prompts;
        this.clock = clock;
    }

    /// Whether a request should keep its prompt for the log.
    boolean wantsPrompts() { return prompts && format != LogFormat.OFF; }

    void write(FinishedRequest request) {
        if (format == LogFormat.OFF) {
            return;
        }
        Map<String, Object> fields = fields(request);
        String line = format == LogFormat.JSON ? Json.write(fields) : text(fields);
        // One call, so that lines of two threads do not mix.
        out.print(line + "\n");
        out.flush();
    }

    private Map<String, Object> fields(FinishedRequest request) {
        var fields = new LinkedHashMap<String, Object>();
        fields.put("time", Instant.now(clock).truncatedTo(ChronoUnit.MILLIS).toString());
        fields.put("event", "request");
        fields.put("id", request.id());
        fields.put("client", request.client().isEmpty() ? "-" : request.client());
        fields.put("route", request.route());
        fields.put("status", request.status());
        fields.put("outcome", request.outcome().text());
        request.work().ifPresent(work -> put(work, fields));
        fields.put("total_ms", millis(request.totalNanos()));
        fields.put("trace", request.trace().traceId());
        fields.put("span", request.trace().spanId());
        if (!request.errorKind().isEmpty()) {
            fields.put("error", request.errorKind());
        }
        if (prompts && !request.errorText().isEmpty()) {
            fields.put("error_text", shortened(request.errorText()));
        }
        if (prompts && !request.prompt().isEmpty()) {
            fields.put("prompt", shortened(request.prompt()));
        }
        return fields;
    }

    private static void put(FinishedRequest.Work work, Map<String, Object> fields) {
        fields.put("model", work.model());
        fields.put("prompt_tokens", work.promptTokens());
        fields.put("cached_tokens", work.cachedTokens());
        fields.put("completion_tokens", work.completionTokens());
        fields.put("finish", String.join(",", work.finishes()));
        fields.put("queue_ms", millis(work.queuedNanos()));
        if (work.firstTokenNanos() > 0) {
            fields.put("ttft_ms", millis(work.firstTokenNanos()));
        }
        fields.put("engine_ms", millis(work.engineNanos()));
    }

    /// To a hundredth: below is noise.
    private static double millis(long nanos) { return Math.round(nanos / 1e4) / 100.0; }

    private static String shortened(String text) {
        return text.length() <= PROMPT_MAX ? text : text.substring(0, PROMPT_MAX) + "...";
    }

    private static String text(Map<String, Object> fields) {
        var line = new StringBuilder();
        fields.forEach((key, value) -> {
            String shown = value instanceof Double number
                    ? String.format(Locale.ROOT, "%.2f", number) : value.toString();
            line.append(line.isEmpty() ? "" : " ").append(key).append('=')
                    .append(BARE.matcher(shown).matches() ? shown : Json.write(shown));
        });
        return line.toString();
    }
}
