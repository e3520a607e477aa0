package dev.sluice.runtime.toolcall;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.json.Json;
import dev.sluice.runtime.toolcall.ReadMessage.Call;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Each format reads the calls its models write, however the text is cut.
class ToolFormatsTest {
    private static final ToolTypes TYPES = ToolTypes.of((List<?>) Json.parse("""
            [{"type": "function", "function": {"name": "get_weather", "parameters": {
               "type": "object", "properties": {
                 "city": {"type": "string"}, "days": {"type": "integer"},
                 "wind": {"type": "boolean"}, "tags": {"type": "array"}}}}},
             {"type": "function", "function": {"name": "now", "parameters": {}}}]"""));

    private static final Call WEATHER = call("get_weather",
            "{\"city\": \"Zürich \\\"west\\\"\\n1\", \"days\": 3, \"wind\": true, "
            + "\"tags\": [\"a\", {\"b\": null}]}");
    private static final Call NOW = call("now", "{}");

    private static final String WEATHER_JSON = "{\"city\": \"Zürich \\\"west\\\"\\n1\", "
            + "\"days\": 3, \"wind\": true, \"tags\": [\"a\", {\"b\": null}]}";

    private static Call call(String name, String arguments) {
        return new Call(name, Json.parse(arguments), true);
    }

    private static String object(String nameKey, String argumentsKey) {
        return "{\"" + nameKey + "\": \"get_weather\", \"" + argumentsKey + "\": " + WEATHER_JSON
                + "}";
    }

    static Stream<Arguments> texts() {
        return Stream.concat(jsonTexts(), taggedTexts());
    }

    private static Stream<Arguments> taggedTexts() {
        String city = "Zürich \"west\"\n1";
        String tags = "[\"a\", {\"b\": null}]";
        String python = "get_weather(city=\"Zürich \\\"west\\\"\\n1\", days=3, wind=True, "
                + "tags=['a', {'b': None}])";
        return Stream.of(
                Arguments.of("deepseek-dsml", "<｜DSML｜function_calls>\n"
                        + "<｜DSML｜invoke name=\"get_weather\">\n"
                        + dsml("city", true, city) + dsml("days", false, "3")
                        + dsml("wind", false, "true") + dsml("tags", false, tags)
                        + "</｜DSML｜invoke>\n<｜DSML｜invoke name=\"now\">\n</｜DSML｜invoke>\n"
                        + "</｜DSML｜function_calls>"),
                Arguments.of("minimax-m2", "<minimax:tool_call>\n<invoke name=\"get_weather\">\n"
                        + tagged("<parameter name=\"%s\">%s</parameter>\n", city, tags)
                        + "</invoke>\n<invoke name=\"now\">\n</invoke>\n</minimax:tool_call>"),
                Arguments.of("glm", "<tool_call>get_weather\n" + tagged(
                        "<arg_key>%s</arg_key>\n<arg_value>%s</arg_value>\n", city, tags)
                        + "</tool_call><tool_call>now</tool_call>"),
                Arguments.of("qwen3-coder", "<tool_call>\n<function=get_weather>\n" + tagged(
                        "<parameter=%s>\n%s\n</parameter>\n", city, tags)
                        + "</function>\n</tool_call>\n<tool_call>\n<function=now>\n</function>\n"
                        + "</tool_call>"),
                Arguments.of("lfm2", "<|tool_call_start|>[" + python + ", now()]"
                        + "<|tool_call_end|>"),
                Arguments.of("lfm2.5", "<|tool_call_start|>[" + python + ", now()]"
                        + "<|tool_call_end|>"),
                Arguments.of("gemma4", "<|tool_call>call:get_weather{city:<|\"|>" + city
                        + "<|\"|>,days:3,wind:true,tags:[<|\"|>a<|\"|>,{b:null}]}<tool_call|>"
                        + "<|tool_call>call:now{}<tool_call|>"));
    }

