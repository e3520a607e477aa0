package dev.sluice.runtime.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.runtime.grammar.GrammarTrigger.Branch;
import dev.sluice.runtime.grammar.GrammarTrigger.Then;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: a text that begins with a trigger, or is something else, and nothing besides. Method:
/// whole texts, masks byte by byte, tokens without text, and thinking before both.
final class GrammarStartTest {
    private static final Grammar NUMBER = Grammars.regex("[0-9]+");
    private static final Grammar OBJECT = Grammars.jsonObject();
    private static final Branch CALL = Branch.onText("<c>", NUMBER, "</c>");

    @Test
    void aTriggerComesAtTheBeginning() {
        var once = Constrained.of(Grammars.starting(
                new GrammarStart(List.of(CALL), List.of(), false)));
        assertTrue(once.matches("<c>12</c>"));
        assertTrue(once.matches("\n\n<c>12</c>"));
        assertFalse(once.matches("\n\n\n<c>12</c>"));
        assertFalse(once.matches("so: <c>12</c>"));
        assertFalse(once.matches("<c>12</c><c>1</c>"));
        assertFalse(once.matches(""));
        assertFalse(once.matches("<c>12"));
        var many = Constrained.of(Grammars.starting(
                new GrammarStart(List.of(CALL, Branch.onText("<d>", NUMBER, ";")), List.of(),
                        true)));
        assertTrue(many.matches("<c>12</c>\n<d>1;<c>2</c>\n"));
        assertFalse(many.matches("<c>12</c>and"));
    }

    @Test
    void orTheTextIsAnother() {
        var either = Constrained.of(Grammars.starting(
                new GrammarStart(List.of(CALL), List.of(OBJECT), true)));
        assertTrue(either.matches("<c>1</c><c>2</c>"));
        assertTrue(either.matches("{\"a\":1}"));
        assertFalse(either.matches("{\"a\":1}<c>1</c>"));
        assertFalse(either.matches("<c>1</c>{\"a\":1}"));
        assertFalse(either.matches("{\"a\":1,\"a\":2}"));
        GrammarState state = either.start();
        for (byte b : "\n<c>12</c>".getBytes()) {
            either.checkMask(state);
            assertTrue(state.accept(b & 0xff));
        }
        either.checkMask(state);
        for (int seed = 0; seed < 5; seed++) {
            either.drawn(new Random(seed), 200);
        }
    }

    @Test
    void thinkingMayComeBefore() {
        Grammar answer = Grammars.starting(
                new GrammarStart(List.of(CALL), List.of(OBJECT), false));
        Grammar thought = Grammars.triggered(new GrammarTrigger(
                List.of(Branch.onText("</t>", answer, "")), true, Then.END));
        var whole = Constrained.of(Grammars.starting(new GrammarStart(
                List.of(CALL, Branch.onText("<t>", thought, "")), List.of(OBJECT), false)));
        assertTrue(whole.matches("<t>maybe <c> or {</t>\n\n<c>1</c>"));
        assertTrue(whole.matches("<t></t>{\"a\":[]}"));
        assertTrue(whole.matches("<c>1</c>"));
        assertFalse(whole.matches("<t>maybe</t>"));
        assertFalse(whole.matches("<t>maybe</t>no"));
    }

    @Test
    void aTokenWithoutTextIsATrigger() {
        WordTokenizer tokenizer = WordTokenizer.json(1);
        var grammar = Constrained.of(Grammars.starting(new GrammarStart(
                List.of(Branch.onToken(tokenizer.control(), NUMBER, "")), List.of(), false)));
        GrammarState state = grammar.start();
        grammar.checkMask(state);
        assertEquals(false, state.accept('7'));
        assertTrue(state.accept(tokenizer.control()));
        assertTrue(state.accept('7'));
        assertTrue(state.accept(tokenizer.end()));
    }

    @Test
    void whatCouldBeNothingIsRefused() {
        assertThrows(GrammarRejected.class, () -> Grammars.starting(new GrammarStart(
                List.of(CALL), List.of(Grammars.regex("a*")), false)));
        assertThrows(IllegalArgumentException.class,
                () -> new GrammarStart(List.of(), List.of(OBJECT), false));
    }
}
