package dev.sluice.bridge.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.bridge.serve.RunningServer.Reply;
import dev.sluice.models.json.Json;
import dev.sluice.models.onnx.OnnxExport;
import dev.sluice.models.onnx.WeightForm;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: a served ONNX folder obeys grammars and stop strings and gives log-probabilities like any
/// model, several requests at once. Method: the same requests to the same tiny model as GGUF file
/// and as its exported graph.
final class OnnxServeTest {
    private static final String HI = "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]";
    private static final String SCHEMA = ",\"response_format\":{\"type\":\"json_schema\","
            + "\"json_schema\":{\"name\":\"x\",\"schema\":{\"type\":\"object\",\"properties\":{"
            + "\"a\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":99}},"
            + "\"required\":[\"a\"],\"additionalProperties\":false}}}";

    @TempDir
    private Path folder;

    @Test
    void replies_are_those_of_the_gguf_file() throws Exception {
        OnnxExport.write(RunningServer.MODEL, folder, WeightForm.F32, _ -> { });
        List<String> requests = List.of(
                "{" + HI + ",\"max_tokens\":24,\"temperature\":0}",
                "{" + HI + ",\"max_tokens\":24,\"temperature\":0.8,\"seed\":5}",
                "{" + HI + ",\"max_tokens\":40,\"temperature\":0" + SCHEMA + "}",
                "{" + HI + ",\"max_tokens\":24,\"temperature\":0,\"stop\":[\"e\",\"a\"]}",
                "{" + HI + ",\"max_tokens\":6,\"temperature\":0,\"logprobs\":true,"
                        + "\"top_logprobs\":3}");
        try (RunningServer own = RunningServer.start();
                RunningServer graph = RunningServer.start(folder)) {
            var replies = new ArrayList<CompletableFuture<Reply>>();
            for (String request : requests) {
                replies.add(CompletableFuture.supplyAsync(() -> post(graph, request)));
            }
            for (int i = 0; i < requests.size(); i++) {
                Map<?, ?> want = choice(post(own, requests.get(i)));
                Map<?, ?> got = choice(replies.get(i).join());
                assertEquals(want.get("message"), got.get("message"), requests.get(i));
                assertEquals(want.get("finish_reason"), got.get("finish_reason"));
                assertEquals(rounded(want.get("logprobs")), rounded(got.get("logprobs")));
            }
            Object object = Json.parse((String) ((Map<?, ?>) choice(
                    post(graph, requests.get(2))).get("message")).get("content"));
            assertTrue(((Map<?, ?>) object).get("a") instanceof Long, object.toString());
        }
    }

    private static Reply post(RunningServer server, String request) {
        try {
            Reply reply = server.post("/v1/chat/completions", request);
            assertEquals(200, reply.status(), reply.body());
            return reply;
        } catch (java.io.IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Map<?, ?> choice(Reply reply) {
        return (Map<?, ?>) ((List<?>) reply.json().get("choices")).getFirst();
    }

    /// Log-probabilities to three digits: sums run in another order.
    private static String rounded(Object logprobs) {
        return String.valueOf(logprobs).replaceAll("(\\.\\d{3})\\d+", "$1");
    }
}
