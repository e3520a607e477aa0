package dev.sluice.bridge.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.bridge.anthropic.AnthropicEndpoints;
import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.api.Call;
import dev.sluice.bridge.api.Endpoints;
import dev.sluice.bridge.http.Exchange;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.bridge.http.HttpServer;
import dev.sluice.models.json.Json;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: the parts of Anthropic's protocol that its client hides are right: the order and indices
/// of events, the shape of errors, what is refused and how it is named, what the usage counts.
/// Method: raw HTTP against a tiny random model; hostile bodies by a seeded generator.
final class AnthropicHttpTest {
    private static final String HI = "{\"role\":\"user\",\"content\":\"hello\"}";
    private static final String WEATHER = "{\"name\":\"weather\",\"input_schema\":{\"type\":"
            + "\"object\",\"properties\":{\"city\":{\"enum\":[\"Paris\",\"Rome\"]}},"
            + "\"required\":[\"city\"],\"additionalProperties\":false}}";

    @TempDir
    private static Path folder;

    private static PatchedServer server;

    @BeforeAll
    static void start() throws Exception {
        Path model = new PatchedModel().token("Ġval", "<tool_call>")
                .write(folder.resolve("m.gguf"), PatchedModel.AGENT);
        server = new PatchedServer(model, ApiKeys.OPEN);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static String body(String messages, String more) {
        return "{\"model\":\"tiny\",\"max_tokens\":12,\"temperature\":0,\"messages\":["
                + messages + "]" + more + "}";
    }

    private static PatchedServer.Reply send(String messages, String more) throws Exception {
        return server.post("/v1/messages", body(messages, more),
                "anthropic-version", "2023-06-01", "anthropic-beta", "whatever-2025-01-01");
    }

    private static Map<?, ?> map(Object value) { return (Map<?, ?>) value; }

    @Test
    void eventsComeInTheirOrder() throws Exception {
        var reply = send(HI, ",\"stream\":true,\"thinking\":{\"type\":\"adaptive\"}");
        assertEquals(200, reply.status(), reply.body());
        assertTrue(reply.body().startsWith("event: message_start\ndata: {"), reply.body());
        var types = new ArrayList<String>();
        for (Map<?, ?> event : reply.events()) {
            String type = (String) event.get("type");
            if (types.isEmpty() || !types.getLast().equals(type)) {
                types.add(type);
            }
        }
        assertEquals(List.of("message_start", "ping", "content_block_start",
                "content_block_delta", "content_block_stop", "message_delta", "message_stop"),
                types);
        List<Map<?, ?>> events = reply.events();
        Map<?, ?> message = map(events.getFirst().get("message"));
        assertEquals(List.of(), message.get("content"));
        assertTrue((Long) map(message.get("usage")).get("input_tokens") > 0);
        Map<?, ?> signature = map(events.get(events.size() - 4).get("delta"));
        assertEquals("signature_delta", signature.get("type"));
        Map<?, ?> delta = events.get(events.size() - 2);
        assertTrue(List.of("max_tokens", "end_turn").contains(
                map(delta.get("delta")).get("stop_reason")), delta.toString());
        assertTrue((Long) map(delta.get("usage")).get("output_tokens") > 1, delta.toString());
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whoWaitsIsPinged() throws Exception {
        Endpoints.Handler handler = new AnthropicEndpoints(server.host(), Duration.ofMillis(1))
                .routes().get("POST /v1/messages");
        var goOn = new CountDownLatch(1);
        Exchange.Handler alone = new Exchange.Handler() {
            @Override
            public void handle(Exchange exchange) {
                // The engine stands still until a while after the request has come.
                Thread.ofVirtual().start(() -> {
                    LockSupport.parkNanos(Duration.ofMillis(300).toNanos());
                    goOn.countDown();
                });
                handler.handle(new Call(exchange, "", Map.of()));
            }

            @Override
            public Exchange.Refusal refusal(int status, String message) {
                return new Exchange.Refusal("text/plain", new byte[0], Map.of());
            }
        };
        server.get("/props");
        server.model().engine().betweenSteps(() -> awaitQuietly(goOn));
        try (var http = HttpServer.start(HttpOptions.defaults(), alone);
                var client = HttpClient.newHttpClient()) {
            var reply = client.send(HttpRequest.newBuilder(
                    URI.create("http://127.0.0.1:" + http.port() + "/v1/messages"))
                    .POST(HttpRequest.BodyPublishers.ofString(body(HI, ",\"stream\":true")))
                    .build(), HttpResponse.BodyHandlers.ofString());
            String text = reply.body();
            assertTrue(text.startsWith("event: message_start"), text);
            assertTrue(text.split("event: ping").length > 3, text);
            assertEquals(2, text.split("event: message_start", -1).length, text);
            assertTrue(text.indexOf("event: content_block_start")
                    > text.lastIndexOf("event: ping"), text);
            assertTrue(text.contains("event: message_stop"), text);
        } finally {
            goOn.countDown();
        }
    }

    @Test
    void omittedThinkingIsNotSent() throws Exception {
        var reply = send(HI,
                ",\"thinking\":{\"type\":\"adaptive\",\"display\":\"omitted\"}");
        Map<?, ?> block = map(((List<?>) reply.json().get("content")).getFirst());
        assertEquals("thinking", block.get("type"), reply.body());
        assertEquals("", block.get("thinking"));
    }

    @Test
    void conversationsOfEveryBlockAreRead() throws Exception {
        String past = HI + ",{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\","
                + "\"thinking\":\"hm\",\"signature\":\"x\"},{\"type\":\"redacted_thinking\","
                + "\"data\":\"zz\"},{\"type\":\"text\",\"text\":\"one\"},{\"type\":\"tool_use\","
                + "\"id\":\"t1\",\"name\":\"weather\",\"input\":{\"city\":\"Rome\"}}]},"
                + "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":"
                + "\"t1\",\"is_error\":true,\"content\":[{\"type\":\"text\",\"text\":\"no\"}]},"
                + "{\"type\":\"text\",\"text\":\"and\"},{\"type\":\"text\",\"text\":\"so?\"}]}";
        var reply = send(past, ",\"system\":[{\"type\":\"text\",\"text\":\"Be\",\"cache_control\":"
                + "{\"type\":\"ephemeral\",\"ttl\":\"1h\"}},{\"type\":\"text\",\"text\":\"brief\"}]"
                + ",\"tools\":[" + WEATHER + "],\"metadata\":{\"user_id\":\"u\"}");
        assertEquals(200, reply.status(), reply.body());
        assertEquals("message", reply.json().get("type"));
        assertFalse(reply.response().headers().firstValue("request-id").isEmpty());
    }

    @Test
    void usageTellsWhatTheCacheDid() throws Exception {
        String system = ",\"system\":\"A text that nobody has sent before this test.\"";
        Map<?, ?> first = map(send(HI, system).json().get("usage"));
        assertTrue((Long) first.get("input_tokens") > 20, first.toString());
        assertEquals(0L, first.get("cache_creation_input_tokens"));
        Map<?, ?> again = map(send(HI, system).json().get("usage"));
        assertEquals(1L, again.get("input_tokens"), again.toString());
        String marked = ",\"cache_control\":{\"type\":\"ephemeral\"}";
        Map<?, ?> asked = map(send("{\"role\":\"user\",\"content\":\"goodbye\"}", system + marked)
                .json().get("usage"));
        assertEquals(0L, asked.get("input_tokens"), asked.toString());
        assertTrue((Long) asked.get("cache_creation_input_tokens") > 0, asked.toString());
        assertTrue((Long) asked.get("cache_read_input_tokens") > 20, asked.toString());
    }

    @Test
    void stopsAreNamed() throws Exception {
        String text = (String) map(((List<?>) send(HI, "").json().get("content")).getFirst())
                .get("text");
        String stop = text.substring(3, 5);
        var reply = send(HI, ",\"stop_sequences\":[" + Json.write(stop) + "]");
        assertEquals("stop_sequence", reply.json().get("stop_reason"), reply.body());
        assertEquals(stop, reply.json().get("stop_sequence"));
    }

    @Test
    void oneCallIsOne() throws Exception {
        // With " val" made a mark of calls, the model begins one after another.
        String tools = ",\"tools\":[" + WEATHER + "],\"max_tokens\":600,\"stream\":true,"
                + "\"tool_choice\":{\"type\":\"any\",\"disable_parallel_tool_use\":true}";
        var reply = server.post("/v1/messages", "{\"model\":\"tiny\",\"messages\":[" + HI + "]"
                + tools + "}");
        long calls = reply.events().stream().filter(event -> event.get("content_block")
                instanceof Map<?, ?> block && block.get("type").equals("tool_use")).count();
        assertTrue(calls <= 1, reply.body());
    }

    @Test
    void whatIsNotSupportedIsNamed() throws Exception {
        assertRefused(HI, ",\"bogus\":1", "bogus");
        assertRefused(HI, ",\"temperature\":1.5", "temperature");
        assertRefused(HI, ",\"mcp_servers\":[]", "mcp_servers");
        assertRefused(HI, ",\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"w\"}]",
                "tools[0].type");
        assertRefused(HI, ",\"tools\":[{\"name\":\"w\"}]", "input_schema");
        assertRefused(HI, ",\"tools\":[" + WEATHER + "," + WEATHER + "]", "tools[1].name");
        assertRefused(HI, ",\"tool_choice\":{\"type\":\"any\"}", "tool_choice");
        assertRefused(HI, ",\"tools\":[" + WEATHER + "],\"tool_choice\":{\"type\":\"tool\","
                + "\"name\":\"x\"}", "tool_choice.name");
        assertRefused(HI, ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":5}",
                "thinking.budget_tokens");
        assertRefused(HI, ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000}",
                "max_tokens");
        assertRefused(HI, ",\"thinking\":{\"type\":\"between_tools\"}", "thinking.type");
        assertRefused(HI, ",\"output_config\":{\"effort\":\"low\"}", "output_config.effort");
        assertRefused(HI, ",\"stop_sequences\":[\" \"]", "stop_sequences");
        assertRefused(HI, ",\"cache_control\":{\"type\":\"forever\"}", "cache_control.type");
        assertRefused("{\"role\":\"user\",\"content\":[{\"type\":\"image\",\"source\":{}}]}", "",
                "'image'");
        assertRefused("{\"role\":\"wizard\",\"content\":\"\"}", "", "messages[0].role");
        assertRefused("{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":"
                + "\"x\"}]}", "", "tool_use_id");
        assertRefused(HI + ",{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":"
                + "\"a\",\"name\":\"b\",\"input\":{}}]}", "", "messages[1].content");
        assertRefused(HI + ",{\"role\":\"assistant\",\"content\":\"so \"}", "",
                "messages[1].content");
        assertRefused("", "", "messages");
        var missing = server.post("/v1/messages", "{\"model\":\"tiny\",\"messages\":[" + HI + "]}");
        assertTrue(missing.body().contains("max_tokens is missing"), missing.body());
    }

    private static void assertRefused(String messages, String more, String named)
            throws Exception {
        var reply = send(messages, more);
        assertEquals(400, reply.status(), reply.body());
        assertEquals("error", reply.json().get("type"));
        assertEquals("invalid_request_error", reply.error().get("type"));
        assertTrue(reply.error().get("message").toString().contains(named), reply.body());
        assertEquals(reply.response().headers().firstValue("request-id").orElseThrow(),
                reply.json().get("request_id"));
    }

    @Test
    void modelsThatCanNotAreNotAskedTo() throws Exception {
        try (var plain = new PatchedServer(RunningServer.MODEL, ApiKeys.OPEN)) {
            for (String more : List.of(",\"tools\":[" + WEATHER + "]",
                    ",\"thinking\":{\"type\":\"adaptive\"}")) {
                var reply = plain.post("/v1/messages", body(HI, more));
                assertEquals(400, reply.status(), reply.body());
            }
            assertEquals(200, plain.post("/v1/messages",
                    body(HI, ",\"thinking\":{\"type\":\"disabled\"}")).status());
        }
    }

    @Test
    void keysAreChecked() throws Exception {
        Path keys = Files.writeString(folder.resolve("keys"), "secret\n");
        try (var guarded = new PatchedServer(RunningServer.MODEL, ApiKeys.read(keys))) {
            var refused = guarded.post("/v1/messages", body(HI, ""), "x-api-key", "wrong");
            assertEquals(401, refused.status());
            assertEquals("authentication_error", refused.error().get("type"));
            assertTrue(refused.json().get("request_id").toString().startsWith("req_"));
            assertEquals(200, guarded.post(
                    "/v1/messages", body(HI, ""), "x-api-key", "secret").status());
        }
    }

    @Test
    void hostileBodiesGetFourHundreds() throws Exception {
        var random = new Random(7);
        String good = body(HI, ",\"tools\":[" + WEATHER + "],\"system\":[{\"type\":\"text\","
                + "\"text\":\"a\"}],\"tool_choice\":{\"type\":\"auto\"}");
        for (int i = 0; i < 300; i++) {
            var broken = new StringBuilder(good);
            for (int k = 0; k < 1 + i % 3; k++) {
                broken.setCharAt(random.nextInt(broken.length()),
                        "{}[]\":,x0-".charAt(random.nextInt(10)));
            }
            int status = server.post("/v1/messages", broken.toString()).status();
            assertTrue(status == 400 || status == 404 || status == 200,
                    status + " for " + broken);
        }
        assertEquals(200, server.post("/v1/messages", good).status());
    }
}
