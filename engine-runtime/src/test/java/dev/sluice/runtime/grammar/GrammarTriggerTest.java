package dev.sluice.runtime.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.runtime.TokenMask;
import dev.sluice.runtime.grammar.GrammarTrigger.Branch;
import dev.sluice.runtime.grammar.GrammarTrigger.Then;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Grammars that begin at a trigger: text before and after, triggers cut between tokens or in the
/// middle of one, tokens without text, and more than one branch.
class GrammarTriggerTest {
    private static final Grammar NUMBER = Grammars.regex("[0-9]+");
    private static final Grammar OBJECT = Grammars.jsonObject();

    private static Constrained text(boolean required, Then then) {
        return Constrained.of(Grammars.triggered(new GrammarTrigger(
                List.of(Branch.onText("abab!", NUMBER, ";")), required, then)));
    }

    @Test
    void constrainsFromTheTriggerOn() {
        Constrained again = text(false, Then.AGAIN);
        assertTrue(again.matches("anything {\"at\" all"));
        assertTrue(again.matches("ababab!12;more ab abab!3;"));
        assertFalse(again.matches("abab!x;"));
        assertFalse(again.matches("abab!12"));
        assertFalse(again.matches("abab!1;abab!x"));
        assertTrue(text(false, Then.FREE).matches("abab!1;abab!x"));
        assertFalse(text(false, Then.END).matches("abab!1;x"));
        assertTrue(text(true, Then.END).matches("so: abab!1;"));
        assertFalse(text(true, Then.AGAIN).matches("no call"));
        assertTrue(text(true, Then.AGAIN).matches("abab!1; no further call"));
    }

    @Test
    void masksAreExactAroundATrigger() {
        var grammar = Constrained.of(Grammars.triggered(new GrammarTrigger(List.of(
                Branch.onText("\"}", OBJECT, "\n"), Branch.onText("foo", NUMBER, "")), false,
                Then.AGAIN)));
        GrammarState state = grammar.start();
        for (byte b : "{\"a\"}{\"a\":1,\"b\":{\"a\":2}}\nfo\"fo".getBytes()) {
            grammar.checkMask(state);
            assertTrue(state.accept(b & 0xff));
        }
        grammar.checkMask(state);
        for (int seed = 0; seed < 3; seed++) {
            grammar.drawn(new Random(seed), 200);
        }
    }

    @Test
    void aTokenWithoutTextIsATrigger() {
        WordTokenizer tokenizer = WordTokenizer.json(1);
        var grammar = Constrained.of(Grammars.triggered(new GrammarTrigger(
                List.of(Branch.onToken(tokenizer.control(), NUMBER, "")), false, Then.END)));
        GrammarState state = grammar.start();
        assertTrue(state.accept('x'));
        assertTrue(state.accept(tokenizer.control()));
        TokenMask mask = grammar.mask();
        state.fill(mask);
        assertTrue(mask.allows('7'));
        assertFalse(mask.allows('x'));
        assertFalse(mask.allows(tokenizer.control()));
        assertFalse(state.canEnd());
        assertTrue(state.accept('7'));
        assertTrue(state.accept(tokenizer.end()));
        assertTrue(state.complete());
        assertEquals(false, state.accept('7'));
    }
}
