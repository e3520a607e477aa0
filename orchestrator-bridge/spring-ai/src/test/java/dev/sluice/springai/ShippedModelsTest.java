package dev.sluice.springai;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.defaults.DefaultModel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.model.tool.ToolCallingManager;
import org.springframework.ai.support.ToolCallbacks;
import org.springframework.ai.tool.annotation.Tool;
import org.springframework.ai.tool.annotation.ToolParam;

/// Goal: Spring AI's own client works on the models that ship: chat, streams, a loop of tools and
/// typed answers. Method: prompts of the models' held-out sides that they answer right, greedily,
/// through `ChatClient` and the plain interfaces.
@Timeout(300)
class ShippedModelsTest {
    private static final String HALT = "I need to halt school flight with id CZ-30 to "
            + "negrin@loav.com from stok/teacher.txt.";
    private static final SluiceChatOptions GREEDY =
            SluiceChatOptions.builder().temperature(0.0).maxTokens(140).build();

    @TempDir
    private static Path folder;

    private static SluiceChatModel worker;
    private static SluiceChatModel orchestrator;

    @BeforeAll
    static void open() {
        worker = SluiceChatModel.open(DefaultModel.WORKER.extractTo(folder))
                .withOptions(GREEDY);
        orchestrator = SluiceChatModel.open(DefaultModel.ORCHESTRATOR.extractTo(folder))
                .withOptions(GREEDY);
    }

    @AfterAll
    static void close() {
        worker.close();
        orchestrator.close();
    }

    enum Size { SMALL, LARGE }

    record Verdict(boolean sure, Size size) { }

    /// What was called, and what it answers: a number, because Spring AI would put a text in
    /// quotation marks, which the model has not seen.
    static final class School {
        private final List<String> calls = new ArrayList<>();

        @Tool(name = "stop_school_flight", description = "Can stop a school flight")
        int stop(@ToolParam(description = "which") String id, @ToolParam(description = "to whom") String email,
                @ToolParam(description = "from where") String file) {
            calls.add(id + " " + email + " " + file);
            return 69837;
        }
    }

    @Test
    void a_chat_says_what_it_cost() {
        var prompt = new Prompt("Sort: 42, 7, 19");
        ChatResponse answer = worker.call(prompt);
        assertEquals("7, 19, 42", answer.getResult().getOutput().getText());
        assertEquals("STOP", answer.getResult().getMetadata().getFinishReason());
        assertTrue(answer.getMetadata().getModel().startsWith("sluice-worker"));
        var usage = worker.call(prompt).getMetadata().getUsage();
        assertTrue(usage.getCacheReadInputTokens() > 0, usage.toString());
        assertTrue(usage.getCacheReadInputTokens() < usage.getPromptTokens(), usage.toString());
        assertEquals(usage.getPromptTokens() + usage.getCompletionTokens(),
                usage.getTotalTokens());
    }

    @Test
    void a_stream_is_the_whole_answer() {
        List<ChatResponse> pieces = worker.stream(new Prompt("Sort: 42, 7, 19")).collectList()
                .block(Duration.ofSeconds(120));
        var text = new StringBuilder();
        pieces.forEach(piece -> text.append(piece.getResult().getOutput().getText()));
        assertEquals("7, 19, 42", text.toString());
        assertTrue(pieces.size() > 3, pieces.toString());
        ChatResponse last = pieces.getLast();
        assertEquals("STOP", last.getResult().getMetadata().getFinishReason());
        assertTrue(last.getMetadata().getUsage().getCompletionTokens() > 3);
        assertEquals("7, 19, 42", String.join("", ChatClient.create(worker)
                .prompt("Sort: 42, 7, 19").stream().content().collectList()
                .block(Duration.ofSeconds(120))));
    }

    @Test
    void a_client_calls_a_tool_and_tells_its_result() {
        var school = new School();
        assertEquals("The answer is 69837.", ChatClient.create(orchestrator)
                .prompt(HALT).tools(school).call().content());
        assertEquals(List.of("CZ-30 negrin@loav.com stok/teacher.txt"), school.calls);
    }

    @Test
    void a_streaming_client_calls_a_tool() {
        var school = new School();
        List<String> pieces = ChatClient.create(orchestrator).prompt(HALT).tools(school)
                .stream().content().collectList().block(Duration.ofSeconds(120));
        assertEquals("The answer is 69837.", String.join("", pieces));
        assertEquals(List.of("CZ-30 negrin@loav.com stok/teacher.txt"), school.calls);
    }

    @Test
    void two_turns_by_hand_carry_ids_and_reasons() {
        var school = new School();
        SluiceChatOptions options = GREEDY.mutate()
                .toolCallbacks(ToolCallbacks.from(school)).build();
        var prompt = new Prompt(HALT, options);
        ChatResponse first = orchestrator.call(prompt);
        assertTrue(first.hasToolCalls());
        assertEquals("TOOL_CALLS", first.getResult().getMetadata().getFinishReason());
        var call = first.getResult().getOutput().getToolCalls().getFirst();
        assertEquals("stop_school_flight", call.name());
        assertFalse(call.id().isEmpty());
        var ran = ToolCallingManager.builder().build().executeToolCalls(prompt, first);
        ChatResponse second = orchestrator.call(
                new Prompt(ran.conversationHistory(), options));
        assertEquals("The answer is 69837.", second.getResult().getOutput().getText());
        assertEquals(List.of("CZ-30 negrin@loav.com stok/teacher.txt"), school.calls);
    }

    @Test
    void a_required_tool_is_called_whatever_was_said() {
        ChatResponse answer = orchestrator.call(new Prompt("Hello", GREEDY.mutate()
                .toolCallbacks(ToolCallbacks.from(new School()))
                .field("tool_choice", "required").build()));
        assertTrue(answer.hasToolCalls(), answer.toString());
    }

    @Test
    void an_answer_has_the_type_that_is_asked_for() {
        Verdict verdict = ChatClient.create(worker).prompt("There are 12 houses in Lima.").call()
                .entity(Verdict.class, spec -> spec.useProviderStructuredOutput());
        assertFalse(verdict.size() == null, verdict.toString());
    }

    @Test
    void plain_options_are_merged_with_the_models() {
        ChatResponse one = worker.call(new Prompt("Sort: 42, 7, 19",
                ChatOptions.builder().maxTokens(1).build()));
        assertEquals("LENGTH", one.getResult().getMetadata().getFinishReason());
        assertEquals(1, one.getMetadata().getUsage().getCompletionTokens());
        SluiceChatOptions merged = GREEDY.mutate().field("seed", 7).combineWith(
                SluiceChatOptions.builder().field("min_p", 0.1).outputSchema("{}")).build();
        assertEquals(0.0, merged.getTemperature());
        assertEquals(java.util.Map.of("seed", 7, "min_p", 0.1), merged.fields());
        assertEquals("{}", merged.getOutputSchema());
        assertEquals(merged, merged.mutate().build());
    }
}
