package dev.sluice.langchain4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.listener.ChatModelErrorContext;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.listener.ChatModelResponseContext;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.FinishReason;
import dev.sluice.bridge.inprocess.InProcessChat;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.LoadOptions;
import dev.sluice.runtime.EngineOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Goal: what can not be served is LangChain4j's own exception, and who leaves frees the engine.
/// Method: a tiny random model with room for one running and one waiting answer; answers that never
/// end by themselves.
@Timeout(120)
class RefusalsTest {
    private static final Path SOURCE =
            Path.of("../../models/core/src/test/resources/goldens/llama/hf");
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
    private static final UserMessage HELLO = UserMessage.from("Hello");

    private static SluiceChatModel model;

    @BeforeAll
    static void open() throws IOException {
        for (String file : List.of("generation_config.json", "model.safetensors",
                "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(SOURCE.resolve(file), folder.resolve(file));
        }
        Files.writeString(folder.resolve("chat_template.jinja"), CHATML);
        Files.writeString(folder.resolve("config.json"),
                Files.readString(SOURCE.resolve("config.json")).replace(
                        "_position_embeddings\": 256", "_position_embeddings\": " + CONTEXT));
        model = tiny();
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static SluiceChatModel tiny() {
        return SluiceChatModel.of(InProcessChat.open(folder,
                Kernels.open("vector", BackendOptions.defaults()),
                new LoadOptions(DType.F32, CONTEXT, 1, 64),
                EngineOptions.defaults().withParallel(1).withWaitingMax(1)))
                .withDefaults(ChatRequestParameters.builder().maxOutputTokens(8).build());
    }

    /// Does not end before the context does.
    private static SluiceChatModel endless() {
        return model.withField("ignore_eos", true).withDefaults(
                ChatRequestParameters.builder().maxOutputTokens(100_000).build());
    }

    /// Waits for the first piece; stops when told.
    private static final class Listening implements StreamingChatResponseHandler {
        private final CountDownLatch first = new CountDownLatch(1);
        private final CompletableFuture<ChatResponse> end = new CompletableFuture<>();
        private final AtomicInteger pieces = new AtomicInteger();
        private final boolean leaves;

        Listening(boolean leaves) {
            this.leaves = leaves;
        }

        @Override
        public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {
            pieces.incrementAndGet();
            if (leaves) {
                context.streamingHandle().cancel();
            }
            first.countDown();
        }

        @Override
        public void onCompleteResponse(ChatResponse response) {
            end.complete(response);
        }

        @Override
        public void onError(Throwable error) {
            end.completeExceptionally(error);
        }
    }

    @Test
    void an_unknown_field_is_an_invalid_request_that_names_it() {
        var wrong = assertThrows(InvalidRequestException.class,
                () -> model.withField("bogus", 1).chat("Hello"));
        assertTrue(wrong.getMessage().contains("bogus"), wrong.getMessage());
        var hot = assertThrows(InvalidRequestException.class, () -> model.chat(
                ChatRequest.builder().messages(HELLO).temperature(9.0).build()));
        assertTrue(hot.getMessage().contains("temperature"), hot.getMessage());
        var tooLong = assertThrows(InvalidRequestException.class,
                () -> model.chat("x ".repeat(5000)));
        assertTrue(tooLong.getMessage().contains("4096"), tooLong.getMessage());
        assertThrows(ModelNotFoundException.class, () -> model.chat(
                ChatRequest.builder().messages(HELLO).modelName("nobody").build()));
        var image = assertThrows(UnsupportedFeatureException.class, () -> model.chat(
                UserMessage.from(ImageContent.from("http://localhost/x.png"))));
        assertTrue(image.getMessage().contains("IMAGE"), image.getMessage());
    }

    @Test
    void a_stream_is_refused_through_its_handler() throws Exception {
        var listening = new Listening(false);
        model.withField("bogus", 1).chat("Hello", listening);
        var failed = assertThrows(ExecutionException.class,
                () -> listening.end.get(60, TimeUnit.SECONDS));
        assertInstanceOf(InvalidRequestException.class, failed.getCause());
    }

    @Test
    void length_is_a_reason() {
        ChatResponse answer = model.withField("ignore_eos", true).chat(HELLO);
        assertEquals(FinishReason.LENGTH, answer.finishReason());
        assertEquals(8, answer.tokenUsage().outputTokenCount());
    }

    @Test
    void who_leaves_frees_the_engine() throws Exception {
        for (int i = 0; i < 3; i++) {
            long before = drawn();
            var leaving = new Listening(true);
            endless().chat("Hello", leaving);
            assertTrue(leaving.first.await(60, TimeUnit.SECONDS));
            assertStopped(before);
            assertEquals(1, leaving.pieces.get());
            assertFalse(leaving.end.isDone());
        }
    }

    @Test
    void an_interrupted_caller_frees_the_engine() throws Exception {
        long before = drawn();
        Thread caller = Thread.ofPlatform().start(() -> assertThrows(
                CancellationException.class, () -> endless().chat("Hello")));
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
    void closing_ends_streams_with_an_error_and_refuses_more() throws Exception {
        SluiceChatModel closing = tiny();
        var listening = new Listening(false);
        closing.withField("ignore_eos", true).withDefaults(
                ChatRequestParameters.builder().maxOutputTokens(CONTEXT).build())
                .chat("Hello", listening);
        assertTrue(listening.first.await(60, TimeUnit.SECONDS));
        closing.close();
        var failed = assertThrows(ExecutionException.class,
                () -> listening.end.get(60, TimeUnit.SECONDS));
        assertInstanceOf(InternalServerException.class, failed.getCause());
        assertThrows(InternalServerException.class, () -> closing.chat("Hello"));
    }

    @Test
    void overload_is_a_rate_limit() throws Exception {
        SluiceChatModel slow = endless().withDefaults(
                ChatRequestParameters.builder().maxOutputTokens(600).build());
        var listening = new ArrayList<Listening>();
        for (int i = 0; i < 8; i++) {
            listening.add(new Listening(false));
            slow.chat("Hello", listening.getLast());
        }
        // One runs and one waits: of eight at once some find both places taken.
        int limited = 0;
        for (Listening each : listening) {
            try {
                each.end.get(60, TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                assertInstanceOf(RateLimitException.class, e.getCause());
                limited++;
            }
        }
        assertTrue(limited > 0 && limited < listening.size(), limited + " were refused");
    }

    @Test
    void listeners_hear_of_answers_and_errors() {
        var answers = new AtomicInteger();
        var errors = new AtomicInteger();
        SluiceChatModel heard = model.withListeners(List.of(new ChatModelListener() {
            @Override
            public void onResponse(ChatModelResponseContext context) {
                answers.incrementAndGet();
            }

            @Override
            public void onError(ChatModelErrorContext context) {
                errors.incrementAndGet();
            }
        }));
        heard.chat("Hello");
        assertThrows(InvalidRequestException.class,
                () -> heard.withField("bogus", 1).chat("Hello"));
        assertEquals(1, answers.get());
        assertEquals(1, errors.get());
    }
}
