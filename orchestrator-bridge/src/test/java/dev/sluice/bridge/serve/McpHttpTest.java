package dev.sluice.bridge.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.models.json.Json;
import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.json.schema.JsonSchemaValidator.ValidationResponse;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ProgressNotification;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: the tools as an MCP host sees them over HTTP, and the protocol's edges. Method: the
/// official SDK's own client where it can do it, bare requests where it would not.
class McpHttpTest {
    private final List<ProgressNotification> progress = new CopyOnWriteArrayList<>();

    private McpSyncClient client(RunningServer server, String... keys) {
        HttpRequest.Builder request = HttpRequest.newBuilder();
        for (String key : keys) {
            request.header("Authorization", "Bearer " + key);
        }
        var transport = HttpClientStreamableHttpTransport
                .builder("http://127.0.0.1:" + server.port()).endpoint("/mcp")
                .requestBuilder(request).build();
        return McpClient.sync(transport).requestTimeout(Duration.ofSeconds(60))
                .jsonSchemaValidator((_, _) -> ValidationResponse.asValid(""))
                .progressConsumer(progress::add).build();
    }

    private static CallToolResult call(
            McpSyncClient client, String tool, Map<String, Object> arguments) {
        return client.callTool(CallToolRequest.builder(tool).arguments(arguments).build());
    }

    private static Map<?, ?> done(CallToolResult result) {
        String text = ((TextContent) result.content().getFirst()).text();
        assertFalse(result.isError(), text);
        Map<?, ?> fields = (Map<?, ?>) Json.parse(text);
        // Both forms of a result say the same.
        assertEquals(fields, Json.parse(Json.write(result.structuredContent())));
        return fields;
    }

    private static String failed(CallToolResult result) {
        assertTrue(result.isError());
        return ((TextContent) result.content().getFirst()).text();
    }

    @Test
    void everyToolAnswers() throws IOException {
        try (RunningServer server = RunningServer.start(); McpSyncClient client = client(server)) {
            assertEquals("sluice", client.initialize().serverInfo().name());
            assertEquals(List.of("best_of", "chat", "classify", "complete", "count_tokens",
                    "embed", "extract", "list_models", "sample_n", "tokenize", "vote"),
                    client.listTools().tools().stream().map(Tool::name).sorted().toList());
            Map<?, ?> models = done(call(client, "list_models", Map.of()));
            assertEquals("tiny", ((Map<?, ?>) ((List<?>) models.get("models")).getFirst())
                    .get("name"));
            Map<?, ?> chat = done(call(client, "chat", Map.of("prompt", "hi", "max_tokens", 5,
                    "temperature", 0)));
            assertEquals("length", chat.get("finish_reason"));
            assertEquals(5L, ((Map<?, ?>) chat.get("usage")).get("completion_tokens"));
            Map<?, ?> again = done(call(client, "chat", Map.of("messages",
                    List.of(Map.of("role", "user", "content", "hi")), "max_tokens", 5,
                    "temperature", 0)));
            assertEquals(chat.get("text"), again.get("text"));
            done(call(client, "complete", Map.of("prompt", "Once", "max_tokens", 4)));
            Map<?, ?> tokens = done(call(client, "tokenize", Map.of("text", "Once upon")));
            assertEquals((long) ((List<?>) tokens.get("tokens")).size(), tokens.get("count"));
            assertEquals(tokens.get("count"),
                    done(call(client, "count_tokens", Map.of("text", "Once upon"))).get("count"));
            assertTrue((Long) done(call(client, "count_tokens", Map.of("prompt", "Once upon")))
                    .get("count") > (Long) tokens.get("count"));
        }
    }

