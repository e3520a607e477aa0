package dev.sluice.runtime.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.json.Json;
import dev.sluice.runtime.TokenMask;
import dev.sluice.runtime.grammar.GrammarTrigger.Branch;
import dev.sluice.runtime.toolcall.MessageReader;
import dev.sluice.runtime.toolcall.ReadMessage;
import dev.sluice.runtime.toolcall.ToolFormat;
import dev.sluice.runtime.toolcall.ToolFormat.Marks;
import dev.sluice.runtime.toolcall.ToolFormats;
import dev.sluice.runtime.toolcall.ToolTypes;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Goal: in every format, whatever a grammar of calls allows is read back as calls of the tools
/// with arguments that meet their schemas. Method: texts drawn at random from the masks, which is
/// a model of random weights; each is read in one piece, by characters, and cut at every place.
final class CallGrammarsTest {
    private static final int DRAWS = 24;
    private static final int TOKENS_MAX = 1500;

    @SuppressWarnings("unchecked")
    private static final List<Map<String, Object>> TOOLS =
            (List<Map<String, Object>>) (List<?>) (List<?>) Json.parse("""
            [{"type": "function", "function": {"name": "get_weather", "parameters": {
               "type": "object", "required": ["city", "days"], "properties": {
                 "city": {"type": "string"},
                 "unit": {"enum": ["C", "F", "</parameter>"]},
                 "days": {"type": "integer", "minimum": 1, "maximum": 14},
                 "wind": {"type": "boolean"},
                 "code": {"type": "string", "pattern": "^[A-Z]{2}<[0-9]+$"},
                 "note": {"anyOf": [{"type": "string", "maxLength": 9}, {"type": "null"}]},
                 "zip": {"type": "string", "minLength": 2, "maxLength": 6},
                 "tags": {"type": "array", "maxItems": 3, "items": {"type": "string"}},
                 "at": {"type": "object", "additionalProperties": false, "required": ["lat"],
                        "properties": {"lat": {"type": "number"}, "of": {"type": "null"}}}},
               "additionalProperties": false}}},
             {"type": "function", "function": {"name": "now"}},
             {"type": "function", "function": {"name": "get_tree", "parameters": {
               "type": "object", "properties": {"count": {"type": "integer"}},
               "maxProperties": 3}}}]""");

    private static final List<String> WORDS = List.of("true", "True", "null", "None", "get", "_w",
            "now", "\": \"", "\", \"", "\"}", "</", "parameter", "</parameter>", "\n</parameter",
            "city", "=\"", "',", "12", "[\"", "\"]", "<|", "\",", "}}", "):", ")]", "name", "AB<1",
            "\\\"", "\\n", "\\u00", "\u4f60", "C<", "<parameter=", "</arg_value>", "\n\n",
            "</｜DSML｜parameter>", "\n</parameter>", "<|\"|>", "<|end|>");
    private static final String ENDINGS = "\"}])\n";

    static Stream<String> formats() {
        return Stream.concat(Stream.of("harmony"),
                ToolFormats.all().stream().map(ToolFormat::name));
    }

    /// One vocabulary with one format.
    private record Written(String format, MarkerTokenizer tokenizer, VocabularyTrie trie) {
        static Written with(String format, List<String> controls) {
            var tokenizer = MarkerTokenizer.of(WORDS, controls);
            return new Written(format, tokenizer,
                    new VocabularyTrie(tokenizer, tokenizer.vocabSize()));
        }

        Supplier<MessageReader> reader(List<?> tools) {
            return format.equals("harmony") ? MessageReader::harmony
                    : () -> MessageReader.of(ToolFormats.named(format).orElseThrow(),
                            ToolTypes.of(tools), false);
        }

        Branch branch(List<Map<String, Object>> tools, boolean parallel) {
            return format.equals("harmony") ? CallGrammars.channels(tools, true, tokenizer)
                    : CallGrammars.branch(ToolFormats.named(format).orElseThrow(), tools,
                            parallel, tokenizer);
        }

        Grammar forced(List<Map<String, Object>> tools, boolean parallel) {
            return Grammars.starting(new GrammarStart(List.of(branch(tools, parallel)),
                    List.of(), parallel && !format.equals("harmony")));
        }

