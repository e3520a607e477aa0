package dev.sluice.bridge.openai;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.errors.UnauthorizedException;
import com.openai.models.embeddings.CreateEmbeddingResponse;
import com.openai.models.embeddings.Embedding;
import com.openai.models.embeddings.EmbeddingCreateParams;
import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.bridge.serve.RunningServer;
import dev.sluice.bridge.serve.TinyEncoder;
import dev.sluice.models.EncoderTask;
import dev.sluice.models.json.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Goal: OpenAI's Java client gets embeddings from this server as from OpenAI's. Method: the client,
/// which asks for base64 by itself and validates what it gets, and the vectors that the golden file
/// of a tiny random encoder states.
@Timeout(120)
final class OpenAiEmbeddingsTest {
    private static final Path FOLDER =
            Path.of("../models/core/src/test/resources/encoders/bert-mean");

    @TempDir
    private static Path temporary;
    private static RunningServer server;
    private static OpenAIClient client;
    private static OpenAIClient stranger;
    private static Map<?, ?> golden;

    @BeforeAll
    static void start() throws Exception {
        golden = (Map<?, ?>) Json.parse(Files.readAllBytes(FOLDER.resolve("golden.json")));
        Path keys = Files.writeString(temporary.resolve("keys"), "right\n");
        server = new RunningServer(HttpOptions.defaults(), ApiKeys.read(keys),
                new TinyEncoder("tiny", FOLDER, EncoderTask.EMBEDDING));
        client = client("right");
        stranger = client("wrong");
    }

    private static OpenAIClient client(String key) {
        return OpenAIOkHttpClient.builder().apiKey(key).maxRetries(0).responseValidation(true)
                .baseUrl("http://127.0.0.1:" + server.port() + "/v1").build();
    }

    @AfterAll
    static void stop() {
        client.close();
        stranger.close();
        server.close();
    }

    private static EmbeddingCreateParams.Builder request() {
        return EmbeddingCreateParams.builder().model("tiny");
    }

    private static List<String> texts() {
        return ((List<?>) golden.get("texts")).stream().map(String.class::cast).toList();
    }

    private static void assertGolden(int index, Embedding embedding) {
        var wanted = (List<?>) ((List<?>) golden.get("outputs")).get(index);
        List<Float> got = embedding.embedding();
        assertEquals(wanted.size(), got.size());
        for (int i = 0; i < got.size(); i++) {
            assertEquals(((Number) wanted.get(i)).floatValue(), got.get(i), 1e-5f,
                    "text " + index + " element " + i);
        }
    }

    @Test
    void severalTextsAtOnceInTheirOrder() {
        CreateEmbeddingResponse answer = client.embeddings().create(
                request().inputOfArrayOfStrings(texts()).user("me").build());
        assertEquals("tiny", answer.model());
        assertEquals(texts().size(), answer.data().size());
        long tokens = 0;
        for (int i = 0; i < answer.data().size(); i++) {
            assertEquals(i, answer.data().get(i).index());
            assertGolden(i, answer.data().get(i));
            tokens += ((List<?>) ((List<?>) golden.get("ids")).get(i)).size();
        }
        assertEquals(tokens, answer.usage().promptTokens());
        assertEquals(tokens, answer.usage().totalTokens());
    }

    @Test
    void floatsAndBase64AreTheSame() {
        for (var format : List.of(EmbeddingCreateParams.EncodingFormat.FLOAT,
                EmbeddingCreateParams.EncodingFormat.BASE64)) {
            assertGolden(1, client.embeddings().create(request().input(texts().get(1))
                    .encodingFormat(format).build()).data().getFirst());
        }
    }

    @Test
    void tokensAreTheText() {
        var ids = new ArrayList<Long>();
        ((List<?>) ((List<?>) golden.get("ids")).get(3)).forEach(id -> ids.add((Long) id));
        assertGolden(3, client.embeddings().create(
                request().inputOfArrayOfTokens(ids).build()).data().getFirst());
        assertGolden(3, client.embeddings().create(
                request().inputOfArrayOfTokenArrays(List.of(ids)).build()).data().getFirst());
    }

    @Test
    void errorsAreTheClientsExceptions() {
        var empty = assertThrows(BadRequestException.class,
                () -> client.embeddings().create(request().input("").build()));
        assertEquals(Optional.of("input"), empty.param());
        var shorter = assertThrows(BadRequestException.class, () -> client.embeddings().create(
                request().input("a").dimensions(8).build()));
        assertTrue(shorter.getMessage().contains("24"), shorter.getMessage());
        var nobody = assertThrows(NotFoundException.class, () -> client.embeddings().create(
                request().model("nobody").input("a").build()));
        assertEquals(Optional.of("model_not_found"), nobody.code());
        assertThrows(UnauthorizedException.class,
                () -> stranger.embeddings().create(request().input("a").build()));
    }
}