    @Test
    void whatIsPromisedIsAlwaysValid() throws IOException {
        try (RunningServer server = RunningServer.start(); McpSyncClient client = client(server)) {
            client.initialize();
            var labels = List.of("good", "so \"so\"", "schlecht\n\u00e4");
            Map<String, Object> schema = Map.of("type", "object", "properties",
                    Map.of("n", Map.of("type", "integer", "minimum", 0, "maximum", 99),
                            "s", Map.of("enum", List.of("x", "y"))),
                    "required", List.of("n", "s"), "additionalProperties", false);
            for (int i = 0; i < 2; i++) {
                Map<?, ?> label = done(call(client, "classify",
                        Map.of("text", "text " + i, "labels", labels)));
                assertEquals(label.get("label"),
                        labels.get(((Long) label.get("index")).intValue()));
                Map<?, ?> value = (Map<?, ?>) done(call(client, "extract",
                        Map.of("text", "n is " + i, "schema", schema))).get("value");
                assertTrue((Long) value.get("n") <= 99 && List.of("x", "y")
                        .contains(value.get("s")), value.toString());
                String text = (String) done(call(client, "chat", Map.of("prompt", "p" + i,
                        "seed", i, "schema", schema))).get("text");
                assertTrue(Json.parse(text) instanceof Map<?, ?>);
            }
            assertTrue(failed(call(client, "extract", Map.of("text", "t", "schema", schema,
                    "max_tokens", 2))).contains("cut before its end"));
        }
    }

    @Test
    void severalAnswersAreCounted() throws IOException {
        try (RunningServer server = RunningServer.start(); McpSyncClient client = client(server)) {
            client.initialize();
            // Cut answers are no votes: none of this random model's ends by itself in time.
            Map<?, ?> flagged = done(call(client, "vote", Map.of("prompt", "hi",
                    "max_tokens", 2, "votes_max", 3, "seed", 1)));
            assertEquals(false, flagged.get("decided"));
            Map<?, ?> all = done(call(client, "sample_n", Map.of("prompt", "hi",
                    "max_tokens", 3, "n", 5, "temperature", 0)));
            assertEquals(5, ((List<?>) all.get("answers")).size());
            assertEquals(1.0, ((Number) all.get("agreement")).doubleValue());
            Map<?, ?> best = done(call(client, "best_of", Map.of("prompt", "hi",
                    "max_tokens", 3, "n", 3, "seed", 4)));
            assertTrue(((Number) best.get("mean_logprob")).doubleValue() < 0);
        }
    }

    @Test
    void whatIsWrongIsAResultThatSaysSo() throws IOException {
        try (RunningServer server = RunningServer.start(); McpSyncClient client = client(server)) {
            client.initialize();
            assertEquals("colour is not supported", failed(call(client, "chat",
                    Map.of("prompt", "hi", "colour", 1))));
            assertTrue(failed(call(client, "chat", Map.of("prompt", "hi", "model", "no")))
                    .contains("the model 'no' does not exist; there are: tiny"));
            assertTrue(failed(call(client, "chat", Map.of("prompt", 3))).contains("a string"));
            assertTrue(failed(call(client, "embed", Map.of("texts", List.of("a"))))
                    .contains("tiny"));
            assertTrue(failed(call(client, "extract", Map.of("text", "t", "schema",
                    Map.of("type", "strin")))).contains("type"));
        }
    }

    @Test
    void progressIsToldToWhoAsks() throws Exception {
        try (RunningServer server = RunningServer.start(); McpSyncClient client = client(server)) {
            client.initialize();
            call(client, "complete", Map.of("prompt", "a", "max_tokens", 40, "temperature", 0));
            assertTrue(progress.isEmpty());
            client.callTool(CallToolRequest.builder("complete").arguments(Map.of("prompt", "a",
                    "max_tokens", 40, "temperature", 0, "ignore_eos", true))
                    .meta(Map.of("progressToken", "p1")).build());
            // The client hears of progress on another thread than of the result.
            for (int i = 0; i < 1000 && progress.size() < 5; i++) {
                Thread.sleep(5);
            }
            assertEquals(List.of(8.0, 16.0, 24.0, 32.0, 40.0),
                    progress.stream().map(ProgressNotification::progress).sorted().toList());
            assertEquals("p1", progress.getFirst().progressToken());
            assertEquals(40.0, progress.getFirst().total());
        }
    }

    // ---- bare requests -----------------------------------------------------------------------

