package dev.sluice.runtime.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// JSON Schema as a grammar, case by case: spellings, order, white space, repeated names, what is
/// refused and under which name, and hostile schemas.
class JsonSchemaGrammarTest {

    private static Constrained schema(String text) {
        return Constrained.of(Grammars.jsonSchema(text));
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '\0', value = {
        "{'const':'\u00e9'};'\u00e9';true", "{'const':'\u00e9'};'\\u00e9';true",
        "{'const':'\u00e9'};'\\u00E8';false", "{'const':'a/b'};'a\\/b';true",
        "{'const':'\ud83d\ude00'};'\\ud83d\\ude00';true",
        "{'const':'\ud83d\ude00'};'\\ud83d\\ude01';false",
        "{'type':'string'};'\\ud83d';false", "{'type':'string'};'\\ud83dx';false",
        "{'type':'string'};'\\udc00';false", "{'type':'string'};'\udbc0\udc00';true",
        "{'type':'string'};'\ud8c0\udc00\ud7ff\u0800\ud800\udc00';true",
        "{'type':'string','maxLength':1};'\\ud83d\\ude00';true",
        "{'type':'string','maxLength':1};'\ud83d\ude00';true",
        "{'type':'string','maxLength':1};'\\n\\n';false",
        "{'const':1};1.0;true", "{'const':1};1.00;true", "{'const':1};01;false",
        "{'const':100};1e2;false", "{'const':10000000};1.0E7;true", "{'type':'number'};1E+22;true",
        "{'type':'integer'};12.0;true", "{'type':'integer'};12.5;false",
        "{'minimum':-3.5,'maximum':2};-3.5;true", "{'minimum':-3.5,'maximum':2};-3.51;false",
        "{'minimum':-3.5,'maximum':2};2.000;true", "{'minimum':-3.5,'maximum':2};2.0001;false",
        "{'exclusiveMinimum':0};0.000001;true", "{'exclusiveMinimum':0};0.000;false",
        "{'multipleOf':0.01,'maximum':9};8.990;true", "{'multipleOf':0.01};8.991;false",
        "{'minimum':18446744073709551617};18446744073709551616;false",
        "{'minimum':18446744073709551617};18446744073709551618;true",
        "{'type':'object'};{\"a\":1,\"a\":2};false",
        "{'type':'object'};{\"a\":1,\"\\u0061\":2};false",
        "{'type':'object'};{\"a\":{\"a\":1},\"b\":[{\"a\":1}]};true",
        "{'properties':{'a':true}};{\"a\":1,\"a\":2};false",
        "{'type':'array'};[1, 2,~    3~];true", "{'type':'array'};[1,  2];false",
        "{'type':'object'};{~  \"a\": [~  ],~  \"b\": {}~};true"})
    void spellings(String schema, String text, boolean expected) {
        String json = text.replace('\'', '"').replace('~', '\n');
        Constrained grammar = schema(schema.replace('\'', '"'));
        assertEquals(expected, grammar.matches(json), json);
        assertEquals(expected, grammar.masksAllow(json, new Random(1)), "masks of " + json);
    }

    @Test
    void propertiesComeInAnyOrder() {
        var names = List.of("a", "b", "c", "d", "e", "f", "g", "h", "i", "j");
        var properties = new StringBuilder();
        names.forEach(name -> properties.append(properties.isEmpty() ? "" : ",")
                .append("\"" + name + "\":{\"type\":\"integer\"}"));
        Constrained grammar = schema("{\"properties\":{" + properties + "},\"required\":[\"a\","
                + "\"j\"],\"additionalProperties\":false,\"type\":\"object\"}");
        assertTrue(grammar.matches("{\"j\":1,\"c\":2,\"a\":3}"));
        assertTrue(grammar.matches("{\"i\":1,\"h\":2,\"j\":1,\"c\":2,\"a\":3,\"b\":0}"));
        assertFalse(grammar.matches("{\"j\":1,\"c\":2}"));
        assertFalse(grammar.matches("{\"j\":1,\"a\":2,\"j\":3}"));
        assertFalse(grammar.matches("{\"j\":1,\"a\":2,\"k\":3}"));
    }

    @Test
    void aRepeatedNameIsTakenOutOfTheMask() {
        Constrained grammar = schema("{\"type\":\"object\"}");
        GrammarState state = grammar.start();
        assertTrue(state.accept("{\"ab\":1,\"x\":2,\"a".getBytes()));
        grammar.checkMask(state);
        assertFalse(state.copy().accept("b\"".getBytes()));
        assertFalse(state.copy().accept("\\u0062\"".getBytes()));
        assertTrue(state.accept("bb\"".getBytes()));
        grammar.checkMask(state);
    }

