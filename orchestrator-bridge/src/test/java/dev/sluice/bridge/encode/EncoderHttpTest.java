package dev.sluice.bridge.encode;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.host.Hosted;
import dev.sluice.bridge.host.HostedEncoder;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.bridge.http.HttpServer;
import dev.sluice.bridge.llama.SlotFolder;
import dev.sluice.bridge.observe.LogFormat;
import dev.sluice.bridge.observe.RequestLog;
import dev.sluice.bridge.observe.Telemetry;
import dev.sluice.bridge.serve.ApiServer;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.EncoderConfig;
import dev.sluice.models.EncoderOptions;
import dev.sluice.models.EncoderTask;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedEncoder;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.json.Json;
import dev.sluice.runtime.EngineOptions;
import dev.sluice.runtime.StepTurns;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Goal: the endpoints of encoders say over HTTP what transformers says of the same models, and
/// refuse what they can not honour. Method: a server with a generating model, two embedding models
/// and a reranker, all tiny and random.
@Timeout(120)
class EncoderHttpTest {
    private static final Path MODELS = Path.of("../models/core/src/test/resources");

    private static final StringWriter LOG = new StringWriter();

    private static ModelHost host;
    private static HttpServer server;
    private static HttpClient client;

    private record Opener(Path path, Optional<EncoderTask> encodes)
            implements ModelHost.Opener {
        @Override
        public Hosted open() {
            Kernels kernels = Kernels.open("vector", BackendOptions.defaults());
            String name = path.getFileName().toString();
            if (encodes.isEmpty()) {
                LoadedModel model = LoadedModel.open(path, kernels,
                        new LoadOptions(DType.F32, 64, 2, 32), _ -> { });
                return new HostedModel("chat", model, EngineOptions.defaults().withParallel(2),
                        Clock.systemUTC());
            }
            return new HostedEncoder(name, LoadedEncoder.open(path, kernels,
                    EncoderOptions.defaults().withKvType(DType.F32)), 1000,
                    new StepTurns().join(1));
        }

        @Override
        public long bytes() { return 1 << 20; }
    }

    @BeforeAll
    static void start() throws IOException {
        var openers = new LinkedHashMap<String, ModelHost.Opener>();
        openers.put("bert-mean", encoder("bert-mean", EncoderTask.EMBEDDING));
        openers.put("chat", new Opener(MODELS.resolve("goldens/llama/model-f32.gguf"),
                Optional.empty()));
        openers.put("qwen3-last", encoder("qwen3-last", EncoderTask.EMBEDDING));
        openers.put("bert-rank", encoder("bert-rank", EncoderTask.RERANKER));
        host = new ModelHost(openers, Long.MAX_VALUE);
        var telemetry = new Telemetry(host, new RequestLog(
                new PrintWriter(LOG), LogFormat.JSON, false, Clock.systemUTC()));
        server = HttpServer.start(HttpOptions.defaults(),
                new ApiServer(host, ApiKeys.OPEN, SlotFolder.NONE, telemetry));
        client = HttpClient.newHttpClient();
    }

    private static Opener encoder(String name, EncoderTask task) {
        return new Opener(MODELS.resolve("encoders").resolve(name), Optional.of(task));
    }

    @AfterAll
    static void stop() {
        server.close();
        host.close();
        client.close();
    }

    private record Reply(int status, Map<?, ?> json) {
        String message() { return (String) ((Map<?, ?>) json.get("error")).get("message"); }

        Map<?, ?> entry(int index) {
            return (Map<?, ?>) ((List<?>) json.get("data")).get(index);
        }
    }

