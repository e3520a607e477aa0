package dev.sluice.langchain4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.langchain4j.agent.tool.P;
import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.Result;
import dev.langchain4j.service.TokenStream;
import dev.sluice.models.defaults.DefaultModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Goal: LangChain4j's own services work on the models that ship: chat, streams, a loop of tools
/// and typed answers. Method: prompts of the models' held-out sides that they answer right,
/// greedily, through `AiServices` and the plain interfaces.
@Timeout(300)
class ShippedModelsTest {
    private static final ChatRequestParameters GREEDY = ChatRequestParameters.builder()
            .temperature(0.0).maxOutputTokens(140).build();

    @TempDir
    private static Path folder;

    private static SluiceChatModel worker;
    private static SluiceChatModel orchestrator;

    @BeforeAll
    static void open() {
        worker = SluiceChatModel.open(DefaultModel.WORKER.extractTo(folder))
                .withDefaults(GREEDY);
        orchestrator = SluiceChatModel.open(DefaultModel.ORCHESTRATOR.extractTo(folder))
                .withDefaults(GREEDY);
    }

    @AfterAll
    static void close() {
        worker.close();
        orchestrator.close();
    }

    interface Assistant {
        Result<String> say(String text);
    }

    interface StreamingAssistant {
        TokenStream say(String text);
    }

    enum Size { SMALL, LARGE }

    record Verdict(boolean sure, Size size) { }

    interface Reader {
        Verdict read(String text);
    }

    /// What was called, and what it answers.
    static final class School {
        private final List<String> calls = new ArrayList<>();

        @Tool(name = "stop_school_flight", value = "Can stop a school flight")
        String stop(@P("which") String id, @P("to whom") String email,
                @P("from where") String file) {
            calls.add(id + " " + email + " " + file);
            return "RT-68";
        }
    }

    private static ToolSpecification flight() {
        return ToolSpecification.builder().name("stop_school_flight").description("Can stop a school flight")
                .parameters(JsonObjectSchema.builder().addStringProperty("id")
                        .addStringProperty("email").addStringProperty("file")
                        .required("id", "email", "file").build()).build();
    }

    private static final String HALT = "I need to halt school flight with id CZ-30 to "
            + "negrin@loav.com from stok/teacher.txt.";

    @Test
    void a_chat_says_what_it_cost() {
        UserMessage question = UserMessage.from("Sort: 42, 7, 19");
        ChatResponse answer = worker.chat(question);
        assertEquals("7, 19, 42", answer.aiMessage().text());
        assertEquals(FinishReason.STOP, answer.finishReason());
        assertTrue(answer.modelName().startsWith("sluice-worker"), answer.modelName());
        var again = assertInstanceOf(SluiceTokenUsage.class,
                worker.chat(question).tokenUsage());
        assertTrue(again.cachedInputTokenCount() > 0, again.toString());
        assertTrue(again.cachedInputTokenCount() < again.inputTokenCount(), again.toString());
        var sum = assertInstanceOf(SluiceTokenUsage.class, again.add(again));
        assertEquals(2 * again.cachedInputTokenCount(), sum.cachedInputTokenCount());
        assertEquals(2 * again.totalTokenCount(), sum.totalTokenCount());
    }

    @Test
    void a_stream_is_the_whole_answer() throws Exception {
        var assistant = AiServices.builder(StreamingAssistant.class)
                .streamingChatModel(worker).build();
        var pieces = new ArrayList<String>();
        var whole = new CompletableFuture<ChatResponse>();
        assistant.say("Sort: 42, 7, 19").onPartialResponse(pieces::add)
                .onCompleteResponse(whole::complete).onError(whole::completeExceptionally)
                .start();
        ChatResponse answer = whole.get(120, TimeUnit.SECONDS);
        assertEquals("7, 19, 42", answer.aiMessage().text());
        assertEquals("7, 19, 42", String.join("", pieces));
        assertTrue(pieces.size() > 1, pieces.toString());
    }

    @Test
    void a_service_calls_a_tool_and_tells_its_result() {
        var school = new School();
        var assistant = AiServices.builder(Assistant.class).chatModel(orchestrator)
                .tools(school).build();
        Result<String> result = assistant.say(HALT);
        assertEquals(List.of("CZ-30 negrin@loav.com stok/teacher.txt"), school.calls);
        assertEquals("The answer is RT-68.", result.content());
        assertEquals(1, result.toolExecutions().size());
        assertTrue(result.tokenUsage() instanceof SluiceTokenUsage);
    }

    @Test
    void a_streaming_service_calls_a_tool() throws Exception {
        var school = new School();
        var assistant = AiServices.builder(StreamingAssistant.class)
                .streamingChatModel(orchestrator).tools(school).build();
        var whole = new CompletableFuture<ChatResponse>();
        assistant.say(HALT).onPartialResponse(_ -> { })
                .onCompleteResponse(whole::complete).onError(whole::completeExceptionally)
                .start();
        assertEquals("The answer is RT-68.",
                whole.get(120, TimeUnit.SECONDS).aiMessage().text());
        assertEquals(List.of("CZ-30 negrin@loav.com stok/teacher.txt"), school.calls);
    }

    @Test
    void two_turns_by_hand_carry_ids_and_reasons() {
        var messages = new ArrayList<ChatMessage>(List.of(UserMessage.from(HALT)));
        ChatResponse first = orchestrator.chat(ChatRequest.builder().messages(messages)
                .toolSpecifications(flight()).build());
        assertEquals(FinishReason.TOOL_EXECUTION, first.finishReason());
        ToolExecutionRequest call = first.aiMessage().toolExecutionRequests().getFirst();
        assertEquals("stop_school_flight", call.name());
        assertFalse(call.id().isEmpty());
        messages.add(first.aiMessage());
        messages.add(ToolExecutionResultMessage.from(call, "cherry"));
        ChatResponse second = orchestrator.chat(ChatRequest.builder().messages(messages)
                .toolSpecifications(flight()).build());
        assertEquals("The answer is cherry.", second.aiMessage().text());
        assertEquals(FinishReason.STOP, second.finishReason());
    }

    @Test
    void a_required_tool_is_called_whatever_was_said() {
        ChatResponse answer = orchestrator.chat(ChatRequest.builder()
                .messages(UserMessage.from("Hello"))
                .parameters(ChatRequestParameters.builder().toolSpecifications(flight())
                        .toolChoice(ToolChoice.REQUIRED).build()).build());
        AiMessage message = answer.aiMessage();
        assertEquals("stop_school_flight", message.toolExecutionRequests().getFirst().name());
        assertTrue(message.toolExecutionRequests().getFirst().arguments().contains("\"email\""),
                message.toString());
    }

    @Test
    void an_answer_has_the_type_that_a_service_promises() {
        Reader reader = AiServices.builder(Reader.class).chatModel(worker
                .withDefaults(ChatRequestParameters.builder().maxOutputTokens(400).build()))
                .build();
        Verdict verdict = reader.read("There are 12 houses in Lima.");
        assertFalse(verdict.size() == null, verdict.toString());
    }
}