    private static HttpResponse<String> post(
            RunningServer server, String body, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + server.port() + "/mcp"))
                .header("Accept", "application/json, text/event-stream")
                .POST(HttpRequest.BodyPublishers.ofString(body));
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send((headers.length == 0 ? request : request.headers(headers)).build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }

    private static String session(RunningServer server, String... headers) throws Exception {
        HttpResponse<String> begun = post(server, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
                + "\"initialize\",\"params\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":"
                + "{},\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}", headers);
        assertEquals(200, begun.statusCode(), begun.body());
        String session = begun.headers().firstValue("mcp-session-id").orElseThrow();
        String[] more = java.util.Arrays.copyOf(headers, headers.length + 2);
        more[headers.length] = "Mcp-Session-Id";
        more[headers.length + 1] = session;
        assertEquals(202, post(server, "{\"jsonrpc\":\"2.0\",\"method\":"
                + "\"notifications/initialized\"}", more).statusCode());
        return session;
    }

    private static final String LONG = "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\","
            + "\"params\":{\"name\":\"complete\",\"arguments\":{\"prompt\":\"a\","
            + "\"max_tokens\":230,\"ignore_eos\":true}}}";

    @Test
    void aCancelledCallFreesItsWork() throws Exception {
        try (RunningServer server = RunningServer.start()) {
            String id = session(server);
            assertEquals(200, post(server, LONG, "Mcp-Session-Id", id).statusCode());
            assertEquals(230, server.model().engine().stats().completionTokens());
            Thread caller = Thread.ofVirtual().start(() -> calls(server, id));
            while (caller.isAlive()) {
                Thread.sleep(5);
                assertEquals(202, post(server, "{\"jsonrpc\":\"2.0\",\"method\":"
                        + "\"notifications/cancelled\",\"params\":{\"requestId\":7}}",
                        "Mcp-Session-Id", id).statusCode());
            }
            long drawn = server.model().engine().stats().completionTokens() - 230;
            assertTrue(drawn < 10 * 230, drawn + " tokens: no call was cut short");
            assertEquals(0, server.model().engine().stats().running());
        }
    }

    private static void calls(RunningServer server, String id) {
        for (int i = 0; i < 10; i++) {
            try {
                assertEquals(200, post(server, LONG, "Mcp-Session-Id", id).statusCode());
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }
    }

    @Test
    void pagesOfOtherOriginsAreRefused() throws Exception {
        try (RunningServer server = RunningServer.start()) {
            for (String origin : List.of("http://evil.example", "null",
                    "http://localhost.evil.example", "http://127.0.0.1.evil.example:8080")) {
                HttpResponse<String> reply = post(server, LONG, "Origin", origin);
                assertEquals(403, reply.statusCode(), origin);
                assertEquals("2.0", ((Map<?, ?>) Json.parse(reply.body())).get("jsonrpc"));
            }
            session(server, "Origin", "http://localhost:3000");
            session(server, "Origin", "http://127.0.0.1");
        }
    }

    @Test
    void sessionsAndVersionsAreChecked() throws Exception {
        try (RunningServer server = RunningServer.start()) {
            assertEquals(400, post(server, LONG).statusCode());
            assertEquals(404, post(server, LONG, "Mcp-Session-Id", "no").statusCode());
            assertEquals(400, post(server, "[1", "Mcp-Session-Id", "no").statusCode());
            String id = session(server);
            assertEquals(400, post(server, LONG, "Mcp-Session-Id", id,
                    "MCP-Protocol-Version", "1999-01-01").statusCode());
            assertEquals(405, server.get("/mcp").status());
        }
    }

    @Test
    void keysHoldAndSessionsAreTheirOwners(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("keys"), "one\ntwo\n");
        try (var server = new RunningServer(HttpOptions.defaults(), ApiKeys.read(file))) {
            assertEquals(401, post(server, LONG).statusCode());
            String id = session(server, "Authorization", "Bearer one");
            String list = "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}";
            assertEquals(404, post(server, list, "Mcp-Session-Id", id,
                    "Authorization", "Bearer two").statusCode());
            HttpResponse<String> own = post(server, list, "Mcp-Session-Id", id,
                    "Authorization", "Bearer one");
            assertTrue(own.body().contains("list_models"), own.body());
            try (McpSyncClient client = client(server, "one")) {
                client.initialize();
                done(call(client, "list_models", Map.of()));
            }
            assertThrows(RuntimeException.class, () -> client(server).initialize());
        }
    }
}
