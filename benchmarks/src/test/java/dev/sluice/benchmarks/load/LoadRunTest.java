package dev.sluice.benchmarks.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.sluice.benchmarks.load.AgentSession.At;
import dev.sluice.benchmarks.load.AgentSession.Turn;
import dev.sluice.benchmarks.load.AgentTrace.Scale;
import dev.sluice.models.json.Json;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Goal: the generator measures the delays that a server has, counts from when requests were due,
/// and keeps agents' order. Method: a server that answers by a script, with planted delays. A busy
/// machine only adds to them, so bounds from above are wide.
@Timeout(60)
final class LoadRunTest {
    private static final double MILLI = 1e6;
    private static final double SLACK_MILLIS = 3000;

    private interface Script {
        void answer(HttpExchange exchange, Map<?, ?> body) throws Exception;
    }

    private HttpServer server;
    private final ConcurrentLinkedQueue<Map<?, ?>> bodies = new ConcurrentLinkedQueue<>();
    private volatile Script script = LoadRunTest::quick;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> {
            try (exchange) {
                var body = (Map<?, ?>) Json.parse(exchange.getRequestBody().readAllBytes());
                bodies.add(body);
                script.answer(exchange, body);
            } catch (IOException e) {
                throw e;
            } catch (Exception e) {
                throw new IOException(e);
            }
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private static void quick(HttpExchange exchange, Map<?, ?> body) throws Exception {
        stream(exchange, 0, 0, 3);
    }

    private static void stream(HttpExchange exchange, long first, long gap, int tokens)
            throws Exception {
        exchange.sendResponseHeaders(200, 0);
        OutputStream out = exchange.getResponseBody();
        out.write("data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n"
                .getBytes(StandardCharsets.UTF_8));
        out.flush();
        for (int i = 0; i < tokens; i++) {
            Thread.sleep(i == 0 ? first : gap);
            out.write("data: {\"choices\":[{\"text\":\"x\",\"index\":0}]}\n\n"
                    .getBytes(StandardCharsets.UTF_8));
            out.flush();
        }
        out.write(("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":%d,"
                + "\"prompt_tokens_details\":{\"cached_tokens\":4}}}\n\ndata: [DONE]\n\n")
                .formatted(2 * tokens).getBytes(StandardCharsets.UTF_8));
    }

    private List<Measured> play(List<AgentSession> sessions, LoadTarget.Form form, long begin)
            throws InterruptedException {
        var target = new LoadTarget(
                URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/v1"), "m", "key",
                form, new LoadTarget.Ids(10, 20), Map.of("ignore_eos", true),
                Duration.ofSeconds(5));
        try (var client = new StreamingClient(target)) {
            return new LoadRun(client).play(sessions, begin, _ -> { });
        }
    }

    private static AgentSession one(long millis) {
        return new AgentSession("s" + millis, new At(millis * 1_000_000),
                List.of(new Turn(List.of(new PromptPiece("user", "u", 4)), 3, 0)));
    }

    @Test
    void plantedDelaysAreMeasured() throws Exception {
        script = (exchange, _) -> stream(exchange, 200, 60, 5);
        LoadReport report = LoadReport.of(
                play(List.of(one(0), one(10), one(20)), LoadTarget.Form.TEXT, System.nanoTime()),
                new LoadReport.Goals(1, 1));
        assertEquals(Map.of(), report.errors());
        assertEquals(30, report.tokens(), "the server counts tokens, not the client");
        assertEquals(27, report.promptTokens());
        assertEquals(12, report.cachedTokens());
        assertEquals(12, report.gaps().sorted().length);
        within(200, report.first().at(0));
        within(60, report.gaps().mean());
        within(440, report.endToEnd().at(0));
        assertEquals(0, report.good());
    }

    private static void within(double least, double millis) {
        assertTrue(millis >= least - 5 && millis < least + SLACK_MILLIS,
                "%.1f ms, planted %.1f".formatted(millis, least));
    }

    /// A generator that is late, or was itself held up, must not make the server look fast.
    @Test
    void latencyCountsFromWhenARequestWasDue() throws Exception {
        long begin = System.nanoTime() - 2_000_000_000L;
        List<Measured> measured = play(List.of(one(500)), LoadTarget.Form.TEXT, begin);
        assertEquals(begin + 500_000_000L, measured.getFirst().plannedNanos());
        assertTrue(measured.getFirst().firstNanos() / MILLI >= 1500,
                "first " + measured.getFirst().firstNanos());
    }

    /// The loop is open: requests are sent when they are due though none has been answered.
    @Test
    void aSlowServerDoesNotHoldArrivalsBack() throws Exception {
        Object turn = new Object();
        script = (exchange, _) -> {
            synchronized (turn) {
                Thread.sleep(100);
            }
            stream(exchange, 0, 0, 1);
        };
        var sessions = new ArrayList<AgentSession>();
        for (int i = 0; i < 10; i++) {
            sessions.add(one(i * 10));
        }
        LoadReport report = LoadReport.of(
                play(sessions, LoadTarget.Form.TEXT, System.nanoTime()), new LoadReport.Goals(1, 1));
        // Served one after the other: the last one was due at 90 ms and is done after 1000 ms.
        assertTrue(report.endToEnd().at(1) >= 900, report.toString());
        assertTrue(report.endToEnd().at(0.5) >= 400, report.toString());
    }

    @Test
    void turnsWaitForAnswersAndTools() throws Exception {
        script = (exchange, _) -> stream(exchange, 50, 0, 2);
        List<AgentSession> sessions = AgentTrace.parse(List.of(
                "{\"id\":\"a\",\"at\":0,\"system\":\"s\",\"tokens\":5,"
                        + "\"turns\":[[4,3,0.0],[4,3,0.2]]}",
                "{\"id\":\"a.0\",\"parent\":\"a\",\"after\":0,\"wait\":0.1,"
                        + "\"turns\":[[4,3,0.0]]}"), Scale.ONE).sessions();
        List<Measured> measured = play(sessions, LoadTarget.Form.CHAT, System.nanoTime());
        assertEquals(3, measured.size());
        Measured first = measured.getFirst();
        for (Measured later : measured.subList(1, 3)) {
            double after = (later.plannedNanos() - first.endNanos()) / MILLI;
            assertTrue(Math.abs(after - 100) < 1e-3 || Math.abs(after - 200) < 1e-3, "" + after);
        }
        Map<?, ?> body = bodies.peek();
        assertEquals("m", body.get("model"));
        assertEquals(true, body.get("ignore_eos"));
        assertEquals(3L, body.get("max_tokens"));
        assertEquals(List.of("system", "user"), ((List<?>) body.get("messages")).stream()
                .map(message -> ((Map<?, ?>) message).get("role")).toList());
    }

    @Test
    void errorsAreCountedByKind() throws Exception {
        script = (exchange, body) -> {
            switch (bodies.size()) {
                case 1 -> exchange.sendResponseHeaders(503, -1);
                case 2 -> {
                    exchange.sendResponseHeaders(200, 0);
                    exchange.getResponseBody().write("data: {\"choices\":[{\"text\":\"x\"}]}\n\n"
                            .getBytes(StandardCharsets.UTF_8));
                }
                case 3 -> {
                    exchange.sendResponseHeaders(200, 0);
                    exchange.getResponseBody().write("data: {\"error\":{}}\n\ndata: [DONE]\n\n"
                            .getBytes(StandardCharsets.UTF_8));
                }
                case 4 -> Thread.sleep(7000);
                default -> stream(exchange, 0, 0, 1);
            }
        };
        var sessions = new ArrayList<AgentSession>();
        for (int i = 0; i < 5; i++) {
            sessions.add(one(i * 300));
        }
        LoadReport report = LoadReport.of(
                play(sessions, LoadTarget.Form.TOKENS, System.nanoTime()),
                new LoadReport.Goals(9999, 9999));
        assertEquals(Map.of("HTTP 503", 1, "stream cut", 1, "error in the stream", 1,
                "timeout", 1), report.errors());
        assertEquals(1, report.good());
        assertTrue(bodies.peek().get("prompt") instanceof List<?> ids && ids.size() == 4
                && ids.getFirst() instanceof Long id && id >= 10 && id < 20, bodies.toString());
    }
}
