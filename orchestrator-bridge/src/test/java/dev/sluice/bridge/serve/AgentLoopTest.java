package dev.sluice.bridge.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionFunctionTool;
import com.openai.models.chat.completions.ChatCompletionMessage;
import com.openai.models.chat.completions.ChatCompletionMessageFunctionToolCall;
import com.openai.models.chat.completions.ChatCompletionMessageToolCall;
import com.openai.models.chat.completions.ChatCompletionToolChoiceOption;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.bridge.http.HttpServer;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.defaults.DefaultModel;
import dev.sluice.models.json.Json;
import dev.sluice.runtime.EngineOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Goal: the whole loop works over HTTP with a client that others wrote: request, orchestrator,
/// call, Java method, worker, result, answer.
///
/// Method: openai-java against a server with the two models that ship, and twenty held-out
/// requests (held-out-loops.jsonl, by models/training/loops.py) whose right calls and answers are
/// known. The models are small and not always right, so a number of right answers is demanded
/// that lies below what they reach; that each loop ends properly is demanded of all.
@Timeout(300)
final class AgentLoopTest {
    private static final int REQUESTS = 20;
    private static final int RIGHT_MIN = 16;
    private static final int ROUNDS_MAX = 4;

    @TempDir
    private static Path folder;
    private static ModelHost host;
    private static HttpServer server;
    private static OpenAIClient client;

    /// How a loop ended.
    ///
    /// @param question that the worker was asked; empty if no method came to ask it
    private record Ending(String answer, String question) {}

    @BeforeAll
    static void start() throws IOException {
        var models = new LinkedHashMap<String, ModelHost.Opener>();
        models.put("orchestrator", opener("orchestrator", DefaultModel.ORCHESTRATOR));
        models.put("worker", opener("worker", DefaultModel.WORKER));
        host = new ModelHost(models, Long.MAX_VALUE);
        server = HttpServer.start(HttpOptions.defaults(), new ApiServer(host, ApiKeys.OPEN));
        client = OpenAIOkHttpClient.builder().apiKey("none").maxRetries(0)
                .baseUrl("http://127.0.0.1:" + server.port() + "/v1").build();
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
        host.close();
    }

    private static ModelHost.Opener opener(String name, DefaultModel model) {
        return new ModelHost.Opener() {
            @Override
            public HostedModel open() {
                var options = new LoadOptions(DType.F32, 1024, 2, 256);
                LoadedModel loaded = LoadedModel.open(model.extractTo(folder),
                        Kernels.open("vector", BackendOptions.defaults()), options, _ -> { });
                return new HostedModel(name, loaded, EngineOptions.defaults().withParallel(2),
                        Clock.systemUTC());
            }

            @Override
            public long bytes() { return 1 << 24; }
        };
    }

    @Test
    void from_request_to_answer() throws IOException {
        int asked = 0;
        int right = 0;
        var wrong = new StringBuilder();
        for (Map<?, ?> row : rows()) {
            Ending ending = loop(row);
            assertFalse(ending.answer().contains("<tool_call>"), ending.answer());
            asked += ending.question().equals(row.get("question")) ? 1 : 0;
            if (ending.answer().equals(row.get("answer"))) {
                right++;
            } else {
                wrong.append(row.get("request")).append(" -> ").append(ending).append('\n');
            }
        }
        System.out.printf("whole loops: %d of %d right, %d with the right call%n%s",
                right, REQUESTS, asked, wrong);
        assertTrue(right >= RIGHT_MIN, right + " of " + REQUESTS + "\n" + wrong);
    }

    /// Before the call it must make, a model may talk, which uses up its tokens if it has something
    /// else on its mind.
    @Test
    void a_required_call_is_always_valid() throws IOException {
        int named = 0;
        var cut = new StringBuilder();
        for (Map<?, ?> row : rows()) {
            ChatCompletion.Choice choice = send(request(row)
                    .toolChoice(ChatCompletionToolChoiceOption.Auto.REQUIRED).build());
            if (choice.finishReason().equals(ChatCompletion.Choice.FinishReason.LENGTH)) {
                cut.append(row.get("request")).append(" -> ").append(choice.message().content())
                        .append('\n');
                continue;
            }
            assertEquals(ChatCompletion.Choice.FinishReason.TOOL_CALLS, choice.finishReason());
            List<ChatCompletionMessageToolCall> calls = choice.message().toolCalls().orElseThrow();
            assertFalse(calls.isEmpty());
            for (ChatCompletionMessageToolCall call : calls) {
                assertValid(row, call.asFunction().function());
            }
            named += calls.getFirst().asFunction().function().name().equals(row.get("name"))
                    ? 1 : 0;
        }
        System.out.printf("required calls: all valid, %d of %d of the right tool%n%s",
                named, REQUESTS, cut);
        assertTrue(named >= RIGHT_MIN, named + " of " + REQUESTS + "\n" + cut);
    }