    @Test
    void recursionReachesEveryDepth() {
        Constrained tree = schema("""
                {"$ref":"#/$defs/node","$defs":{"node":{"type":"object","required":["v"],
                "properties":{"v":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/$defs/node"},
                {"type":"null"}]}},"additionalProperties":false}}}""");
        String text = "{\"v\":0}";
        for (int i = 1; i < 300; i++) {
            text = "{\"next\":" + text + ",\"v\":" + i + "}";
        }
        assertTrue(tree.matches(text));
        assertFalse(tree.matches(text.replace("150}", "\"x\"}")));
        assertTrue(Grammars.jsonSchema("""
                {"$ref":"#/$defs/a","$defs":{"a":{"type":"object","required":["a"],
                "properties":{"a":{"$ref":"#/$defs/a"}}}}}""").isEmpty());
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '\0', value = {
        "{'uniqueItems':true};uniqueItems;/uniqueItems",
        "{'properties':{'a/b':{'$dynamicRef':'#x'}}};$dynamicRef;/properties/a~1b/$dynamicRef",
        "{'$ref':'http://example.com/s'};$ref;/$ref", "{'$ref':'#/$defs/none'};$ref;/$defs/none",
        "{'pattern':'(?=a)'};pattern;/pattern", "{'pattern':'a\\\\b'};pattern;/pattern",
        "{'format':'email'};format;/format", "{'type':'string','format':'iri'};format;/format",
        "{'type':'text'};type;/type", "{'type':5};type;/type", "{'minimum':'1'};minimum;/minimum",
        "{'minLength':-1};minLength;/minLength", "{'enum':3};enum;/enum",
        "{'anyOf':[]};anyOf;/anyOf", "{'items':3};schema;/items", "[];schema;",
        "{'$schema':'http://json-schema.org/draft-04/schema#'};$schema;/$schema",
        "{'not':{'additionalProperties':false}};additionalProperties;/not/additionalProperties",
        "{'nullable':true};nullable;/nullable", "{;schema;",
        "{'anyOf':[{'contains':{'type':'null'}}],'unevaluatedItems':false};unevaluatedItems;"
                + "/unevaluatedItems"})
    void refusesByKeywordAndPath(String schema, String keyword, String path) {
        var refused = assertThrows(GrammarRejected.class,
                () -> Grammars.jsonSchema(schema.replace('\'', '"')));
        assertEquals(keyword, refused.keyword());
        assertEquals(path == null ? "" : path, refused.path());
    }

    @Test
    void notesWhatHasNoEffect() {
        assertEquals(1, Grammars.jsonSchema("{\"type\":\"string\",\"x-hint\":1}").notes().size());
        assertTrue(Grammars.jsonSchema("{\"type\":\"string\",\"title\":\"t\"}").notes().isEmpty());
    }

    @Test
    void hostileSchemasEndInTime() {
        var all = new StringBuilder("{\"type\":\"object\"}");
        for (int i = 0; i < 40; i++) {
            all.insert(0, "{\"allOf\":[{\"anyOf\":[{\"minimum\":" + i + "},{\"maximum\":-" + i
                    + "}]},").append("]}");
        }
        var wide = new StringBuilder("{\"enum\":[\"x\"");
        for (int i = 0; i < 60_000; i++) {
            wide.append(",\"value number ").append(i).append('"');
        }
        String choices = "{\"dependentRequired\":{" + "\"a%d\":[\"b%d\"],".repeat(40)
                .formatted(numbers(40)).replaceAll(",$", "") + "}}";
        for (String hostile : List.of(all.toString(), wide.append("]}").toString(), choices,
                "{\"pattern\":\"(a|b)*a(a|b){40}\"}", "{\"pattern\":\"((a{99}){99}){99}\"}",
                "{\"not\":".repeat(5000) + "true" + "}".repeat(5000),
                "{\"items\":".repeat(160) + "true" + "}".repeat(160),
                "{\"pattern\":\"\\\\p{L}{300}\",\"allOf\":[{\"pattern\":\"^.{0,900}x\"}]}",
                "{\"minimum\":1" + "0".repeat(100_000) + "}",
                "{\"contains\":{\"minimum\":3},\"minItems\":900000}")) {
            assertTimeout(Duration.ofSeconds(20), () -> {
                try {
                    Constrained.of(Grammars.jsonSchema(hostile)).start().fill(
                            Constrained.of(Grammars.jsonObject()).mask());
                } catch (GrammarRejected e) {
                    assertFalse(e.getMessage().isEmpty());
                }
            });
        }
    }

    private static Object[] numbers(int count) {
        Object[] numbers = new Object[2 * count];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = i;
        }
        return numbers;
    }
}
