package dev.sluice.runtime.toolcall;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.chat.ChatTemplate;
import dev.sluice.models.json.Json;
import dev.sluice.runtime.toolcall.ReadMessage.Call;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A call rendered by a family's own chat template and read again in every cut is the same call.
/// The build has a few templates; `-Dgoldens=DIR` adds all of `DIR/data/chat-templates`.
class ToolTemplatesTest {
    private static final Path RESOURCES =
            Path.of("../models/core/src/test/resources/dev/sluice/models/chat");
    private static final Clock CLOCK =
            Clock.fixed(Instant.parse("2026-11-20T12:00:00Z"), ZoneOffset.UTC);
    private static final Map<String, Object> VARIABLES =
            Map.of("bos_token", "<BOS>", "eos_token", "<EOS>");
    /// What ends the assistant's turn where the template does not write `eos_token`.
    private static final List<String> ENDS = List.of("<EOS>", "<|im_end|>", "<|eot_id|>",
            "<|eom_id|>", "<|end_of_text|>", "<|END_OF_TURN_TOKEN|>", "<|message_sep|>",
            "<|assistant_end|>", "[e~[", "<turn|>", "<|tool_response>", "<|endoftext|>");
    /// Templates that Jinja's own sandbox refuses once there is a call or a tool in them.
    private static final Set<String> UNRENDERABLE =
            Set.of("Kimi-K2-Instruct.jinja", "llama-cpp-deepseek-r1.jinja");
    private static final String TOOLS = """
            [{"type": "function", "function": {"name": "get_weather", "description": "Weather",
              "parameters": {"type": "object", "properties": {
                "city": {"type": "string", "description": "City"},
                "days": {"type": "integer", "description": "Days"},
                "wind": {"type": "boolean", "description": "Wind"}},
                "required": ["city"]}}}]""";
    private static final String ARGUMENTS =
            "{\"city\": \"Saint-\\\"Denis\\\" <5>\\n{x}\", \"days\": 3, \"wind\": true}";

    static Stream<Path> templates() throws IOException {
        String goldens = System.getProperty("goldens", "");
        Path folder = goldens.isEmpty() ? RESOURCES : Path.of(goldens, "data", "chat-templates");
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> f.toString().endsWith(".jinja")).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("templates")
    void aRenderedCallIsReadAgain(Path file) throws IOException {
        String source = Files.readString(file);
        boolean tools = source.contains("tool_calls");
        if (!tools || UNRENDERABLE.contains(file.getFileName().toString())) {
            return;
        }
        assertTrue(ToolFormats.of(source).isPresent(), "a format for " + file);
        ToolFormat format = ToolFormats.of(source).orElseThrow();
        String text = rendered(ChatTemplate.parse(source));
        ToolTypes types = ToolTypes.of((List<?>) Json.parse(TOOLS));
        var expected = List.of(new Call("get_weather", Json.parse(ARGUMENTS), true));
        for (int cut = 0; cut <= text.length(); cut++) {
            List<String> pieces = List.of(text.substring(0, cut), text.substring(cut));
            ReadMessage read = ReadMessage.of(MessageReader.of(format, types, false), pieces);
            assertEquals(expected, read.calls(), format.name() + " reads " + text);
            assertEquals(List.of(), read.problems());
        }
        assertEquals(expected, ReadMessage.of(MessageReader.of(format, types, false),
                ReadMessage.characters(text)).calls());
    }

    @Test
    void theBuildsTemplatesCoverSeveralFormats() throws IOException {
        var names = new TreeSet<String>();
        for (Path file : templates().toList()) {
            ToolFormats.of(Files.readString(file)).ifPresent(f -> names.add(f.name()));
        }
        assertTrue(names.size() >= 4, names.toString());
    }

    /// What the template makes of an assistant's turn with one call.
    private static String rendered(ChatTemplate template) {
        boolean object = TemplateArguments.of(template, VARIABLES, CLOCK)
                == TemplateArguments.OBJECT;
        var user = Map.<String, Object>of("role", "user", "content", "Weather?");
        var call = Map.<String, Object>of("id", "call_1234", "type", "function", "function",
                Map.of("name", "get_weather", "arguments",
                        object ? Json.parse(ARGUMENTS) : ARGUMENTS));
        var assistant = Map.<String, Object>of(
                "role", "assistant", "content", "", "tool_calls", List.of(call));
        String before = render(template, List.of(user));
        String after = render(template, List.of(user, assistant));
        int same = 0;
        while (same < before.length() && before.charAt(same) == after.charAt(same)) {
            same++;
        }
        // Half a marker may be common: `<think>` and `<tool_call>`.
        int marker = Math.max(after.lastIndexOf('<', same), after.lastIndexOf('[', same));
        String turn = after.substring(same < before.length() && same - marker < 20
                ? marker : same);
        for (String end : ENDS) {
            int at = turn.lastIndexOf(end);
            turn = at > 0 ? turn.substring(0, at) : turn;
        }
        return turn;
    }

    private static String render(ChatTemplate template, List<Map<String, Object>> messages) {
        var all = new HashMap<String, Object>(VARIABLES);
        all.put("messages", new ArrayList<>(messages));
        all.put("tools", Json.parse(TOOLS));
        all.put("add_generation_prompt", messages.size() == 1);
        return template.render(all, CLOCK);
    }
}
