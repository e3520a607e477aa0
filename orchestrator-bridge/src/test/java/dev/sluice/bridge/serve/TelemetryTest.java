package dev.sluice.bridge.serve;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.bridge.observe.LogFormat;
import dev.sluice.bridge.observe.RequestLog;
import dev.sluice.models.json.Json;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Goal: what a server says about its work is what it did. Method: requests of known size over
/// HTTP, then `/metrics`, the log and the ledger.
@Timeout(120)
final class TelemetryTest {
    private static final Path MIXTURE =
            Path.of("../models/core/src/test/resources/goldens/qwen3-moe/model-f32.gguf");
    private static final String CHAT = "/v1/chat/completions";
    private static final String SECRET = "xylophone";

    private final StringWriter lines = new StringWriter();

    private RunningServer server(ApiKeys keys, LogFormat format, boolean prompts, Path model)
            throws Exception {
        var log = new RequestLog(new PrintWriter(lines), format, prompts, Clock.systemUTC());
        return new RunningServer(HttpOptions.defaults(), keys, log, model);
    }

    private RunningServer server() throws Exception {
        return server(ApiKeys.OPEN, LogFormat.JSON, false, RunningServer.MODEL);
    }

    private static String chat(int maxTokens, String more) {
        return "{\"messages\":[{\"role\":\"user\",\"content\":\"" + SECRET + "\"}],"
                + "\"ignore_eos\":true,\"temperature\":0,\"max_tokens\":" + maxTokens + more + "}";
    }

