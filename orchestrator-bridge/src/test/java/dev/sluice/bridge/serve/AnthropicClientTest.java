package dev.sluice.bridge.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.core.JsonValue;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.errors.BadRequestException;
import com.anthropic.errors.NotFoundException;
import com.anthropic.errors.UnauthorizedException;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.ContentBlock;
import com.anthropic.models.messages.ContentBlockParam;
import com.anthropic.models.messages.JsonOutputFormat;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCountTokensParams;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.OutputConfig;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.anthropic.models.messages.StopReason;
import com.anthropic.models.messages.Tool;
import com.anthropic.models.messages.ToolChoiceAny;
import com.anthropic.models.messages.ToolChoiceNone;
import com.anthropic.models.messages.ToolResultBlockParam;
import com.anthropic.models.messages.ToolUseBlock;
import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.models.json.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: a program written for Anthropic's API works against Sluice unchanged. Method: Anthropic's
/// own Java client against a server with a tiny random model whose template knows tools and
/// thinking; grammars make its calls valid.
final class AnthropicClientTest {
    @TempDir
    private static Path folder;

    private static PatchedServer server;
    private static AnthropicClient client;

    @BeforeAll
    static void start() throws Exception {
        // After this test's prompts the model says " val" soon: it is made to call a tool.
        Path model = new PatchedModel().token("Ġval", "<tool_call>")
                .write(folder.resolve("m.gguf"), PatchedModel.AGENT);
        Path keys = Files.writeString(folder.resolve("keys"), "secret\n");
        server = new PatchedServer(model, ApiKeys.read(keys));
        client = client("secret");
    }

    private static AnthropicClient client(String key) {
        return AnthropicOkHttpClient.builder().apiKey(key).maxRetries(0)
                .baseUrl("http://127.0.0.1:" + server.port()).build();
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
    }

    private static MessageCreateParams.Builder hello() {
        return MessageCreateParams.builder().model("tiny").maxTokens(8)
                .putAdditionalBodyProperty("temperature", JsonValue.from(0.0))
                .addUserMessage("hello");
    }

    private static Tool weather() {
        return Tool.builder().name("weather").description("of a city")
                .inputSchema(Tool.InputSchema.builder()
                        .properties(Tool.InputSchema.Properties.builder()
                                .putAdditionalProperty("city", JsonValue.from(
                                        Map.of("enum", List.of("Paris", "Rome"))))
                                .build())
                        .addRequired("city")
                        .putAdditionalProperty("additionalProperties", JsonValue.from(false))
                        .build())
                .build();
    }

    @Test
    void messagesAreAnswered() {
        Message message = client.messages().create(hello().system("Be brief.").build());
        assertTrue(message.id().startsWith("msg_"));
        assertEquals("tiny", message.model().asString());
        assertEquals(StopReason.MAX_TOKENS, message.stopReason().orElseThrow());
        assertEquals(8, message.usage().outputTokens());
        assertFalse(message.content().getFirst().asText().text().isEmpty());
        var more = hello().system("Be brief.").addAssistantMessage("So I").build();
        assertEquals(8, client.messages().create(more).usage().outputTokens());
    }

    @Test
    void aStreamAddsUpToTheSameMessage() {
        Message whole = client.messages().create(hello().maxTokens(30).build());
        var accumulator = MessageAccumulator.create();
        try (StreamResponse<RawMessageStreamEvent> stream =
                client.messages().createStreaming(hello().maxTokens(30).build())) {
            stream.stream().forEach(accumulator::accumulate);
        }
        Message streamed = accumulator.message();
        assertEquals(whole.content().getFirst().asText().text(),
                streamed.content().getFirst().asText().text());
        assertEquals(whole.stopReason(), streamed.stopReason());
        assertEquals(30, streamed.usage().outputTokens());
    }

