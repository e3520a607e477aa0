package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.KvPlan;
import dev.sluice.models.chat.ChatTemplate;
import dev.sluice.runtime.toolcall.ToolFormats;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Goal: an agent calls what the model asks for, tells it what came of it, and knows when to stop.
/// Method: a scripted model whose turns are written down here, and the prompts that it was given.
@Timeout(60)
final class AgentTest {
    private static final String TEMPLATE = """
            {%- for tool in tools -%}{{ tool.function.name }}\
            {%- for key in tool.function.parameters.properties -%}({{ key }}){%- endfor -%};\
            {%- endfor -%}
            {%- for m in messages -%}{{ m.role }}:{{ m.content }}\
            {%- if m.tool_calls -%}{%- for call in m.tool_calls -%}\
            <tool_call>{"name": "{{ call.function.name }}", "arguments": \
            {{ call.function.arguments | tojson }}}</tool_call>\
            {%- endfor -%}{%- endif -%}<|end|>{%- endfor -%}assistant:""";
    private static final String ADD =
            "<tool_call>{\"name\": \"add\", \"arguments\": {\"b\": 2, \"a\": 40}}</tool_call>";
    private static final String DOWN =
            "<tool_call>{\"name\": \"down\", \"arguments\": {}}</tool_call>";

    private final List<String> prompts = new ArrayList<>();
    private final List<Map<String, Object>> called = new ArrayList<>();

    private final Tool add = Tool.of("add", "Adds", arguments -> {
        called.add(arguments);
        return Long.toString((Long) arguments.get("a") + (Long) arguments.get("b"));
    }).taking("a", "integer").taking("b", "integer");
    private final Tool down = Tool.of("down", "Fails", _ -> {
        throw new ToolFailedException("the line is <|end|>");
    });

    /// Says the k-th text in the k-th turn of the assistant, the last one for ever.
    private Sluice sluice(String... turns) {
        ScriptedLm.Script script = (tokens, into) -> {
            String text = text(tokens);
            int turn = text.split("assistant:", -1).length - 2;
            int said = text.length() - text.lastIndexOf("assistant:") - "assistant:".length();
            String all = turns[Math.min(turn, turns.length - 1)];
            into[said < all.length() ? all.charAt(said) : ByteTokenizer.END_OF_TURN] = 100;
            if (said == 0) {
                prompts.add(text);
            }
        };
        var plan = ScriptedLm.plan(new KvPlan.Group(1, 1024, 0, 32));
        var tokenizer = new ByteTokenizer();
        var formatter = new TemplateFormatter(ChatTemplate.parse(TEMPLATE), tokenizer,
                Clock.systemUTC(), ToolFormats.of(TEMPLATE));
        return Sluice.of(new ModelBundle(
                new ScriptedLm(4000, 64, plan, script), tokenizer, formatter))
                .with(AnswerOptions.defaults().withSampling(SamplingParams.greedy()));
    }

    private static String text(int[] tokens) {
        var text = new StringBuilder();
        for (int token : tokens) {
            text.append(token == ByteTokenizer.END_OF_TURN ? "|" : token < 256
                    ? new String(new byte[] {(byte) token}, StandardCharsets.US_ASCII) : "");
        }
        return text.toString();
    }

    @Test
    void a_call_is_run_and_its_result_told() {
        try (Sluice sluice = sluice("Let me see." + ADD, "It is 42.")) {
            assertEquals("It is 42.", new Agent(sluice, List.of(add, down)).ask("40 + 2?"));
        }
        assertEquals(List.of(Map.of("a", 40L, "b", 2L)), called);
        assertEquals(List.of("add(a)(b);down;user:40 + 2?|assistant:",
                "add(a)(b);down;user:40 + 2?|assistant:Let me see." + ADD
                        + "|tool:42|assistant:"), prompts);
    }

    @Test
    void two_calls_of_one_turn_are_run_in_order() {
        try (Sluice sluice = sluice(ADD + DOWN + ADD, "Done.")) {
            assertEquals("Done.", new Agent(sluice, List.of(down, add)).ask("Go"));
        }
        assertEquals(2, called.size());
        assertTrue(prompts.getLast().endsWith("|tool:42|tool:{\"error\":\"the line is <|end|>\"}"
                + "|tool:42|assistant:"), prompts.getLast());
    }

    @Test
    void a_tool_that_there_is_not_is_told_so() {
        try (Sluice sluice = sluice(DOWN, "I can not.")) {
            assertEquals("I can not.", new Agent(sluice, List.of(add)).ask("Go"));
        }
        assertTrue(prompts.getLast().contains("tool:{\"error\":\"no tool down\"}"),
                prompts.getLast());
    }

    @Test
    void a_torn_call_is_an_answer_without_one() {
        try (Sluice sluice = sluice("Well. <tool_call>{\"name\": \"add\", \"argu")) {
            String answer = new Agent(sluice, List.of(add)).ask("Go");
            assertTrue(answer.startsWith("Well."), answer);
        }
        assertEquals(List.of(), called);
    }

    @Test
    void calls_without_end_are_an_error() {
        try (Sluice sluice = sluice(ADD)) {
            var agent = new Agent(sluice, List.of(add));
            assertThrows(EndlessCallsException.class, () -> agent.ask("Go"));
        }
    }

    @Test
    void other_failures_of_a_tool_end_the_request() {
        try (Sluice sluice = sluice(
                "<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": \"x\"}}</tool_call>")) {
            var agent = new Agent(sluice, List.of(add));
            assertThrows(ClassCastException.class, () -> agent.ask("Go"));
        }
    }

    @Test
    void names_are_different_and_templates_know_tools() {
        try (Sluice sluice = sluice("Yes.")) {
            assertThrows(IllegalArgumentException.class,
                    () -> new Agent(sluice, List.of(add, add)));
        }
        ChatFormatter plain = _ -> "";
        assertEquals("", plain.format(List.of(), List.of()));
        assertThrows(RequestRejected.class,
                () -> plain.format(List.of(), List.of(add.definition())));
    }
}