    private static Reply post(String path, String body) throws Exception {
        var request = HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + server.port() + path))
                .POST(HttpRequest.BodyPublishers.ofString(body)).build();
        HttpResponse<String> response =
                client.send(request, HttpResponse.BodyHandlers.ofString());
        return new Reply(response.statusCode(), (Map<?, ?>) Json.parse(response.body()));
    }

    private static Map<?, ?> golden(String name) throws IOException {
        return (Map<?, ?>) Json.parse(Files.readAllBytes(
                MODELS.resolve("encoders").resolve(name).resolve("golden.json")));
    }

    private static float[] floats(Object list) {
        List<?> numbers = (List<?>) list;
        var floats = new float[numbers.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = ((Number) numbers.get(i)).floatValue();
        }
        return floats;
    }

    @Test
    void vectorsAreThoseOfTheReference() throws Exception {
        for (String model : List.of("bert-mean", "qwen3-last")) {
            Map<?, ?> golden = golden(model);
            List<?> texts = (List<?>) golden.get("texts");
            Reply reply = post("/v1/embeddings", Json.write(Map.of(
                    "model", model, "input", texts, "user", "me")));
            assertEquals(200, reply.status, reply.toString());
            assertEquals("list", reply.json.get("object"));
            assertEquals(model, reply.json.get("model"));
            long tokens = 0;
            for (int i = 0; i < texts.size(); i++) {
                assertEquals((long) i, reply.entry(i).get("index"));
                assertArrayEquals(floats(((List<?>) golden.get("outputs")).get(i)),
                        floats(reply.entry(i).get("embedding")), 1e-5f);
                tokens += ((List<?>) ((List<?>) golden.get("ids")).get(i)).size();
            }
            assertEquals(Map.of("prompt_tokens", tokens, "total_tokens", tokens),
                    reply.json.get("usage"));
        }
    }

    @Test
    void whatEncodersDoIsCounted() throws Exception {
        double before = counted("sluice_prompt_tokens_total{model=\"qwen3-last\"}");
        Reply reply = post("/v1/embeddings",
                "{\"model\":\"qwen3-last\",\"input\":[\"hello world\",\"hello\"]}");
        var tokens = (Long) ((Map<?, ?>) reply.json.get("usage")).get("prompt_tokens");
        assertTrue(tokens > 1, reply.toString());
        for (int i = 0; i < 500 && logged("qwen3-last", tokens).isEmpty(); i++) {
            Thread.sleep(10);
        }
        assertEquals(before + tokens,
                counted("sluice_prompt_tokens_total{model=\"qwen3-last\"}"));
        Map<?, ?> line = logged("qwen3-last", tokens).orElseThrow();
        assertEquals("POST /v1/embeddings", line.get("route"));
        assertTrue(((Number) line.get("engine_ms")).doubleValue() > 0, line.toString());
        Reply ranked = post("/v1/rerank",
                "{\"query\":\"hello\",\"documents\":[\"hello world\"]}");
        assertEquals(200, ranked.status, ranked.toString());
        assertTrue(counted("sluice_prompt_tokens_total{model=\"bert-rank\"}") > 0);
    }

    private static double counted(String metric) throws Exception {
        var request = HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + server.port() + "/metrics")).build();
        String body = client.send(request, HttpResponse.BodyHandlers.ofString()).body();
        return body.lines().filter(line -> line.startsWith(metric + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(metric.length() + 1)))
                .findFirst().orElse(0);
    }

    private static Optional<Map<?, ?>> logged(String model, long tokens) {
        return LOG.toString().lines().<Map<?, ?>>map(line -> (Map<?, ?>) Json.parse(line))
                .filter(line -> model.equals(line.get("model"))
                        && line.get("prompt_tokens").equals(tokens)).findFirst();
    }

    @Test
    void textsTokensAndBase64AreOne() throws Exception {
        Map<?, ?> golden = golden("bert-mean");
        Object ids = ((List<?>) golden.get("ids")).getFirst();
        float[] text = vector(post("/v1/embeddings", "{\"input\":\"hello world\"}"));
        assertArrayEquals(text,
                vector(post("/v1/embeddings", "{\"input\":" + Json.write(ids) + "}")));
        assertArrayEquals(text,
                vector(post("/v1/embeddings", "{\"input\":[" + Json.write(ids) + "]}")));
        Reply coded = post("/v1/embeddings",
                "{\"input\":[\"hello world\"],\"encoding_format\":\"base64\"}");
        var decoded = new float[text.length];
        ByteBuffer.wrap(Base64.getDecoder().decode((String) coded.entry(0).get("embedding")))
                .order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(decoded);
        assertArrayEquals(text, decoded);
        assertArrayEquals(text, vector(post("/v1/embeddings",
                "{\"input\":\"hello world\",\"dimensions\":24}")));
    }

    private static float[] vector(Reply reply) {
        assertEquals(200, reply.status, reply.toString());
        return floats(reply.entry(0).get("embedding"));
    }

    @Test
    void documentsAreRankedAsTheReferenceScoresThem() throws Exception {
        Map<?, ?> golden = golden("bert-rank");
        List<?> pairs = (List<?>) golden.get("texts");
        Object first = ((List<?>) pairs.get(0)).get(1);
        Object second = ((List<?>) pairs.get(1)).get(1);
        float[] scores = {score(golden, 0), score(golden, 1)};
        for (String path : List.of("/v1/rerank", "/rerank", "/reranking", "/v1/reranking")) {
            Reply reply = post(path, Json.write(Map.of("query", ((List<?>) pairs.get(0)).get(0),
                    "documents", List.of(first, Map.of("text", second)),
                    "return_documents", true)));
            assertEquals(200, reply.status, reply.toString());
            List<?> results = (List<?>) reply.json.get("results");
            int best = scores[0] >= scores[1] ? 0 : 1;
            for (int i = 0; i < 2; i++) {
                Map<?, ?> result = (Map<?, ?>) results.get(i);
                int index = i == 0 ? best : 1 - best;
                assertEquals((long) index, result.get("index"));
                assertEquals(scores[index],
                        ((Number) result.get("relevance_score")).floatValue(), 1e-5f);
                assertEquals(Map.of("text", index == 0 ? first : second),
                        result.get("document"));
            }
        }
        Reply one = post("/v1/rerank", "{\"model\":\"bert-rank\",\"query\":\"hello\","
                + "\"documents\":[\"one\",\"two\",\"three\"],\"top_n\":1}");
        List<?> results = (List<?>) one.json.get("results");
        assertEquals(1, results.size());
        assertFalse(((Map<?, ?>) results.getFirst()).containsKey("document"));
    }

    private static float score(Map<?, ?> golden, int index) {
        return floats(((List<?>) golden.get("outputs")).get(index))[0];
    }

    @Test
    void eachModelAnswersWhereItBelongs() throws Exception {
        refused("the model 'chat' is a model that generates", "/v1/embeddings",
                "{\"model\":\"chat\",\"input\":\"x\"}");
        refused("the model 'bert-rank' is a reranker", "/v1/embeddings",
                "{\"model\":\"bert-rank\",\"input\":\"x\"}");
        refused("the model 'bert-mean' is an embedding model", "/v1/rerank",
                "{\"model\":\"bert-mean\",\"query\":\"x\",\"documents\":[\"y\"]}");
        String messages = "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"max_tokens\":2";
        refused("the model 'bert-mean' is an embedding model: it answers at /v1/embeddings",
                "/v1/chat/completions", "{\"model\":\"bert-mean\"," + messages + "}");
        // Without a name each request finds a model of its kind, although an encoder comes first.
        assertEquals(200, post("/v1/chat/completions", "{" + messages + "}").status);
        assertEquals(404, post("/v1/embeddings", "{\"model\":\"no\",\"input\":\"x\"}").status);
    }

    private static void refused(String wanted, String path, String body) throws Exception {
        Reply reply = post(path, body);
        assertEquals(400, reply.status, reply.toString());
        assertTrue(reply.message().contains(wanted), reply.message());
    }

    @Test
    void nothingIsCutOffOrIgnored() throws Exception {
        String path = "/v1/embeddings";
        String longText = "one ".repeat(60).strip();
        refused("text 1 has 62 tokens, and this model reads at most 48", path,
                Json.write(Map.of("input", List.of("one", longText))));
        refused("documents: text 0 has", "/v1/rerank",
                Json.write(Map.of("query", "one", "documents", List.of(longText))));
        refused("vectors have 24 and do not say that they can be shortened", path,
                "{\"input\":\"x\",\"dimensions\":8}");
        refused("vectors have 24", path, "{\"input\":\"x\",\"dimensions\":25}");
        refused("encoding_format must be float or base64", path,
                "{\"input\":\"x\",\"encoding_format\":\"int8\"}");
        refused("truncate is not supported", path, "{\"input\":\"x\",\"truncate\":true}");
        refused("input is missing", path, "{}");
        for (String input : List.of("\"\"", "[]", "[\"a\",\"\"]", "{}", "3", "[1,\"a\"]", "[-1]",
                "[[]]", "[null]", "[1.5]", "[99999999999]")) {
            assertEquals(400, post(path, "{\"input\":" + input + "}").status, input);
        }
        assertEquals(200, post(path, "{\"input\":\"\\ud800 x\"}").status);
        refused("token 500 of a vocabulary of", path, "{\"input\":[500]}");
        String rerank = "/v1/rerank";
        refused("query is missing", rerank, "{\"documents\":[\"a\"]}");
        refused("documents is missing", rerank, "{\"query\":\"a\"}");
        refused("documents[0].title is not supported", rerank,
                "{\"query\":\"a\",\"documents\":[{\"text\":\"x\",\"title\":\"y\"}]}");
        refused("top_n must be", rerank, "{\"query\":\"a\",\"documents\":[\"b\"],\"top_n\":0}");
        for (String documents : List.of("[]", "[null]", "[[]]", "[{}]", "\"a\"", "7")) {
            assertEquals(400, post(rerank,
                    "{\"query\":\"a\",\"documents\":" + documents + "}").status, documents);
        }
    }

    @Test
    void manyAtOnceGetTheSameBits() throws Exception {
        float[] alone = vector(post("/v1/embeddings", "{\"input\":\"hello world\"}"));
        try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            var replies = new ArrayList<Future<Reply>>();
            for (int i = 0; i < 64; i++) {
                String more = ",\"one two\",\"a\"".substring(0, i % 2 == 0 ? 0 : 14);
                replies.add(callers.submit(() -> post("/v1/embeddings",
                        "{\"input\":[\"hello world\"" + more + "]}")));
            }
            for (Future<Reply> reply : replies) {
                assertArrayEquals(alone, vector(reply.get()));
            }
        }
        try (ModelHost.Lease lease = host.acquire("bert-mean")) {
            var stats = lease.encoder(EncoderTask.EMBEDDING).engine().stats();
            assertTrue(stats.batches() < stats.texts(), stats.toString());
        }
    }

    @Test
    void shortenedVectorsHaveLengthOne() {
        float[] part = Embeddings.shortened(new float[] {3, 4, 12}, 2);
        assertArrayEquals(new float[] {0.6f, 0.8f}, part, 1e-7f);
    }

    @Test
    void modelsSayWhatTheyAre() throws Exception {
        var request = HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + server.port() + "/v1/models")).build();
        var list = (Map<?, ?>) Json.parse(
                client.send(request, HttpResponse.BodyHandlers.ofString()).body());
        var kinds = new ArrayList<Object>();
        for (Object model : (List<?>) list.get("data")) {
            kinds.add(((Map<?, ?>) model).get("kind"));
        }
        assertEquals(List.of("embedding", "generator", "embedding", "reranker"), kinds);
    }

    @Test
    void configsSayWhatTheFoldersSay() {
        try (ModelHost.Lease lease = host.acquire("qwen3-last")) {
            EncoderConfig config = lease.encoder(EncoderTask.EMBEDDING).config();
            assertEquals(24, config.outputs());
            assertEquals(128, config.contextTokens());
            assertTrue(config.normalized());
        }
    }
}