    private static Stream<Arguments> jsonTexts() {
        String hermes = object("name", "arguments");
        return Stream.of(
                Arguments.of("hermes", "<tool_call>\n" + hermes + "\n</tool_call>\n<tool_call>\n"
                        + "{\"name\": \"now\", \"arguments\": {}}\n</tool_call>"),
                Arguments.of("hermes", "<tool_call>{\"arguments\": " + WEATHER_JSON
                        + ", \"name\": \"get_weather\"}</tool_call>"
                        + "<tool_call>{\"name\": \"now\"}</tool_call>"),
                Arguments.of("llama3", object("name", "parameters")
                        + "; {\"name\": \"now\", \"parameters\": {}}"),
                Arguments.of("llama3", "<|python_tag|>" + object("name", "parameters")
                        + "; {\"name\": \"now\", \"parameters\": {}}"),
                Arguments.of("functionary", "<function=get_weather>" + WEATHER_JSON
                        + "</function><function=now>{}</function>"),
                Arguments.of("mistral", "[TOOL_CALLS][" + hermes
                        + ", {\"name\": \"now\", \"arguments\": {}, \"id\": \"123456789\"}]"),
                Arguments.of("mistral-args", "[TOOL_CALLS]get_weather[ARGS]" + WEATHER_JSON
                        + "[TOOL_CALLS]now[ARGS]{}"),
                Arguments.of("deepseek-r1", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function"
                        + "<｜tool▁sep｜>get_weather\n```json\n" + WEATHER_JSON
                        + "\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>now"
                        + "\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>"),
                Arguments.of("deepseek-v3.1", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>"
                        + "get_weather<｜tool▁sep｜>" + WEATHER_JSON + "<｜tool▁call▁end｜>"
                        + "<｜tool▁call▁begin｜>now<｜tool▁sep｜>{}<｜tool▁call▁end｜>"
                        + "<｜tool▁calls▁end｜>"),
                Arguments.of("kimi-k2", "<|tool_calls_section_begin|><|tool_call_begin|>"
                        + "functions.get_weather:0<|tool_call_argument_begin|>" + WEATHER_JSON
                        + "<|tool_call_end|><|tool_call_begin|>functions.now:1"
                        + "<|tool_call_argument_begin|>{}<|tool_call_end|>"
                        + "<|tool_calls_section_end|>"),
                Arguments.of("cohere", "<|START_ACTION|>[\n{\"tool_call_id\": \"0\", "
                        + object("tool_name", "parameters").substring(1)
                        + ",\n{\"tool_call_id\": \"1\", \"tool_name\": \"now\", "
                        + "\"parameters\": {}}\n]<|END_ACTION|>"),
                Arguments.of("apertus", "<|tools_prefix|>[{\"get_weather\": " + WEATHER_JSON
                        + "}, {\"now\": {}}]<|tools_suffix|>"),
                Arguments.of("gigachat", "<|function_call|>" + hermes
                        + "<|function_call|>{\"name\": \"now\", \"arguments\": {}}"),
                Arguments.of("phi4", "<|tool_call|>[" + hermes
                        + ", {\"name\": \"now\", \"arguments\": {}}]<|/tool_call|>"),
                Arguments.of("granite3", "<|tool_call|>[" + hermes
                        + ", {\"name\": \"now\", \"arguments\": {}}]"),
                Arguments.of("phi3-functools", "functools[" + hermes
                        + ", {\"name\": \"now\", \"arguments\": {}}]"));
    }

    private static String dsml(String key, boolean string, String value) {
        return "<｜DSML｜parameter name=\"" + key + "\" string=\"" + string + "\">" + value
                + "</｜DSML｜parameter>\n";
    }

    private static String tagged(String parameter, String city, String tags) {
        return parameter.formatted("city", city) + parameter.formatted("days", "3")
                + parameter.formatted("wind", "true") + parameter.formatted("tags", tags);
    }

    private static Supplier<MessageReader> reader(String format) {
        return () -> MessageReader.of(ToolFormats.named(format).orElseThrow(), TYPES, false);
    }

    @ParameterizedTest
    @MethodSource("texts")
    void twoCallsAreReadHoweverTheTextIsCut(String format, String text) {
        assertEverySplit(new ReadMessage("", "", List.of(WEATHER, NOW), List.of()),
                reader(format), text);
    }

    @ParameterizedTest
    @MethodSource("texts")
    void contentBeforeACallStays(String format, String text) {
        if (text.startsWith("{")) {
            return; // A JSON object alone is a call only at the start of an answer.
        }
        assertEverySplit(
                new ReadMessage("", "One  moment,\n\nplease.", List.of(WEATHER, NOW), List.of()),
                reader(format), "One  moment,\n\nplease.\n\n" + text);
    }

