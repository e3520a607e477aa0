package dev.sluice.bridge.openai;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.InternalServerException;
import com.openai.errors.NotFoundException;
import com.openai.errors.OpenAIServiceException;
import com.openai.errors.RateLimitException;
import com.openai.errors.UnauthorizedException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionMessageFunctionToolCall;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.chat.completions.ChatCompletionToolChoiceOption;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseFunctionToolCall;
import com.openai.models.responses.ResponseInputItem;
import com.openai.models.responses.ResponseStatus;
import com.openai.models.responses.ResponseStreamEvent;
import com.openai.models.responses.ToolChoiceOptions;
import com.openai.models.responses.WebSearchTool;
import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.bridge.serve.RunningServer;
import dev.sluice.bridge.serve.ToolModel;
import dev.sluice.runtime.EngineOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Goal: OpenAI's Java client works with this server as with OpenAI's. Method: the client, which
/// validates every reply and event against the types it knows, and a server with a tiny random
/// model whose answers grammars make predictable.
@Timeout(120)
final class OpenAiJavaTest {
    /// A tool, and the class that the client makes its schema of.
    public static final class Weather {
        public Unit unit;
        public boolean tomorrow;

        public enum Unit { CELSIUS, FAHRENHEIT }
    }

    public static final class Verdict {
        public boolean right;
        public Weather.Unit unit;
    }

    @TempDir
    private static Path folder;
    private static final List<OpenAIClient> CLIENTS = new ArrayList<>();
    private static RunningServer server;
    private static OpenAIClient client;

    @BeforeAll
    static void start() throws IOException {
        Path keys = Files.writeString(folder.resolve("keys"), "right\n");
        server = new RunningServer(HttpOptions.defaults(), ApiKeys.read(keys),
                new ToolModel(Files.createDirectory(folder.resolve("model")), ToolModel.HERMES));
        client = client(server, "right");
    }

    @AfterAll
    static void stop() {
        CLIENTS.forEach(OpenAIClient::close);
        server.close();
    }

    private static OpenAIClient client(RunningServer of, String key) {
        OpenAIClient made = OpenAIOkHttpClient.builder().apiKey(key).maxRetries(0)
                .responseValidation(true)
                .baseUrl("http://127.0.0.1:" + of.port() + "/v1").build();
        CLIENTS.add(made);
        return made;
    }

    private static ChatCompletionCreateParams.Builder chat() {
        return ChatCompletionCreateParams.builder().model("tiny").addUserMessage("Say something.")
                .temperature(0).maxCompletionTokens(10);
    }

    private static ResponseCreateParams.Builder response() {
        return ResponseCreateParams.builder().model("tiny").input("Say something.")
                .temperature(0.0).maxOutputTokens(10);
    }

    // ---- chat --------------------------------------------------------------------------------

    @Test
    void chatWholeAndStreamed() {
        ChatCompletion whole = client.chat().completions().create(chat().n(2)
                .putAdditionalBodyProperty("seed", JsonValue.from(7))
                .logprobs(true).topLogprobs(2).stop("###").addDeveloperMessage("Be brief.")
                .build());
        assertEquals(2, whole.choices().size());
        assertEquals(10, whole.choices().getFirst().logprobs().orElseThrow().content()
                .orElseThrow().size());
        var accumulator = ChatCompletionAccumulator.create();
        var chunks = new ArrayList<ChatCompletionChunk>();
        try (StreamResponse<ChatCompletionChunk> stream = client.chat().completions()
                .createStreaming(chat().n(2)
                        .putAdditionalBodyProperty("seed", JsonValue.from(7))
                        .logprobs(true).topLogprobs(2).stop("###")
                        .addDeveloperMessage("Be brief.").streamOptions(
                                ChatCompletionStreamOptions.builder().includeUsage(true).build())
                        .build())) {
            stream.stream().forEach(chunk -> {
                chunks.add(chunk);
                accumulator.accumulate(chunk);
            });
        }
        // Both answers begin before one of them can end.
        for (int i = 0; i < 2; i++) {
            ChatCompletionChunk.Choice begun = chunks.get(i).choices().getFirst();
            assertEquals(i, begun.index());
            assertTrue(begun.delta().role().isPresent());
        }
        ChatCompletion joined = accumulator.chatCompletion();
        for (int i = 0; i < 2; i++) {
            assertEquals(whole.choices().get(i).message().content(),
                    joined.choices().get(i).message().content());
            assertEquals(whole.choices().get(i).finishReason(),
                    joined.choices().get(i).finishReason());
        }
        assertEquals(whole.usage().orElseThrow().completionTokens(),
                joined.usage().orElseThrow().completionTokens());
    }

