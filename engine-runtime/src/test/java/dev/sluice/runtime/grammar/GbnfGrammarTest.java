package dev.sluice.runtime.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// GBNF: what each construct takes and leaves, recursion, masks against every token tried alone,
/// and what is refused.
class GbnfGrammarTest {
    private static final String ARITHMETIC = """
            # sums in brackets
            root  ::= sum
            sum   ::= term (("+" | "-") term)*
            term  ::= [0-9]{1,3} | "(" sum ")"
            """;
    private static final String JSON = """
            root   ::= object
            value  ::= object | array | string | number | "true" | "false" | "null"
            object ::= "{" ws ( string ":" ws value ("," ws string ":" ws value)* )? "}" ws
            array  ::= "[" ws ( value ("," ws value)* )? "]" ws
            string ::= "\\"" ( [^"\\\\\\x7F\\x00-\\x1F]
                             | "\\\\" (["\\\\bfnrt] | "u" [0-9a-fA-F]{4}) )* "\\"" ws
            number ::= "-"? ([0-9] | [1-9] [0-9]{0,15}) ("." [0-9]+)? ([eE] [-+]? [0-9]+)? ws
            ws     ::= | " " | "\\n" [ \\t]{0,20}
            """;

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {"1;true", "(1+23)-4;true", "((((7))));true", "();false",
        "1+;false", "1234;false", "(1;false", "1)2;false"})
    void readsRecursiveRules(String text, boolean expected) {
        assertEquals(expected, Constrained.of(Grammars.gbnf(ARITHMETIC)).matches(text));
    }

    @Test
    void readsTheUsualGrammarOfJson() {
        var grammar = Constrained.of(Grammars.gbnf(JSON));
        assertTrue(grammar.matches(
                "{\"a\": [1, -2.5e3, {\"b\":\"\u00e9\\n\\u00e9\"}],\"c\":null}"));
        assertFalse(grammar.matches("{\"a\": [1,, 2]}"));
        assertFalse(grammar.matches("[1]"));
        var random = new Random(3);
        for (int i = 0; i < 20; i++) {
            assertTrue(grammar.masksAllow("{\"foo\": [true, {\"\u4f60\": \"x\"}, 12]}", random));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {ARITHMETIC, JSON, "root ::= a b\na ::= \"x\"?\nb ::= (a \"y\")*",
        "root ::= [^a-y]+ | \"\\u00e9\" .", "root ::= \"a\" root | \"b\"",
        "root ::= x{2,3} \"!\"\nx ::= \"ab\" | \"a\"", "root ::= (a)*\na ::= \"\" | \"{\" a \"}\""})
    void masksAreExact(String text) {
        var grammar = Constrained.of(Grammars.gbnf(text));
        for (int seed = 0; seed < 4; seed++) {
            var random = new Random(seed);
            GrammarState state = grammar.start();
            for (int i = 0; i < 6; i++) {
                grammar.checkMask(state);
                int first = random.nextInt(256);
                for (int id = first; id < first + 256 && !state.accept(id & 0xff); id++) {
                    assertTrue(id < first + 255 || state.canEnd(), "a dead end");
                }
            }
            String drawn = grammar.drawn(random, 300);
            assertTrue(drawn.length() > 290 || grammar.matches(drawn), drawn);
        }
    }

    @Test
    void leavesOutWhatNoTextEnds() {
        var grammar = Constrained.of(Grammars.gbnf(
                "root ::= \"a\" | \"b\" loop\nloop ::= \"c\" loop"));
        assertTrue(grammar.matches("a"));
        assertFalse(grammar.start().accept('b'));
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "root ::= root \"a\" | \"b\";left recursion",
        "root ::= a\\na ::= b \"x\" | \"z\"\\nb ::= \"y\"? a;left recursion",
        "root ::= nope;not defined", "a ::= \"b\";root", "root ::= \"a;without its end",
        "root ::= [a;without ]", "root ::= \"a\"{3,1};wrong order", "root ::= \"a\"{9999};over",
        "root ::= <think>;tokens", "root ::= \"x\" root;no text can end",
        "root ::= \"a\"\\nroot ::= \"b\";second definition", "root ::= ((\"a\");expected )",
        "root ::= ((\"a\"{2000}){2000}){2000};too large"})
    void refusesByName(String text, String reason) {
        var refused = assertThrows(GrammarRejected.class,
                () -> Grammars.gbnf(text.replace("\\n", "\n")));
        assertTrue(refused.getMessage().contains(reason), refused.getMessage());
    }

    @Test
    void refusesDeepNesting() {
        assertThrows(GrammarRejected.class,
                () -> Grammars.gbnf("root ::= " + "(".repeat(100_000)));
    }

    @Test
    void failsClosedWhenThereAreTooManyWaysToReadAText() {
        var grammar = Constrained.of(Grammars.gbnf("root ::= \"a\" root? root? root? \"b\"?"));
        GrammarState state = grammar.start();
        assertThrows(GrammarRejected.class, () -> {
            for (int i = 0; i < 60; i++) {
                assertTrue(state.accept('a'));
            }
        });
    }
}