    /// The lines of the log, once there are so many.
    private List<Map<?, ?>> logged(int count) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (lines.toString().lines().count() < count) {
            assertTrue(System.nanoTime() < end, "want " + count + " lines, got " + lines);
            Thread.sleep(2);
        }
        return lines.toString().lines().<Map<?, ?>>map(line -> (Map<?, ?>) Json.parse(line))
                .toList();
    }

    /// Values of `/metrics` by name and labels.
    private static Map<String, Double> metrics(RunningServer server) throws Exception {
        // Figures of the engines are shared by all who look within a tenth of a second.
        Thread.sleep(120);
        var values = new HashMap<String, Double>();
        var reply = server.get("/metrics");
        assertEquals(200, reply.status());
        assertTrue(reply.headers().firstValue("content-type").orElse("").startsWith("text/plain"));
        for (String line : reply.body().lines().toList()) {
            int space = line.lastIndexOf(' ');
            if (!line.startsWith("#")) {
                values.put(line.substring(0, space), Double.parseDouble(line.substring(space + 1)));
            }
        }
        return values;
    }

    @Test
    void theCountsAreThoseOfTheRequests() throws Exception {
        try (RunningServer server = server()) {
            server.post(CHAT, chat(7, ""));
            server.post(CHAT, chat(5, ",\"n\":2,\"stream\":true"));
            assertEquals(400, server.post(CHAT, "{}").status());
            assertEquals(404, server.get("/nowhere").status());
            List<Map<?, ?>> log = logged(4);
            Map<String, Double> now = metrics(server);
            String tiny = "{model=\"tiny\"}";
            assertEquals(17, now.get("sluice_generation_tokens_total" + tiny));
            long prompt = ((Number) log.get(0).get("prompt_tokens")).longValue();
            assertTrue(prompt > 5, log.toString());
            assertEquals(2.0 * prompt, now.get("sluice_prompt_tokens_total" + tiny));
            assertEquals(2, now.get("sluice_time_to_first_token_seconds_count" + tiny));
            // One gap less than tokens in each of three answers.
            assertEquals(14, now.get("sluice_inter_token_latency_seconds_count" + tiny));
            assertEquals(2, now.get("sluice_e2e_request_latency_seconds_count" + tiny));
            assertEquals(2, now.get("sluice_request_queue_time_seconds_count" + tiny));
            assertEquals(2, now.get("sluice_request_prefill_time_seconds_count" + tiny));
            assertEquals(3, now.get("sluice_request_decode_time_seconds_count" + tiny));
            assertEquals(3, now.get("sluice_request_success_total"
                    + "{finished_reason=\"length\",model=\"tiny\"}"));
            assertEquals(0, now.get("sluice_requests_running" + tiny));
            assertEquals(0, now.get("sluice_requests_waiting" + tiny));
            assertTrue(now.get("sluice_prefix_cache_queries_total" + tiny) >= prompt);
            assertTrue(now.get("sluice_prefix_cache_hits_total" + tiny) > 0);
            assertEquals(0, now.get("sluice_preemptions_total" + tiny));
            assertEquals(2, now.get("sluice_http_requests_total"
                    + "{route=\"POST /v1/chat/completions\",status=\"200\"}"));
            assertEquals(1, now.get("sluice_http_requests_total"
                    + "{route=\"POST /v1/chat/completions\",status=\"400\"}"));
            assertEquals(1, now.get("sluice_http_requests_total"
                    + "{route=\"none\",status=\"404\"}"));
            assertEquals(1, now.get("sluice_http_requests_active"));
            double pages = now.get("sluice_kv_pages{model=\"tiny\",state=\"free\"}")
                    + now.get("sluice_kv_pages{model=\"tiny\",state=\"kept\"}");
            assertTrue(pages > 0 && now.get("sluice_kv_pages{model=\"tiny\",state=\"kept\"}") > 0);
        }
    }

    @Test
    void runningAnswersAreSeenWhileTheyRun() throws Exception {
        try (RunningServer server = server(
                ApiKeys.OPEN, LogFormat.OFF, false, RunningServer.MODEL)) {
            var done = new AtomicBoolean();
            Thread load = Thread.ofVirtual().start(() -> {
                while (!done.get()) {
                    assertDoesNotThrow(() -> server.post(CHAT, chat(200, ",\"n\":4")));
                }
            });
            double usage = 0;
            double running = 0;
            for (int i = 0; i < 100 && (usage == 0 || running == 0); i++) {
                Map<String, Double> now = metrics(server);
                usage = Math.max(usage, now.get("sluice_kv_cache_usage_ratio{model=\"tiny\"}"));
                running = Math.max(running, now.get("sluice_requests_running{model=\"tiny\"}"));
            }
            done.set(true);
            load.join();
            assertTrue(usage > 0 && usage <= 1, "usage " + usage);
            assertTrue(running >= 1 && running <= 4, "running " + running);
        }
    }

    @Test
    void aClientThatLeavesIsCountedWithWhatItCost() throws Exception {
        try (RunningServer server = server()) {
            server.post(CHAT, chat(1, ""));
            try (var socket = new Socket("127.0.0.1", server.port())) {
                String body = "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],"
                        + "\"ignore_eos\":true,\"n\":4}";
                socket.getOutputStream().write(("POST " + CHAT + " HTTP/1.1\r\nHost: x\r\n"
                        + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                        .getBytes(StandardCharsets.UTF_8));
                while (server.model().engine().stats().running() == 0) {
                    Thread.sleep(1);
                }
            }
            Map<?, ?> left = logged(2).get(1);
            assertEquals("client_gone", left.get("outcome"), left.toString());
            assertTrue(((Number) left.get("prompt_tokens")).longValue() > 0, left.toString());
            assertTrue(((String) left.get("finish")).contains("cancelled"), left.toString());
            assertEquals(1, metrics(server).get("sluice_clients_gone_total"
                    + "{route=\"POST /v1/chat/completions\"}"));
        }
    }

    @Test
    void aLineTellsARequestAndNothingThatTheClientWrote() throws Exception {
        try (RunningServer server = server()) {
            String id = "test-17";
            String trace = "4bf92f3577b34da6a3ce929d0e0e4736";
            var reply = server.post(CHAT, chat(6, ""), "x-request-id", id, "traceparent",
                    "00-" + trace + "-00f067aa0ba902b7-01", "tracestate", "a=1");
            assertEquals(id, reply.headers().firstValue("x-request-id").orElse(""));
            String passed = reply.headers().firstValue("traceparent").orElse("");
            assertTrue(passed.matches("00-" + trace + "-[0-9a-f]{16}-01"), passed);
            assertFalse(passed.contains("00f067aa0ba902b7"), "the span must be ours");
            assertEquals(400, server.post(CHAT, "{\"" + SECRET + "\":1,\"messages\":[{\"role\":"
                    + "\"user\",\"content\":\"a\"}]}", "x-request-id", "two words").status());
            List<Map<?, ?>> log = logged(2);
            Map<?, ?> line = log.getFirst();
            assertEquals(id, line.get("id"));
            assertEquals("anonymous", line.get("client"));
            assertEquals("tiny", line.get("model"));
            assertEquals("POST /v1/chat/completions", line.get("route"));
            assertEquals(6L, line.get("completion_tokens"));
            assertEquals(0L, line.get("cached_tokens"));
            assertEquals("completed", line.get("outcome"));
            assertEquals("length", line.get("finish"));
            assertEquals(trace, line.get("trace"));
            double total = ((Number) line.get("total_ms")).doubleValue();
            double first = ((Number) line.get("ttft_ms")).doubleValue();
            assertTrue(first > 0 && first <= total, line.toString());
            assertTrue(((Number) line.get("engine_ms")).doubleValue() > 0, line.toString());
            assertTrue(((Number) line.get("queue_ms")).doubleValue() >= 0, line.toString());
            Map<?, ?> refused = log.get(1);
            assertEquals("refused", refused.get("outcome"));
            assertEquals("invalid", refused.get("error"));
            assertTrue(((String) refused.get("id")).startsWith("req-"), "no blanks in ids");
            assertFalse(lines.toString().contains(SECRET), lines.toString());
        }
    }

    @Test
    void promptsAreLoggedWhenAskedFor() throws Exception {
        try (RunningServer server = server(
                ApiKeys.OPEN, LogFormat.TEXT, true, RunningServer.MODEL)) {
            server.post(CHAT, chat(2, ""));
            long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
            while (lines.toString().isEmpty() && System.nanoTime() < end) {
                Thread.sleep(2);
            }
            String line = lines.toString();
            assertTrue(line.contains(SECRET), line);
            assertTrue(line.contains(" route=\"POST /v1/chat/completions\" status=200 "), line);
            assertTrue(line.contains(" completion_tokens=2 finish=length queue_ms="), line);
            assertEquals(1, line.lines().count());
        }
    }

    @Test
    void whoLooksOnLeavesNoLine() throws Exception {
        try (RunningServer server = server()) {
            server.get("/health");
            server.get("/metrics");
            server.get("/v1/usage");
            server.post(CHAT, chat(2, ""));
            assertEquals("POST /v1/chat/completions", logged(1).getFirst().get("route"));
        }
    }

    @Test
    void everyClientSeesItsOwnCostAndAnAdministratorAll(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("keys"),
                "key-of-a alice\nkey-of-b bob\nkey-of-c root admin\n");
        try (RunningServer server = server(
                ApiKeys.read(file), LogFormat.JSON, false, RunningServer.MODEL)) {
            assertEquals(401, server.get("/v1/usage").status());
            assertEquals(401, server.get("/metrics").status());
            server.post(CHAT, chat(4, ""), "x-api-key", "key-of-a");
            server.post(CHAT, chat(9, ""), "x-api-key", "key-of-b");
            server.post(CHAT, chat(9, ""), "x-api-key", "key-of-b");
            // The first two were refused for want of a key.
            List<Map<?, ?>> log = logged(5);
            assertEquals("-", log.getFirst().get("client"));
            assertEquals("alice", log.get(2).get("client"));
            Map<?, ?> own = server.get("/v1/usage", "x-api-key", "key-of-a").json();
            assertEquals("own", own.get("scope"));
            List<?> accounts = (List<?>) own.get("clients");
            assertEquals(1, accounts.size(), accounts.toString());
            Map<?, ?> alice = (Map<?, ?>) accounts.getFirst();
            assertEquals("alice", alice.get("client"));
            assertEquals(1L, alice.get("requests"));
            assertEquals(4L, alice.get("completion_tokens"));
            Map<?, ?> all = server.get("/v1/usage", "x-api-key", "key-of-c").json();
            assertEquals("all", all.get("scope"));
            assertEquals(2, ((List<?>) all.get("clients")).size());
            Map<?, ?> bob = (Map<?, ?>) ((List<?>) all.get("clients")).get(1);
            assertEquals(2L, bob.get("requests"));
            assertEquals(18L, bob.get("completion_tokens"));
            long cached = ((Number) bob.get("cached_tokens")).longValue();
            assertTrue(cached > 0, "the second prompt was there: " + bob);
            assertEquals(2 * ((Number) alice.get("prompt_tokens")).longValue(),
                    bob.get("prompt_tokens"));
            assertTrue(((Number) bob.get("engine_ms")).doubleValue() > 0);
        }
    }

    @Test
    void expertsOfAMixtureAreSeen() throws Exception {
        try (RunningServer server = server(ApiKeys.OPEN, LogFormat.OFF, false, MIXTURE)) {
            var reply = server.post("/v1/completions",
                    "{\"prompt\":[1,5,7,9],\"max_tokens\":6,\"ignore_eos\":true}");
            assertEquals(200, reply.status(), reply.body());
            Map<String, Double> now = metrics(server);
            var byLayer = new HashMap<String, Double>();
            now.forEach((name, value) -> {
                if (name.startsWith("sluice_expert_tokens_total")) {
                    byLayer.merge(name.replaceFirst(".*layer=\"([^\"]+)\".*", "$1"), value,
                            Double::sum);
                }
            });
            assertTrue(byLayer.size() > 1, byLayer.toString());
            // 4 prompt tokens and 5 of the 6 drawn ones passed the model.
            byLayer.forEach((layer, sum) -> assertEquals(0, sum % 9, layer + ": " + sum));
            assertNotEquals(0, byLayer.values().iterator().next());
            assertTrue(now.keySet().stream().anyMatch(
                    name -> name.startsWith("sluice_expert_max_violation{layer=")));
        }
    }
}
