package dev.sluice.benchmarks.load;

import dev.sluice.models.json.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/// Sends requests and reads their streams. Any thread; a call blocks.
final class StreamingClient implements AutoCloseable {
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1).build();
    private final LoadTarget target;

    StreamingClient(LoadTarget target) {
        this.target = target;
    }

    /// What has come of one answer.
    private static final class Stream {
        private final LongStream.Builder chunks = LongStream.builder();
        private int pieces;
        private int promptTokens;
        private int cachedTokens;
        private int tokens;
        private boolean done;
        private String error = "";

        void line(String line) {
            if (!line.startsWith("data:")) {
                return;
            }
            String data = line.substring(5).strip();
            if (data.equals("[DONE]")) {
                done = true;
                return;
            }
            var event = (Map<?, ?>) Json.parse(data);
            if (event.get("error") != null) {
                error = "error in the stream";
            }
            if (event.get("usage") instanceof Map<?, ?> usage) {
                usage(usage);
            }
            if (event.get("choices") instanceof List<?> choices && !choices.isEmpty()
                    && hasText((Map<?, ?>) choices.getFirst())) {
                chunks.add(System.nanoTime());
                pieces++;
            }
        }

        private static boolean hasText(Map<?, ?> choice) {
            if (choice.get("text") instanceof String text) {
                return !text.isEmpty();
            }
            if (choice.get("delta") instanceof Map<?, ?> delta) {
                for (String field : List.of("content", "reasoning_content", "reasoning")) {
                    if (delta.get(field) instanceof String text && !text.isEmpty()) {
                        return true;
                    }
                }
                return delta.get("tool_calls") != null;
            }
            return false;
        }

        private void usage(Map<?, ?> usage) {
            promptTokens = number(usage.get("prompt_tokens"));
            tokens = number(usage.get("completion_tokens"));
            if (usage.get("prompt_tokens_details") instanceof Map<?, ?> details) {
                cachedTokens = number(details.get("cached_tokens"));
            }
        }

        private static int number(Object value) {
            return value instanceof Number number ? number.intValue() : 0;
        }

        Measured measured(long plannedNanos) {
            long end = System.nanoTime();
            String kind = !error.isEmpty() ? error : !done ? "stream cut" : pieces == 0
                    ? "no text" : "";
            return new Measured(plannedNanos, chunks.build().toArray(), end, promptTokens,
                    cachedTokens, tokens > 0 ? tokens : pieces, kind);
        }
    }

    /// @param plannedNanos when it was due, by [System#nanoTime]
    Measured ask(AgentSession.Turn turn, long plannedNanos) throws InterruptedException {
        try {
            HttpResponse<InputStream> response = http.send(
                    target.request(turn), HttpResponse.BodyHandlers.ofInputStream());
            try (var body = new BufferedReader(new InputStreamReader(
                    response.body(), StandardCharsets.UTF_8))) {
                if (response.statusCode() != 200) {
                    return Measured.failed(plannedNanos, System.nanoTime(),
                            "HTTP " + response.statusCode());
                }
                var stream = new Stream();
                for (String line = body.readLine(); line != null && !stream.done;
                        line = body.readLine()) {
                    stream.line(line);
                }
                return stream.measured(plannedNanos);
            }
        } catch (HttpTimeoutException e) {
            return Measured.failed(plannedNanos, System.nanoTime(), "timeout");
        } catch (ConnectException e) {
            return Measured.failed(plannedNanos, System.nanoTime(), "no connection");
        } catch (IOException e) {
            return Measured.failed(plannedNanos, System.nanoTime(), "connection broken");
        } catch (Json.MalformedJsonException e) {
            return Measured.failed(plannedNanos, System.nanoTime(), "not JSON");
        }
    }

    @Override
    public void close() {
        http.shutdownNow();
        http.close();
    }
}