        /// The text of the first seed that comes to an end.
        String first(Grammar grammar) {
            Optional<String> text = Optional.empty();
            for (int seed = 1; text.isEmpty(); seed++) {
                text = drawn(grammar, new Random(seed));
            }
            return text.get();
        }

        /// A whole text of the grammar, or nothing when it became too long.
        Optional<String> drawn(Grammar grammar, Random random) {
            var state = new GrammarState(grammar, trie);
            var mask = new TokenMask(tokenizer.vocabSize());
            var text = new ByteArrayOutputStream();
            for (int i = 0; i < TOKENS_MAX; i++) {
                state.fill(mask);
                int id = pick(mask, random, text);
                assertTrue(state.accept(id), () -> "mask allows " + tokenizer.name(id)
                        + ", accept does not");
                if (id == tokenizer.end()) {
                    return Optional.of(text.toString(StandardCharsets.UTF_8));
                }
                text.writeBytes(tokenizer.isControl(id)
                        ? tokenizer.name(id).getBytes(StandardCharsets.UTF_8)
                        : tokenizer.bytes(id));
            }
            return Optional.empty();
        }

        /// Every other time one that may end something, so that texts do end.
        private int pick(TokenMask mask, Random random, ByteArrayOutputStream before) {
            var allowed = new ArrayList<Integer>();
            var ending = new ArrayList<Integer>();
            for (int id = 0; id < tokenizer.vocabSize(); id++) {
                if (mask.allows(id)) {
                    allowed.add(id);
                    boolean ends = tokenizer.isControl(id)
                            || ENDINGS.contains(tokenizer.name(id))
                            || tokenizer.name(id).strip().startsWith("<");
                    if (ends) {
                        ending.add(id);
                    }
                }
            }
            assertFalse(allowed.isEmpty(), () -> format + ": nothing may follow "
                    + Json.write(before.toString(StandardCharsets.UTF_8)) + " with "
                    + tokenizer.controls());
            List<Integer> from = !ending.isEmpty() && random.nextInt(2) == 0 ? ending : allowed;
            return from.get(random.nextInt(from.size()));
        }
    }

    /// The vocabularies in which a format is written: its markers as text, and as control tokens.
    private static List<Written> vocabularies(String format) {
        var markers = new LinkedHashSet<String>();
        if (format.equals("harmony")) {
            markers.addAll(List.of("<|channel|>", "<|message|>", "<|end|>", "<|start|>",
                    "<|constrain|>"));
        } else {
            ToolFormat.Section section = ToolFormats.named(format).orElseThrow().section();
            markers.add(section.opens().getFirst());
            markers.add(section.close());
            markers.addAll(List.of("[ARGS]", "<|\"|>", "<｜tool▁sep｜>", "<｜tool▁call▁begin｜>",
                    "<|tool_call_argument_begin|>", "<arg_key>", "</arg_key>", "<arg_value>",
                    "</arg_value>", "</tool_call>"));
            markers.remove("");
        }
        return List.of(Written.with(format, List.of()),
                Written.with(format, List.copyOf(markers)));
    }

