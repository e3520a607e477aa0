package dev.sluice.bridge.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.bridge.serve.RunningServer;
import dev.sluice.bridge.serve.RunningServer.Reply;
import dev.sluice.models.EncoderOptions;
import dev.sluice.models.json.Json;
import dev.sluice.runtime.StepTurns;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Goal: encoders that came as ONNX answer over HTTP what transformers computes for them. Method:
/// an embedder, a reranker and a classifier that torch exported (`make_graphs.py`), opened as
/// `serve` opens them, with the numbers that lie beside the graphs.
@Timeout(120)
final class OnnxEncoderServeTest {
    private static final Path GRAPHS =
            Path.of("../models/onnx/src/test/resources/dev/sluice/models/onnx");
    private static final Path TOKENIZER =
            Path.of("../models/core/src/test/resources/encoders/bert-rank/tokenizer.json");
    private static final double ERROR_MAX = 1e-5;

    @TempDir
    private static Path folder;
    private static RunningServer server;

    @BeforeAll
    static void start() throws IOException {
        var openers = new LinkedHashMap<String, ModelHost.Opener>();
        for (String name : List.of("bert", "rank", "classifier")) {
            Path model = Files.createDirectories(folder.resolve(name));
            for (String file : List.of("model.onnx", "config.json")) {
                Files.copy(GRAPHS.resolve(name).resolve(file), model.resolve(file));
            }
            Files.copy(TOKENIZER, model.resolve("tokenizer.json"));
            openers.put(name, EncoderOpener.of(name, model, EncoderOptions.defaults(),
                    () -> {
                        throw new IllegalStateException("no kernels for a graph");
                    },
                    new EncoderOpener.Sharing(8, new StepTurns(), 1),
                    new PrintWriter(new StringWriter())).orElseThrow());
        }
        server = new RunningServer(HttpOptions.defaults(), ApiKeys.OPEN, openers);
    }

    @AfterAll
    static void stop() { server.close(); }

    private static Map<?, ?> golden(String name) throws IOException {
        return (Map<?, ?>) Json.parse(Files.readAllBytes(
                GRAPHS.resolve(name).resolve("golden.json")));
    }

    private static Reply post(String path, Map<String, Object> body) throws Exception {
        return server.post(path, Json.write(body));
    }

    @Test
    void embeddings_are_those_of_transformers() throws Exception {
        List<?> cases = (List<?>) golden("bert").get("cases");
        Reply reply = post("/v1/embeddings", Map.of("model", "bert",
                "input", cases.stream().map(c -> ((Map<?, ?>) c).get("ids")).toList()));
        assertEquals(200, reply.status(), reply.body());
        List<?> data = (List<?>) reply.json().get("data");
        for (int i = 0; i < cases.size(); i++) {
            List<?> want = (List<?>) ((Map<?, ?>) cases.get(i)).get("mean");
            List<?> got = (List<?>) ((Map<?, ?>) data.get(i)).get("embedding");
            assertEquals(want.size(), got.size());
            for (int k = 0; k < want.size(); k++) {
                assertEquals(number(want.get(k)), number(got.get(k)), ERROR_MAX,
                        "text %d, element %d".formatted(i, k));
            }
        }
    }

    private static double number(Object value) { return ((Number) value).doubleValue(); }

    @Test
    void documents_are_ranked_as_transformers_scores_them() throws Exception {
        Map<?, ?> golden = golden("rank");
        List<?> pairs = (List<?>) golden.get("texts");
        Reply reply = post("/v1/rerank", Map.of("model", "rank",
                "query", ((List<?>) pairs.get(0)).get(0), "documents", List.of(
                        ((List<?>) pairs.get(0)).get(1), ((List<?>) pairs.get(1)).get(1))));
        assertEquals(200, reply.status(), reply.body());
        double last = Double.POSITIVE_INFINITY;
        List<?> results = (List<?>) reply.json().get("results");
        assertEquals(2, results.size());
        for (Object result : results) {
            int index = ((Long) ((Map<?, ?>) result).get("index")).intValue();
            double score = number(((Map<?, ?>) result).get("relevance_score"));
            Object want = ((List<?>) ((List<?>) golden.get("outputs")).get(index)).getFirst();
            assertEquals(number(want), score, ERROR_MAX);
            assertTrue(score <= last, reply.body());
            last = score;
        }
    }

    @Test
    void what_a_graph_is_not_for_is_refused() throws Exception {
        Reply reply = post("/v1/embeddings", Map.of("model", "classifier", "input", "two"));
        assertEquals(400, reply.status(), reply.body());
        assertTrue(reply.body().contains("a classifier"), reply.body());
        reply = post("/v1/rerank",
                Map.of("model", "bert", "query", "a", "documents", List.of("b")));
        assertEquals(400, reply.status(), reply.body());
        assertTrue(reply.body().contains("an embedding model"), reply.body());
        reply = post("/v1/rerank", Map.of("model", "rank", "query", "what is a router",
                "documents", List.of("two ".repeat(100))));
        assertEquals(400, reply.status(), reply.body());
        assertTrue(reply.body().contains("48"), reply.body());
    }
}
