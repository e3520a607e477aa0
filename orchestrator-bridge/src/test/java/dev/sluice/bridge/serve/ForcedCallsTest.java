package dev.sluice.bridge.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.models.json.Json;
import dev.sluice.runtime.toolcall.ToolFormats;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Goal: a call that a request forces comes back as a call of that tool with arguments that meet
/// its schema, whatever the model's format. Method: a tiny model of random weights behind each
/// format's template, asked over HTTP with several seeds; without a grammar it would write noise.
@Timeout(240)
final class ForcedCallsTest {
    private static final String TOOL = """
            {"type": "function", "function": {"name": "get_weather", "strict": true,
             "parameters": {"type": "object", "required": ["unit", "days", "wind", "city"],
              "additionalProperties": false, "properties": {
              "unit": {"type": "string", "enum": ["C", "F"]}, "wind": {"type": "boolean"},
              "city": {"type": "string", "minLength": 1, "maxLength": 5},
              "days": {"type": "integer", "minimum": 1, "maximum": 14}}}}}""";

    static Stream<String> formats() {
        return Stream.concat(Stream.of("harmony"),
                ToolFormats.all().stream().map(format -> format.name()));
    }

    private static RunningServer server(Path folder, String format) throws Exception {
        String marks = format.equals("harmony") ? "<|channel|><|message|>"
                : String.join(" ", ToolFormats.named(format).orElseThrow().signature());
        String template = "{#- " + marks + " -#}"
                + ToolModel.HERMES.replace("<tool_call>", "").replace("</tool_call>", "");
        return new RunningServer(HttpOptions.defaults(), ApiKeys.OPEN,
                new ToolModel(folder, template));
    }

    private static String body(int seed, String choice) {
        return "{\"messages\":[{\"role\":\"user\",\"content\":\"weather?\"}],\"tools\":[" + TOOL
                + "],\"tool_choice\":" + choice + ",\"seed\":" + seed
                + ",\"parallel_tool_calls\":false,\"temperature\":1,\"max_tokens\":900}";
    }

    @ParameterizedTest
    @MethodSource("formats")
    void aForcedCallComesInEveryFormat(String format, @TempDir Path folder) throws Exception {
        int whole = 0;
        try (RunningServer server = server(folder, format)) {
            for (int seed = 0; seed < 6; seed++) {
                String choice = seed % 2 == 0 ? "\"required\""
                        : "{\"type\":\"function\",\"function\":{\"name\":\"get_weather\"}}";
                var reply = server.post("/v1/chat/completions", body(seed, choice));
                assertEquals(200, reply.status(), reply.body());
                Map<?, ?> answer = (Map<?, ?>) ((List<?>) reply.json().get("choices")).getFirst();
                if (answer.get("finish_reason").equals("tool_calls")) {
                    assertCall((Map<?, ?>) answer.get("message"), reply.body());
                    whole++;
                } else {
                    // Thinking is free, and noise may think to the end.
                    assertEquals("length", answer.get("finish_reason"), reply.body());
                }
            }
        }
        assertTrue(whole >= 3, format + ": only " + whole + " of 6 calls were whole");
    }

    private static void assertCall(Map<?, ?> message, String body) {
        List<?> calls = (List<?>) message.get("tool_calls");
        assertEquals(1, calls.size(), body);
        Map<?, ?> function = (Map<?, ?>) ((Map<?, ?>) calls.getFirst()).get("function");
        assertEquals("get_weather", function.get("name"), body);
        Map<?, ?> arguments = (Map<?, ?>) Json.parse((String) function.get("arguments"));
        assertEquals(4, arguments.size(), body);
        assertTrue(List.of("C", "F").contains(arguments.get("unit")), body);
        assertTrue(arguments.get("wind") instanceof Boolean, body);
        assertTrue(arguments.get("city") instanceof String city && !city.isEmpty()
                && city.codePointCount(0, city.length()) <= 5, body);
        double days = ((Number) arguments.get("days")).doubleValue();
        assertTrue(days >= 1 && days <= 14 && days == Math.rint(days), body);
    }

    @Test
    void modelsAreLoadedAndUnloadedByAdministrators(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("keys"), "of-a alice\nof-c root admin\n");
        try (RunningServer server =
                new RunningServer(HttpOptions.defaults(), ApiKeys.read(file))) {
            String model = "{\"model\":\"tiny\"}";
            assertEquals(401, server.post("/models/load", model).status());
            assertEquals(403, server.post("/models/load", model, "x-api-key", "of-a").status());
            assertEquals(404, server.post("/models/load", "{\"model\":\"x\"}",
                    "x-api-key", "of-c").status());
            assertEquals(400, server.post("/models/unload", "{}", "x-api-key", "of-c").status());
            var loaded = server.post("/models/load", model, "x-api-key", "of-c");
            assertEquals(Map.of("success", true), loaded.json());
            assertEquals("loaded", state(server));
            var unloaded = server.post("/models/unload", model, "x-api-key", "of-c");
            assertEquals(Map.of("success", true), unloaded.json());
            assertEquals("absent", state(server));
        }
    }

    private static Object state(RunningServer server) throws Exception {
        // Figures are shared by all who look within a tenth of a second.
        Thread.sleep(150);
        var state = server.get("/console/state", "x-api-key", "of-c");
        return ((Map<?, ?>) ((List<?>) state.json().get("models")).getFirst()).get("state");
    }
}
