package dev.sluice.runtime.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Regular expressions as grammars, against the JDK's matcher on random texts, and their masks
/// against every token tried alone.
class RegexGrammarTest {

    @ParameterizedTest
    @ValueSource(strings = {"a*b", "(a|b)*abb", "[0-9]{2,4}", "a{3}", "(ab|a)(bc|c)?", "x?y+z*",
        "[^a-c]+", "\\d+\\.\\d{1,2}", "(a|aa)+", "\\w+ \\w+", "(?:a|\u00e9)+", "[\u4f60\u597d]+",
        ".*a.{2}", "a|b|", "^a+$", "(^a|b)c*", "\\u0061b*", "[\\d\\s]+", "(a*)*", "(a?b?)*c"})
    void agreesWithTheJdk(String expression) {
        var grammar = Constrained.of(Grammars.regex(expression));
        Pattern pattern = Pattern.compile(expression);
        var random = new Random(7);
        for (int i = 0; i < 3000; i++) {
            var text = new StringBuilder();
            for (int length = random.nextInt(6); length > 0; length--) {
                int c = "aabbcxyz01. \u00e9\u4f60\u597d".codePointAt(random.nextInt(15));
                text.appendCodePoint(c);
            }
            assertEquals(pattern.matcher(text).matches(), grammar.matches(text.toString()),
                    expression + " on " + text);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a*b", "(a|b)*abb", "[^\"]*\"x", "\\p{L}{2,3}", "\ud83d\ude00+",
        "(foo|\"foo\":|bar)+"})
    void masksAreExact(String expression) {
        var grammar = Constrained.of(Grammars.regex(expression));
        for (int seed = 0; seed < 5; seed++) {
            var random = new Random(seed);
            GrammarState state = grammar.start();
            for (int i = 0; i < 8; i++) {
                grammar.checkMask(state);
                int first = random.nextInt(256);
                for (int id = first; id < first + 256; id++) {
                    if (state.accept(id & 0xff)) {
                        break;
                    }
                }
            }
            String text = grammar.drawn(random, 400);
            assertTrue(text.length() > 390 || grammar.matches(text), text);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"(?=a)b", "(?<!a)b", "(a)\\1", "\\bx", "[a", "(a", "a)", "*a", "a{2,1}",
        "a{99999}", "(a{1000}){1000}{1000}", "a{9999}{9999}", "[z-a]", "\\", "\\p{Nope}", "a$b"})
    void refusesWhatIsNotRegularOrTooLarge(String expression) {
        assertThrows(GrammarRejected.class, () -> Grammars.regex(expression));
    }

    @Test
    void refusesDeepNesting() {
        assertThrows(GrammarRejected.class, () -> Grammars.regex("(".repeat(100_000)));
    }
}
