package dev.sluice.springai;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.bridge.inprocess.InProcessChat;
import dev.sluice.bridge.inprocess.InProcessException;
import dev.sluice.bridge.inprocess.InProcessException.Kind;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.LoadOptions;
import dev.sluice.runtime.Embedder;
import dev.sluice.runtime.EngineOptions;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.content.Media;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.util.MimeTypeUtils;

/// Goal: what can not be served is refused by name, who leaves frees the engine, and vectors are
/// the engine's. Method: tiny random models; answers that never end by themselves.
@Timeout(120)
class RefusalsTest {
    private static final Path TINY = Path.of("../../models/core/src/test/resources");
    private static final String CHATML = """
            {%- for m in messages %}<|im_start|>{{ m.role }}
            {{ m.content }}<|im_end|>
            {% endfor %}<|im_start|>assistant
            """;
    private static final int CONTEXT = 4096;
    /// Far below what an answer has that nobody stops, far above what is drawn until a stop is
    /// heard on a busy machine.
    private static final int STOPPED_TOKENS_MAX = 2000;

    @TempDir
    private static Path folder;

    private static SluiceChatModel model;

    @BeforeAll
    static void open() throws IOException {
        Path source = TINY.resolve("goldens/llama/hf");
        for (String file : List.of("generation_config.json", "model.safetensors",
                "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(source.resolve(file), folder.resolve(file));
        }
        Files.writeString(folder.resolve("chat_template.jinja"), CHATML);
        Files.writeString(folder.resolve("config.json"),
                Files.readString(source.resolve("config.json")).replace(
                        "_position_embeddings\": 256", "_position_embeddings\": " + CONTEXT));
        model = tiny().withOptions(SluiceChatOptions.builder().maxTokens(8).build());
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static SluiceChatModel tiny() {
        return SluiceChatModel.of(InProcessChat.open(folder,
                Kernels.open("vector", BackendOptions.defaults()),
                new LoadOptions(DType.F32, CONTEXT, 1, 64),
                EngineOptions.defaults().withParallel(1).withWaitingMax(1)));
    }

    private static Prompt endless() {
        return new Prompt("Hello",
                SluiceChatOptions.builder().field("ignore_eos", true).build());
    }

    private static InProcessException refused(SluiceChatOptions.Builder options) {
        return assertThrows(InProcessException.class,
                () -> model.call(new Prompt("Hello", options.build())));
    }

    @Test
    void refusals_name_the_field() {
        InProcessException bogus = refused(SluiceChatOptions.builder().field("bogus", 1));
        assertEquals("bogus", bogus.field());
        assertEquals(Kind.INVALID, bogus.kind());
        assertEquals("temperature",
                refused(SluiceChatOptions.builder().temperature(9.0)).field());
        assertEquals(Kind.NO_SUCH_MODEL,
                refused(SluiceChatOptions.builder().model("nobody")).kind());
        assertEquals("outputSchema",
                refused(SluiceChatOptions.builder().outputSchema("{")).field());
        var tooLong = assertThrows(InProcessException.class,
                () -> model.call("x ".repeat(5000)));
        assertTrue(tooLong.getMessage().contains("4096"), tooLong.getMessage());
        var image = new Media(MimeTypeUtils.IMAGE_PNG, URI.create("http://localhost/x.png"));
        var media = assertThrows(InProcessException.class, () -> model.call(
                UserMessage.builder().text("What is it?").media(image).build()));
        assertTrue(media.getMessage().contains("image/png"), media.getMessage());
    }

    @Test
    void a_stream_is_refused_through_its_flux() {
        var refused = assertThrows(InProcessException.class, () -> model.stream(new Prompt(
                "Hello", SluiceChatOptions.builder().field("bogus", 1).build())).blockLast());
        assertEquals("bogus", refused.field());
    }

    @Test
    void who_leaves_frees_the_engine() throws Exception {
        for (int i = 0; i < 3; i++) {
            long before = drawn();
            var first = model.stream(endless()).take(2).collectList()
                    .block(Duration.ofSeconds(60));
            assertEquals(2, first.size());
            assertStopped(before);
        }
    }

    @Test
    void an_interrupted_caller_frees_the_engine() throws Exception {
        long before = drawn();
        Thread caller = Thread.ofPlatform().start(() -> assertThrows(
                CancellationException.class, () -> model.call(endless())));
        while (drawn() == before) {
            Thread.sleep(1);
        }
        caller.interrupt();
        caller.join(60_000);
        assertFalse(caller.isAlive());
        assertStopped(before);
    }

    private static long drawn() { return model.inProcess().stats().completionTokens(); }

    /// Nothing runs, and what ran did not run to its end.
    private static void assertStopped(long before) throws InterruptedException {
        while (model.inProcess().stats().running() + model.inProcess().stats().waiting() > 0) {
            Thread.sleep(1);
        }
        long tokens = drawn() - before;
        assertTrue(tokens > 0 && tokens < STOPPED_TOKENS_MAX, tokens + " tokens");
    }

    @Test
    void closing_ends_streams_with_an_error_and_refuses_more() {
        SluiceChatModel closing = tiny();
        var failed = assertThrows(InProcessException.class, () -> closing.stream(endless())
                .doOnNext(_ -> closing.close()).blockLast(Duration.ofSeconds(60)));
        assertEquals(Kind.STOPPED, failed.kind());
        var after = assertThrows(InProcessException.class, () -> closing.call("Hello"));
        assertEquals(Kind.STOPPED, after.kind());
        assertInstanceOf(RuntimeException.class, after.getCause());
    }

    @Test
    void vectors_are_the_engines() {
        Path bert = TINY.resolve("encoders/bert-mean");
        try (var embeddings = SluiceEmbeddingModel.open(bert);
                Embedder embedder = Embedder.open(bert)) {
            float[] gate = embedder.embed("a gate");
            assertArrayEquals(gate, embeddings.embed("a gate"));
            assertArrayEquals(gate, embeddings.embed(new Document("a gate")));
            assertEquals(embedder.dimensions(), embeddings.dimensions());
            var both = embeddings.embedForResponse(List.of("water", "a gate"));
            assertArrayEquals(gate, both.getResults().get(1).getOutput());
            assertEquals(1, both.getResults().get(1).getIndex());
            assertTrue(both.getMetadata().getUsage().getPromptTokens() >= 5);
            var tooLong = assertThrows(InProcessException.class,
                    () -> embeddings.embed("water ".repeat(2000)));
            assertTrue(tooLong.getMessage().contains("reads at most"), tooLong.getMessage());
            var wrong = assertThrows(InProcessException.class, () -> embeddings.call(
                    new EmbeddingRequest(List.of("a"),
                            EmbeddingOptions.builder().dimensions(3).build())));
            assertEquals("dimensions", wrong.field());
        }
    }
}
