package dev.sluice.bridge.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.models.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApiServerTest {
    private static final String HI = "{\"role\":\"user\",\"content\":\"hi\"}";

    private static String chat(String more) {
        return "{\"messages\":[" + HI + "],\"max_tokens\":8,\"temperature\":0" + more + "}";
    }

    @Test
    void aStreamedAnswerIsTheWholeOne() throws Exception {
        try (RunningServer server = RunningServer.start()) {
            var whole = server.post("/v1/chat/completions", chat(""));
            assertEquals(200, whole.status(), whole.body());
            Map<?, ?> choice = (Map<?, ?>) ((List<?>) whole.json().get("choices")).getFirst();
            assertEquals("length", choice.get("finish_reason"));
            String text = (String) ((Map<?, ?>) choice.get("message")).get("content");
            var streamed = server.post("/v1/chat/completions", chat(
                    ",\"stream\":true,\"stream_options\":{\"include_usage\":true}"));
            var joined = new StringBuilder();
            List<Map<?, ?>> chunks = chunks(streamed.body());
            for (Map<?, ?> chunk : chunks.subList(0, chunks.size() - 1)) {
                Map<?, ?> each = (Map<?, ?>) ((List<?>) chunk.get("choices")).getFirst();
                Object piece = ((Map<?, ?>) each.get("delta")).get("content");
                joined.append(piece == null ? "" : piece);
            }
            assertEquals(text, joined.toString());
            Map<?, ?> usage = (Map<?, ?>) chunks.getLast().get("usage");
            Map<?, ?> first = (Map<?, ?>) whole.json().get("usage");
            assertEquals(first.get("completion_tokens"), usage.get("completion_tokens"));
            long cached = (Long) ((Map<?, ?>) usage.get("prompt_tokens_details"))
                    .get("cached_tokens");
            assertEquals((Long) usage.get("prompt_tokens") - 1, cached);
        }
    }

    private static List<Map<?, ?>> chunks(String stream) {
        var chunks = new ArrayList<Map<?, ?>>();
        for (String event : stream.split("\n\n")) {
            assertTrue(event.startsWith("data: "), event);
            if (!event.equals("data: [DONE]")) {
                chunks.add((Map<?, ?>) Json.parse(event.substring(6)));
            }
        }
        return chunks;
    }

    @Test
    void aSchemaIsObeyedAndAnImpossibleOneIsNamed() throws Exception {
        try (RunningServer server = RunningServer.start()) {
            String format = ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":"
                    + "{\"name\":\"x\",\"schema\":{\"type\":\"object\",\"properties\":{"
                    + "\"a\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":99},"
                    + "\"b\":{\"enum\":[\"x\",\"y\"]}},\"required\":[\"a\",\"b\"],"
                    + "\"additionalProperties\":false}}}";
            for (int seed = 0; seed < 10; seed++) {
                var reply = server.post("/v1/chat/completions", "{\"messages\":[" + HI
                        + "],\"max_tokens\":60,\"seed\":" + seed + format + "}");
                assertEquals(200, reply.status(), reply.body());
                Map<?, ?> choice = (Map<?, ?>) ((List<?>) reply.json().get("choices")).getFirst();
                assertEquals("stop", choice.get("finish_reason"), reply.body());
                Map<?, ?> value = (Map<?, ?>) Json.parse(
                        (String) ((Map<?, ?>) choice.get("message")).get("content"));
                assertEquals(2, value.size());
                // 2.0 is an integer too, says JSON Schema.
                double a = ((Number) value.get("a")).doubleValue();
                assertTrue(a >= 0 && a <= 99 && a == Math.rint(a));
            }
            var refused = server.post("/v1/chat/completions", chat(
                    ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":"
                    + "{\"schema\":{\"type\":\"array\",\"uniqueItems\":true}}}"));
            assertEquals(400, refused.status());
            assertTrue(refused.body().contains("uniqueItems"), refused.body());
        }
    }

    @Test
    void textGoesOnWithoutATemplate() throws Exception {
        try (RunningServer server = RunningServer.start()) {
            String common = ",\"max_tokens\":5,\"temperature\":0,\"logprobs\":1}";
            var both = server.post("/v1/completions",
                    "{\"prompt\":[\"Once upon\",[1,5,7]]" + common);
            assertEquals(200, both.status(), both.body());
            List<?> choices = (List<?>) both.json().get("choices");
            assertEquals(2, choices.size());
            var alone = server.post("/v1/completions", "{\"prompt\":[1,5,7]" + common);
            Map<?, ?> second = (Map<?, ?>) choices.get(1);
            Map<?, ?> same = (Map<?, ?>) ((List<?>) alone.json().get("choices")).getFirst();
            assertEquals(same.get("text"), second.get("text"));
            assertEquals(same.get("logprobs"), second.get("logprobs"));
            var echo = server.post("/v1/completions",
                    "{\"prompt\":\"Once upon\",\"echo\":true,\"max_tokens\":2}");
            assertTrue(echo.body().contains("\"text\":\"Once upon"), echo.body());
            assertEquals(400, server.post("/v1/completions", "{\"prompt\":[]}").status());
            assertEquals(400, server.post("/v1/completions", "{\"prompt\":[[]]}").status());
            assertEquals(400, server.post("/v1/completions", "{\"prompt\":[-1]}").status());
            assertEquals(400, server.post(
                    "/v1/completions", "{\"prompt\":[1,99999999]}").status());
        }
    }

    @Test
    void textsAndTokensGoBothWays() throws Exception {
        try (RunningServer server = RunningServer.start()) {
            server.get("/props");
            var tokens = server.post("/tokenize", "{\"content\":\"Hello wörld\"}");
            String ids = Json.write(tokens.json().get("tokens"));
            var text = server.post("/detokenize", "{\"tokens\":" + ids + "}");
            assertEquals("Hello wörld", text.json().get("content"));
            var prompt = server.post("/apply-template", chat(""));
            assertTrue(((String) prompt.json().get("prompt")).contains("hi"), prompt.body());
            assertEquals(8L, server.get("/props").json().get("total_slots"));
            assertEquals(400, server.post("/detokenize", "{\"tokens\":[-4]}").status());
        }
    }

    @Test
    void choicesAreDifferentAnswersToOnePrompt() throws Exception {
        try (RunningServer server = RunningServer.start()) {
            var reply = server.post("/v1/chat/completions", "{\"messages\":[" + HI
                    + "],\"max_tokens\":6,\"n\":3,\"seed\":5,\"logprobs\":true,"
                    + "\"top_logprobs\":2}");
            List<?> choices = (List<?>) reply.json().get("choices");
            assertEquals(3, choices.size());
            for (int i = 0; i < 3; i++) {
                Map<?, ?> choice = (Map<?, ?>) choices.get(i);
                assertEquals((long) i, choice.get("index"));
                List<?> logprobs = (List<?>) ((Map<?, ?>) choice.get("logprobs")).get("content");
                assertEquals(6, logprobs.size());
                assertEquals(2, ((List<?>) ((Map<?, ?>) logprobs.getFirst())
                        .get("top_logprobs")).size());
            }
        }
    }

    @Test
    void whatIsNotSupportedIsNamed() throws Exception {
        try (RunningServer server = RunningServer.start()) {
            assertRefused(server, chat(",\"bogus\":1"), 400, "bogus");
            assertRefused(server, chat(",\"temperature\":9"), 400, "");
            assertRefused(server, "{\"messages\":[" + HI + "],\"n\":0}", 400, "n");
            assertRefused(server, "{\"messages\":[{\"role\":\"wizard\",\"content\":\"\"}]}", 400,
                    "messages[0].role");
            assertRefused(server, "{\"messages\":[{\"role\":\"user\",\"content\":"
                    + "[{\"type\":\"image_url\"}]}]}", 400, "messages[0].content[0].type");
            assertRefused(server, chat(",\"model\":\"nobody\""), 404, "model");
            assertRefused(server, "{}", 400, "messages");
            assertEquals(404, server.get("/nowhere").status());
            assertEquals(405, server.get("/v1/chat/completions").status());
        }
    }

    private static void assertRefused(
            RunningServer server, String body, int status, String param) throws Exception {
        var reply = server.post("/v1/chat/completions", body);
        assertEquals(status, reply.status(), reply.body());
        if (!param.isEmpty()) {
            assertEquals(param, reply.error().get("param"), reply.body());
        }
    }

    @Test
    void aKeyIsNeededWhereThereAreKeys(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("keys"), "# ours\nsecret-1\n\nsecret-2\n");
        try (var server = new RunningServer(HttpOptions.defaults(), ApiKeys.read(file))) {
            String path = "/v1/chat/completions";
            assertEquals(401, server.post(path, chat("")).status());
            assertEquals(401, server.post(path, chat(""), "x-api-key", "secret").status());
            assertEquals(200, server.post(path, chat(""), "x-api-key", "secret-2").status());
            assertEquals(200, server.post(
                    path, chat(""), "Authorization", "Bearer secret-1").status());
            assertEquals(200, server.get("/health").status());
        }
    }

    @Test
    void aClientThatLeavesFreesItsWork(@TempDir Path folder) throws Exception {
        // Answers of four thousand tokens, which do not end by themselves in time.
        try (var server = new RunningServer(HttpOptions.defaults(), ApiKeys.OPEN,
                new ToolModel(folder, ToolModel.HERMES))) {
            server.post("/v1/chat/completions", chat(""));
            String chat = "{\"messages\":[" + HI + "],\"ignore_eos\":true,\"stream\":";
            String response = "{\"input\":\"hi\",\"ignore_eos\":true,\"stream\":";
            for (String stream : List.of("true}", "false}")) {
                leave(server, request("/v1/chat/completions", chat + stream));
                leave(server, request("/v1/responses", response + stream));
            }
            long drawn = server.model().engine().stats().completionTokens();
            assertTrue(drawn < 4 * 2000, drawn + " tokens were drawn for nobody");
        }
    }

    /// Sends a request, and goes when it runs.
    private static void leave(RunningServer server, byte[] request) throws Exception {
        try (var socket = new Socket("127.0.0.1", server.port())) {
            socket.getOutputStream().write(request);
            await(() -> server.model().engine().stats().running() > 0);
        }
        await(() -> server.server().active() == 0);
        await(() -> server.model().engine().stats().running() == 0);
    }

    private static byte[] request(String path, String body) {
        return ("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: "
                + body.length() + "\r\n\r\n" + body).getBytes(StandardCharsets.UTF_8);
    }

    private interface Condition {
        boolean holds();
    }

    private static void await(Condition condition) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!condition.holds()) {
            assertTrue(System.nanoTime() < end, "it did not happen within 20 s");
            Thread.sleep(2);
        }
    }

    @Test
    void aStoppingServerFinishesWhatItHasAccepted() throws Exception {
        try (RunningServer server = RunningServer.start()) {
            var socket = new Socket("127.0.0.1", server.port());
            socket.getOutputStream().write(request("/v1/chat/completions", chat("")));
            await(() -> server.server().active() == 1 || available(socket));
            assertTrue(server.server().drain(Duration.ofSeconds(20)));
            byte[] answer = socket.getInputStream().readAllBytes();
            assertTrue(new String(answer, StandardCharsets.UTF_8).startsWith("HTTP/1.1 200"));
            socket.close();
        }
    }

    private static boolean available(Socket socket) {
        try {
            return socket.getInputStream().available() > 0;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void slowAndLargeRequestsAreCutOff() throws Exception {
        HttpOptions options = HttpOptions.defaults().withLimits(
                2000, 1000, Duration.ofMillis(300));
        try (var server = new RunningServer(options, ApiKeys.OPEN)) {
            assertEquals(413, server.post("/v1/chat/completions", "x".repeat(3000)).status());
            assertEquals(431, raw(server,
                    "GET / HTTP/1.1\r\nA: " + "y".repeat(2000) + "\r\n\r\n"));
            assertEquals(408, raw(server, "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"));
            assertEquals(400, raw(server, "\u0001\u0002 / what\r\n\r\n"));
            assertEquals(200, server.get("/health").status());
        }
    }

    /// Status that the raw text is answered with.
    private static int raw(RunningServer server, String text) throws IOException {
        try (var socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
            InputStream in = socket.getInputStream();
            String head = new String(in.readNBytes(12), StandardCharsets.US_ASCII);
            return head.length() < 12 ? 0 : Integer.parseInt(head.substring(9));
        }
    }

    @Test
    void hostileBodiesGetFourHundreds() throws Exception {
        var random = new Random(3);
        try (RunningServer server = RunningServer.start()) {
            String[] bodies = {"", "null", "[]", "[".repeat(5000),
                "{\"messages\":" + "[".repeat(900),
                "{\"messages\":[{\"role\":\"user\",\"content\":\"\\ud800\"}],\"max_tokens\":1}",
                "{\"messages\":1}", "{\"messages\":[1]}", chat(",\"max_tokens\":1e99"),
                chat(",\"seed\":1.5"), chat(",\"stop\":[1]"), chat(",\"logit_bias\":{\"x\":1}"),
                chat(",\"logit_bias\":{\"99999999\":1}"), chat(",\"tools\":[{}]"),
                chat(",\"tool_choice\":\"required\""),
                "{\"messages\":[" + HI + "],\"messages\":1}"};
            for (String body : bodies) {
                int status = server.post("/v1/chat/completions", body).status();
                assertTrue(status == 400 || status == 200 && body.contains("ud800"),
                        status + " for " + body);
            }
            String good = chat(",\"n\":2,\"tools\":[]");
            for (int i = 0; i < 300; i++) {
                var broken = new StringBuilder(good);
                for (int k = 0; k < 1 + i % 3; k++) {
                    broken.setCharAt(random.nextInt(broken.length()),
                            "{}[]\":,x0-".charAt(random.nextInt(10)));
                }
                int status = server.post("/v1/chat/completions", broken.toString()).status();
                assertTrue(status == 400 || status == 200, status + " for " + broken);
            }
            assertEquals(200, server.post("/v1/chat/completions", chat("")).status());
        }
    }
}