    @Test
    void aToolLoopOfTwoTurns() {
        ChatCompletionCreateParams.Builder asked = chat().addTool(Weather.class)
                .maxCompletionTokens(400);
        ChatCompletion first = client.chat().completions().create(asked
                .toolChoice(ChatCompletionToolChoiceOption.Auto.REQUIRED)
                .parallelToolCalls(false).build());
        ChatCompletion.Choice choice = first.choices().getFirst();
        assertEquals(ChatCompletion.Choice.FinishReason.TOOL_CALLS, choice.finishReason());
        ChatCompletionMessageFunctionToolCall call = choice.message().toolCalls().orElseThrow()
                .getFirst().asFunction();
        assertEquals("Weather", call.function().name());
        Weather arguments = call.function().arguments(Weather.class);
        assertTrue(arguments.unit != null);
        ChatCompletion second = client.chat().completions().create(asked
                .toolChoice(ChatCompletionToolChoiceOption.Auto.NONE).maxCompletionTokens(10)
                .addMessage(choice.message())
                .addMessage(ChatCompletionToolMessageParam.builder().toolCallId(call.id())
                        .content("12 degrees").build()).build());
        assertTrue(second.choices().getFirst().message().toolCalls().isEmpty());
        assertTrue(second.usage().orElseThrow().promptTokens()
                > 10 + second.usage().orElseThrow().promptTokensDetails().orElseThrow()
                        .cachedTokens().orElseThrow());
    }

    @Test
    void aStreamedCallIsTheWholeOne() {
        ChatCompletionCreateParams asked = chat().addTool(Weather.class)
                .putAdditionalBodyProperty("seed", JsonValue.from(3))
                .maxCompletionTokens(400)
                .toolChoice(ChatCompletionToolChoiceOption.Auto.REQUIRED)
                .parallelToolCalls(false).build();
        var accumulator = ChatCompletionAccumulator.create();
        try (var stream = client.chat().completions().createStreaming(asked)) {
            stream.stream().forEach(accumulator::accumulate);
        }
        var whole = client.chat().completions().create(asked).choices().getFirst();
        var joined = accumulator.chatCompletion().choices().getFirst();
        assertEquals(whole.message().toolCalls().orElseThrow().getFirst().asFunction().function(),
                joined.message().toolCalls().orElseThrow().getFirst().asFunction().function());
        assertEquals(whole.finishReason(), joined.finishReason());
    }

    @Test
    void structuredOutputsAreParsed() {
        for (int seed = 0; seed < 5; seed++) {
            var answer = client.chat().completions().create(chat()
                    .putAdditionalBodyProperty("seed", JsonValue.from(seed)).temperature(1)
                    .maxCompletionTokens(400).responseFormat(Verdict.class).build());
            Verdict verdict = answer.choices().getFirst().message().content().orElseThrow();
            assertTrue(verdict.unit != null);
        }
        // With tools besides, an answer is a call or of the form.
        var either = client.chat().completions().create(chat().maxCompletionTokens(400)
                .addTool(Weather.class).responseFormat(Verdict.class).build());
        var message = either.choices().getFirst().message();
        assertTrue(message.toolCalls().isPresent()
                || message.content().orElseThrow().unit != null);
    }

    @Test
    void completionsOfTextAndTokens() {
        var answer = client.completions().create(CompletionCreateParams.builder().model("tiny")
                .prompt(CompletionCreateParams.Prompt.ofArrayOfStrings(List.of("One", "Two")))
                .echo(true).maxTokens(4).build());
        assertEquals(2, answer.choices().size());
        assertTrue(answer.choices().get(1).text().startsWith("Two"));
        assertEquals(List.of("tiny"), client.models().list().items().stream()
                .map(com.openai.models.models.Model::id).toList());
    }

    // ---- responses ---------------------------------------------------------------------------

    @Test
    void responsesWholeStreamedAndChained() {
        Response whole = client.responses().create(response().build());
        var accumulator = ResponseAccumulator.create();
        var events = new ArrayList<ResponseStreamEvent>();
        try (StreamResponse<ResponseStreamEvent> stream =
                client.responses().createStreaming(response().build())) {
            stream.stream().forEach(event -> {
                events.add(event.validate());
                accumulator.accumulate(event);
            });
        }
        assertEquals(text(whole), text(accumulator.response()));
        assertTrue(events.getFirst().isCreated());
        Response next = client.responses().create(response().input("And then?")
                .previousResponseId(whole.id()).build());
        assertEquals(Optional.of(whole.id()), next.previousResponseId());
        assertTrue(next.usage().orElseThrow().inputTokensDetails().cachedTokens()
                >= whole.usage().orElseThrow().inputTokens());
        assertEquals(next, client.responses().retrieve(next.id()));
        assertEquals(3, client.responses().inputItems().list(next.id()).autoPager().stream()
                .count());
        client.responses().delete(next.id());
        assertThrows(NotFoundException.class, () -> client.responses().retrieve(next.id()));
    }

    private static String text(Response response) {
        return response.output().getFirst().asMessage().content().getFirst().asOutputText()
                .text();
    }