    /// Until the orchestrator says something without a call.
    private static Ending loop(Map<?, ?> row) {
        ChatCompletionCreateParams.Builder conversation = request(row);
        String question = "";
        for (int round = 0; round < ROUNDS_MAX; round++) {
            ChatCompletionMessage message = send(conversation.build()).message();
            List<ChatCompletionMessageToolCall> calls = message.toolCalls().orElse(List.of());
            if (calls.isEmpty()) {
                return new Ending(message.content().orElseThrow(), question);
            }
            conversation.addMessage(message);
            for (ChatCompletionMessageToolCall each : calls) {
                ChatCompletionMessageFunctionToolCall call = each.asFunction();
                Map<?, ?> arguments = (Map<?, ?>) Json.parse(call.function().arguments());
                Optional<String> next = question(row, call.function().name(), arguments);
                question = next.orElse(question);
                conversation.addMessage(ChatCompletionToolMessageParam.builder()
                        .toolCallId(call.id())
                        .content(next.map(AgentLoopTest::work)
                                .orElse("{\"error\": \"not found\"}")).build());
            }
        }
        return new Ending("(calls without end)", question);
    }

    // ---- the Java methods ----------------------------------------------------------------------

    /// What the worker has to be asked to do what a tool does with its first argument.
    private static Optional<String> question(Map<?, ?> row, String tool, Map<?, ?> arguments) {
        if (!names(row).contains(tool) || arguments.isEmpty()) {
            return Optional.empty();
        }
        var first = arguments.entrySet().iterator().next();
        return switch ((String) first.getKey()) {
            case "expression", "formula" -> Optional.of(first.getValue().toString());
            case "amount", "quantity", "number" ->
                    Optional.of("Convert %s km to m.".formatted(first.getValue()));
            case "day", "deadline" -> Optional.of(
                    "Which date is 3 days after %s?".formatted(first.getValue()));
            default -> Optional.empty();
        };
    }

    /// The last line of what the worker says, without its mark.
    private static String work(String question) {
        String text = send(ChatCompletionCreateParams.builder().model("worker")
                .addUserMessage(question).temperature(0).build()).message().content().orElseThrow();
        return text.lines().toList().getLast().replaceFirst("^= ", "");
    }

    // ---- what is sent --------------------------------------------------------------------------

    private static ChatCompletion.Choice send(ChatCompletionCreateParams request) {
        return client.chat().completions().create(request).choices().getFirst();
    }

    private static ChatCompletionCreateParams.Builder request(Map<?, ?> row) {
        ChatCompletionCreateParams.Builder request = ChatCompletionCreateParams.builder()
                .model("orchestrator").temperature(0).maxCompletionTokens(200)
                .addUserMessage((String) row.get("request"));
        for (Object each : (List<?>) row.get("tools")) {
            Map<?, ?> function = (Map<?, ?>) ((Map<?, ?>) each).get("function");
            var parameters = FunctionParameters.builder();
            ((Map<?, ?>) function.get("parameters")).forEach((key, value) ->
                    parameters.putAdditionalProperty((String) key, JsonValue.from(value)));
            parameters.putAdditionalProperty("additionalProperties", JsonValue.from(false));
            request.addTool(ChatCompletionFunctionTool.builder()
                    .function(FunctionDefinition.builder().name((String) function.get("name"))
                            .description((String) function.get("description"))
                            .parameters(parameters.build()).build()).build());
        }
        return request;
    }

    private static List<String> names(Map<?, ?> row) {
        var names = new ArrayList<String>();
        for (Object each : (List<?>) row.get("tools")) {
            names.add((String) ((Map<?, ?>) ((Map<?, ?>) each).get("function")).get("name"));
        }
        return names;
    }

    /// A tool of the request, with all it needs, nothing that it does not know, and right types.
    private static void assertValid(
            Map<?, ?> row, ChatCompletionMessageFunctionToolCall.Function call) {
        int at = names(row).indexOf(call.name());
        assertTrue(at >= 0, call.name() + " in " + names(row));
        Map<?, ?> tool = (Map<?, ?>) ((List<?>) row.get("tools")).get(at);
        Map<?, ?> schema = (Map<?, ?>) ((Map<?, ?>) tool.get("function")).get("parameters");
        Map<?, ?> properties = (Map<?, ?>) schema.get("properties");
        Map<?, ?> arguments = (Map<?, ?>) Json.parse(call.arguments());
        assertTrue(arguments.keySet().containsAll((List<?>) schema.get("required")),
                call.arguments());
        arguments.forEach((key, value) -> {
            Map<?, ?> property = (Map<?, ?>) properties.get(key);
            assertTrue(property != null, key + " in " + properties);
            boolean fits = switch ((String) property.get("type")) {
                case "string" -> value instanceof String;
                case "integer" -> value instanceof Long;
                default -> value instanceof Number;
            };
            assertTrue(fits, key + "=" + value + ": " + property);
        });
    }

    private static List<Map<?, ?>> rows() throws IOException {
        var rows = new ArrayList<Map<?, ?>>();
        try (InputStream in =
                AgentLoopTest.class.getResourceAsStream("held-out-loops.jsonl")) {
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                rows.add((Map<?, ?>) Json.parse(line));
            }
        }
        assertEquals(REQUESTS, rows.size());
        return rows;
    }
}