    @Test
    void toolsAreCalledAndAnswered() {
        var ask = hello().maxTokens(300).addTool(weather())
                .toolChoice(ToolChoiceAny.builder().disableParallelToolUse(true).build());
        Message first = client.messages().create(ask.build());
        assertEquals(StopReason.TOOL_USE, first.stopReason().orElseThrow(), first.toString());
        ToolUseBlock call = only(first);
        assertEquals("weather", call.name());
        Map<?, ?> input = call._input().convert(Map.class);
        assertTrue(List.of("Paris", "Rome").contains(input.get("city")), input.toString());

        var result = ToolResultBlockParam.builder().toolUseId(call.id()).content("18 degrees")
                .isError(false).build();
        Message second = client.messages().create(ask.addMessage(first)
                .addUserMessageOfContentBlockParams(List.of(ContentBlockParam.ofToolResult(result)))
                .maxTokens(8).toolChoice(ToolChoiceNone.builder().build()).build());
        assertTrue(second.content().stream().noneMatch(ContentBlock::isToolUse));
        assertTrue(second.usage().cacheReadInputTokens().orElse(0L) > 0, second.toString());
    }

    private static ToolUseBlock only(Message message) {
        var calls = new ArrayList<ToolUseBlock>();
        message.content().forEach(block -> block.toolUse().ifPresent(calls::add));
        assertEquals(1, calls.size(), message.toString());
        return calls.getFirst();
    }

    @Test
    void callsStreamAsPartsOfJson() {
        var accumulator = MessageAccumulator.create();
        var indices = new ArrayList<Long>();
        try (StreamResponse<RawMessageStreamEvent> stream = client.messages().createStreaming(
                hello().maxTokens(300).addTool(weather())
                        .toolChoice(ToolChoiceAny.builder().disableParallelToolUse(true).build())
                        .build())) {
            stream.stream().forEach(event -> {
                accumulator.accumulate(event);
                event.contentBlockStart().ifPresent(start -> indices.add(start.index()));
            });
        }
        Message message = accumulator.message();
        ToolUseBlock call = only(message);
        assertTrue(call._input().convert(Map.class).get("city") instanceof String);
        for (int i = 0; i < indices.size(); i++) {
            assertEquals(i, indices.get(i));
        }
        assertEquals(message.content().size(), indices.size());
    }

    @Test
    void thinkingIsClosedAtItsBudget() {
        Message message = client.messages().create(hello().maxTokens(1100)
                .putAdditionalBodyProperty("temperature", JsonValue.from(1.0))
                .enabledThinking(1024).build());
        ContentBlock first = message.content().getFirst();
        assertTrue(first.isThinking(), message.toString());
        assertFalse(first.asThinking().signature().isEmpty());
        assertTrue(message.content().size() > 1 || message.usage().outputTokens() < 1024,
                "thinking was not closed: " + message.usage());
        var again = hello().addMessage(message).addUserMessage("and?").build();
        assertEquals(8, client.messages().create(again).usage().outputTokens());
    }

    @Test
    void answersObeyASchema() {
        var schema = JsonOutputFormat.Schema.builder()
                .putAdditionalProperty("type", JsonValue.from("object"))
                .putAdditionalProperty("properties", JsonValue.from(
                        Map.of("ok", Map.of("type", "boolean"))))
                .putAdditionalProperty("required", JsonValue.from(List.of("ok")))
                .putAdditionalProperty("additionalProperties", JsonValue.from(false)).build();
        Message message = client.messages().create(hello().maxTokens(100).outputConfig(
                OutputConfig.builder().format(JsonOutputFormat.of(schema)).build()).build());
        Object value = Json.parse(message.content().getFirst().asText().text());
        assertTrue(((Map<?, ?>) value).get("ok") instanceof Boolean, message.toString());
    }

    @Test
    void tokensAreCounted() {
        long counted = client.messages().countTokens(MessageCountTokensParams.builder()
                .model("tiny").system("Be brief.").addUserMessage("hello").build()).inputTokens();
        var usage = client.messages().create(hello().system("Be brief.").build()).usage();
        assertEquals(usage.inputTokens() + usage.cacheReadInputTokens().orElse(0L)
                + usage.cacheCreationInputTokens().orElse(0L), counted);
    }

    @Test
    void errorsAreOfTheClientsTypes() {
        var refused = assertThrows(BadRequestException.class,
                () -> client.messages().create(hello().maxTokens(0).build()));
        assertTrue(refused.getMessage().contains("max_tokens"), refused.getMessage());
        assertFalse(refused.headers().values("request-id").isEmpty());
        assertThrows(NotFoundException.class,
                () -> client.messages().create(hello().model("nobody").build()));
        AnthropicClient stranger = client("wrong");
        assertThrows(UnauthorizedException.class,
                () -> stranger.messages().create(hello().build()));
        stranger.close();
    }
}