    @Test
    void aToolLoopOfResponses() {
        Response first = client.responses().create(response().addTool(Weather.class)
                .maxOutputTokens(400).toolChoice(ToolChoiceOptions.REQUIRED)
                .parallelToolCalls(false).build());
        assertEquals(Optional.of(ResponseStatus.COMPLETED), first.status());
        ResponseFunctionToolCall call = first.output().getFirst().asFunctionCall();
        assertEquals("Weather", call.name());
        assertTrue(call.arguments(Weather.class).unit != null);
        ResponseInputItem output = ResponseInputItem.ofFunctionCallOutput(
                ResponseInputItem.FunctionCallOutput.builder().callId(call.callId())
                        .output("12 degrees").build());
        Response chained = client.responses().create(response().previousResponseId(first.id())
                .inputOfResponse(List.of(output)).build());
        // The whole conversation sent anew is the same.
        var items = new ArrayList<ResponseInputItem>();
        items.add(ResponseInputItem.ofEasyInputMessage(
                com.openai.models.responses.EasyInputMessage.builder()
                        .role(com.openai.models.responses.EasyInputMessage.Role.USER)
                        .content("Say something.").build()));
        items.add(ResponseInputItem.ofFunctionCall(call));
        items.add(output);
        Response sent = client.responses().create(response().inputOfResponse(items).store(false)
                .build());
        assertEquals(text(chained), text(sent));
    }

    @Test
    void structuredResponsesAreParsed() {
        var answer = client.responses().create(response().maxOutputTokens(400)
                .text(Verdict.class).build());
        assertTrue(answer.output().getFirst().asMessage().content().getFirst().asOutputText()
                .unit != null);
    }

    // ---- errors ------------------------------------------------------------------------------

    @Test
    void errorsAreTheClientsExceptions() throws IOException {
        var wrong = assertThrows(BadRequestException.class, () -> client.chat().completions()
                .create(chat().putAdditionalBodyProperty("bogus", JsonValue.from(1)).build()));
        assertEquals(Optional.of("bogus"), wrong.param());
        var search = assertThrows(BadRequestException.class, () -> client.responses().create(
                response().addTool(WebSearchTool.builder()
                        .type(WebSearchTool.Type.WEB_SEARCH).build()).build()));
        assertTrue(search.getMessage().contains("web_search"), search.getMessage());
        var tooLong = assertThrows(BadRequestException.class, () -> client.responses().create(
                response().input("x ".repeat(9000)).build()));
        assertEquals(Optional.of("context_length_exceeded"), tooLong.code());
        var nobody = assertThrows(NotFoundException.class, () -> client.chat().completions()
                .create(chat().model("nobody").build()));
        assertEquals(Optional.of("model_not_found"), nobody.code());
        OpenAIClient stranger = client(server, "wrong");
        assertThrows(UnauthorizedException.class,
                () -> stranger.responses().create(response().build()));
    }

    @Test
    void overloadIsARateLimit() throws Exception {
        EngineOptions narrow = EngineOptions.defaults().withParallel(1).withWaitingMax(1);
        Path model = Files.createDirectory(folder.resolve("narrow"));
        try (var busy = new RunningServer(HttpOptions.defaults(), ApiKeys.OPEN,
                new ToolModel(model, ToolModel.HERMES, narrow))) {
            OpenAIClient caller = client(busy, "none");
            caller.responses().create(response().build());
            ResponseCreateParams endless = response().maxOutputTokens(4000)
                    .putAdditionalBodyProperty("ignore_eos", JsonValue.from(true)).build();
            try (var running = caller.responses().createStreaming(endless);
                    var waiting = caller.responses().createStreaming(endless)) {
                var refused = assertThrows(RateLimitException.class,
                        () -> caller.responses().create(response().build()));
                assertEquals(List.of("1"), refused.headers().values("Retry-After"));
                assertEquals(Optional.of("rate_limit_exceeded"), refused.code());
                var again = assertThrows(RateLimitException.class,
                        () -> caller.chat().completions().create(chat().build()));
                assertEquals(List.of("1"), again.headers().values("Retry-After"));
                assertTrue(running.stream().findFirst().orElseThrow().isCreated());
                assertTrue(waiting.stream().findFirst().orElseThrow().isCreated());
            }
        }
    }

    @Test
    void aModelThatCannotBeLoadedIsUnavailable() throws Exception {
        var broken = new ModelHost.Opener() {
            @Override
            public HostedModel open() { throw new IllegalStateException("no such file"); }

            @Override
            public long bytes() { return 1; }
        };
        try (var down = new RunningServer(HttpOptions.defaults(), ApiKeys.OPEN, broken)) {
            OpenAIClient caller = client(down, "none");
            OpenAIServiceException failed = assertThrows(OpenAIServiceException.class,
                    () -> caller.responses().create(response().build()));
            assertInstanceOf(InternalServerException.class, failed);
            assertEquals(503, failed.statusCode());
            assertEquals(List.of("1"), failed.headers().values("Retry-After"));
        }
    }
}