    @ParameterizedTest
    @MethodSource("texts")
    void aCallThatBreaksOffIsToldAndNothingIsLost(String format, String text) {
        var random = new Random(7);
        for (int cut = 1; cut < text.length(); cut += 1 + random.nextInt(3)) {
            ReadMessage read = ReadMessage.of(
                    reader(format).get(), List.of(text.substring(0, cut)));
            assertTrue(read.calls().size() <= 2, text.substring(0, cut));
            boolean allWhole = read.calls().stream().allMatch(Call::ended);
            assertTrue(allWhole || !read.problems().isEmpty(), text.substring(0, cut));
        }
    }

    @ParameterizedTest
    @MethodSource("texts")
    void anythingBrokenComesBackWithoutAnException(String format, String text) {
        var random = new Random(11);
        for (int round = 0; round < 200; round++) {
            var broken = new StringBuilder(text);
            for (int i = 0; i < 1 + round % 4; i++) {
                int at = random.nextInt(broken.length());
                switch (random.nextInt(3)) {
                    case 0 -> broken.deleteCharAt(at);
                    case 1 -> broken.insert(at, text.charAt(random.nextInt(text.length())));
                    default -> broken.setCharAt(at, "{}[]\"\\<>|:,x".charAt(random.nextInt(12)));
                }
            }
            String all = broken.toString();
            ReadMessage whole = ReadMessage.of(reader(format).get(), List.of(all));
            assertEquals(whole,
                    ReadMessage.of(reader(format).get(), ReadMessage.characters(all)), all);
        }
    }

    @Test
    void reasoningAndFramingAreNotContent() {
        assertEverySplit(new ReadMessage("I think.\n\nSo.", "The answer.", List.of(), List.of()),
                reader("hermes"), "<think>\nI think.\n\nSo.\n</think>\n\nThe answer.");
        assertEverySplit(new ReadMessage("Hm.", "Hello.", List.of(), List.of()), reader("cohere"),
                "<|START_THINKING|>Hm.<|END_THINKING|><|START_RESPONSE|>Hello.<|END_RESPONSE|>");
        assertEverySplit(new ReadMessage("Opened by the template.", "Yes.", List.of(), List.of()),
                () -> MessageReader.of(
                        ToolFormats.named("hermes").orElseThrow(), TYPES, true),
                "Opened by the template.</think>Yes.");
    }

    @Test
    void jsonThatIsNoCallIsContent() {
        for (String json : List.of("{\"answer\": 42}", "{\"name\": \"nobody\"}", "[1, 2]",
                "{\"name\": \"unknown_tool\", \"parameters\": {}}")) {
            ReadMessage read = ReadMessage.of(reader("llama3").get(), List.of(json));
            assertEquals(json, read.content());
            assertEquals(List.of(), read.calls());
        }
    }

    @Test
    void aMalformedCallIsContentWithAWarning() {
        String text = "<tool_call>\n{\"name\": \"now\", \"arguments\": {broken}}\n</tool_call>";
        ReadMessage read = ReadMessage.of(reader("hermes").get(), List.of(text));
        assertEquals(text.strip(), read.content().strip());
        assertFalse(read.problems().isEmpty());
        assertEquals("now", read.calls().getFirst().name());
        assertFalse(read.calls().getFirst().ended());
    }

    @Test
    void harmonyChannelsAreReadHoweverTheTextIsCut() {
        String call = "<|channel|>analysis<|message|>Look it up.<|end|><|start|>assistant"
                + "<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>"
                + WEATHER_JSON + "<|call|>";
        assertEverySplit(new ReadMessage("Look it up.", "", List.of(WEATHER), List.of()),
                MessageReader::harmony, call);
        assertEverySplit(new ReadMessage("", "It is cold.", List.of(), List.of()),
                MessageReader::harmony, "<|channel|>final<|message|>It is cold.<|return|>");
        ReadMessage broken = ReadMessage.of(MessageReader.harmony(),
                List.of("<|channel|>commentary to=functions.now<|message|>{\"a\": 1"));
        assertEquals(1, broken.problems().size());
    }

    private static void assertEverySplit(
            ReadMessage expected, Supplier<MessageReader> reader, String text) {
        assertEquals(expected, ReadMessage.of(reader.get(), List.of(text)), text);
        assertEquals(expected,
                ReadMessage.of(reader.get(), ReadMessage.characters(text)), "by characters");
        for (int cut = 1; cut < text.length(); cut++) {
            List<String> pieces = List.of(text.substring(0, cut), text.substring(cut));
            assertEquals(expected, ReadMessage.of(reader.get(), pieces), "cut at " + cut);
        }
    }
}