    @ParameterizedTest
    @MethodSource("formats")
    void whatAGrammarAllowsIsReadAsCallsThatMeetTheSchema(String format) {
        for (Written written : vocabularies(format)) {
            Grammar grammar = written.forced(TOOLS, true);
            int whole = 0;
            for (int seed = 0; seed < DRAWS; seed++) {
                Optional<String> text = written.drawn(grammar, new Random(seed));
                whole += text.isPresent() ? 1 : 0;
                text.ifPresent(drawn -> assertCalls(drawn, written, TOOLS, true));
            }
            assertTrue(whole >= DRAWS / 3, format + ": only " + whole + " texts came to an end");
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void oneNamedToolIsCalledOnce(String format) {
        List<Map<String, Object>> named = List.of(TOOLS.getFirst());
        for (Written written : vocabularies(format)) {
            Grammar grammar = written.forced(named, false);
            for (int seed = 100; seed < 100 + DRAWS / 2; seed++) {
                written.drawn(grammar, new Random(seed)).ifPresent(
                        drawn -> assertCalls(drawn, written, named, false));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void aSchemaThatRefersToItsOwnDefinitionsIsHeld(String format) {
        List<Map<String, Object>> tools = tool("""
                {"$ref": "#/$defs/Pair", "$defs": {"Pair": {"type": "object",
                  "properties": {"a": {"$ref": "#/$defs/Digit"}, "b": {"$ref": "#/$defs/Digit"}},
                  "required": ["a", "b"], "additionalProperties": false},
                  "Digit": {"enum": [1, 2, 3]}}}""");
        Object plain = Json.parse("""
                {"type": "object", "properties": {"a": {"enum": [1, 2, 3]},
                 "b": {"enum": [1, 2, 3]}}, "required": ["a", "b"],
                 "additionalProperties": false}""");
        Written written = vocabularies(format).getFirst();
        String text = written.first(written.forced(tools, false));
        ReadMessage read = ReadMessage.of(written.reader(tools).get(), List.of(text));
        assertEquals(1, read.calls().size(), text);
        assertTrue(SchemaJudge.valid(plain, read.calls().getFirst().arguments()), text);
    }

    @ParameterizedTest
    @MethodSource("formats")
    void argumentsThatNothingMeetsAreRefused(String format) {
        List<Map<String, Object>> tools = tool("""
                {"type": "object", "properties": {"a": {"type": "string", "enum": [1]}},
                 "required": ["a"]}""");
        assertThrows(GrammarRejected.class,
                () -> vocabularies(format).getFirst().forced(tools, false));
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> tool(String parameters) {
        return (List<Map<String, Object>>) (List<?>) (List<?>) Json.parse(
                "[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":"
                + parameters + "}}]");
    }

    private static void assertCalls(String text, Written written,
            List<Map<String, Object>> tools, boolean parallel) {
        Supplier<MessageReader> reader = written.reader(tools);
        ReadMessage read = ReadMessage.of(reader.get(), List.of(text));
        assertEquals(List.of(), read.problems(), written.format() + ": " + text);
        assertEquals("", read.content().strip(), written.format() + ": " + text);
        assertTrue(parallel ? !read.calls().isEmpty() : read.calls().size() == 1, text);
        for (ReadMessage.Call call : read.calls()) {
            Map<?, ?> function = function(call.name(), tools);
            Object schema = function.containsKey("parameters") ? function.get("parameters")
                    : Map.of("type", "object", "additionalProperties", false);
            assertTrue(call.ended() && SchemaJudge.valid(schema, call.arguments()),
                    () -> written.format() + ": " + call + "\n" + text);
        }
        assertEquals(read, ReadMessage.of(reader.get(), ReadMessage.characters(text)), text);
        // Every place of a short text; of a long one some three hundred.
        for (int cut = 1; cut < text.length(); cut += 1 + text.length() / 300) {
            assertEquals(read, ReadMessage.of(reader.get(),
                    List.of(text.substring(0, cut), text.substring(cut))), text);
        }
    }

    private static Map<?, ?> function(String name, List<Map<String, Object>> tools) {
        for (Map<String, Object> tool : tools) {
            Map<?, ?> function = (Map<?, ?>) tool.get("function");
            if (name.equals(function.get("name"))) {
                return function;
            }
        }
        throw new AssertionError("no tool " + name);
    }

    /// Whether reasoning marks are known is no matter of calls.
    @ParameterizedTest
    @MethodSource("formats")
    void callsComeAfterThinking(String format) {
        if (format.equals("harmony")) {
            return;
        }
        Marks marks = ToolFormats.named(format).orElseThrow().reasoning();
        Written written = vocabularies(format).getFirst();
        String text = written.first(written.forced(List.of(TOOLS.get(1)), false));
        String thought = marks.equals(Marks.NONE) ? "" : marks.open() + "hm" + marks.close();
        ReadMessage read = ReadMessage.of(written.reader(TOOLS).get(), List.of(thought + text));
        assertEquals(thought.isEmpty() ? "" : "hm", read.reasoning());
        assertEquals(1, read.calls().size(), text);
    }
}
