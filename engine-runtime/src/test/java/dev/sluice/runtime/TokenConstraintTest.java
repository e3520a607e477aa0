package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.runtime.SimulatedEngine.Reader;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Goal: a constraint rules every draw of its own sequence and of no other, together with forks,
/// stop strings, guesses and preemption. Method: a scripted constraint that remembers what it was
/// told, so that a token too many or too few shows.
class TokenConstraintTest {
    /// "abcabc...", where each letter may also be its capital; may end after whole rounds.
    private static final class Rounds implements TokenConstraint {
        final List<Integer> told = new ArrayList<>();

        @Override
        public void mask(TokenMask into) {
            into.allow('a' + told.size() % 3);
            into.allow('A' + told.size() % 3);
        }

        @Override
        public void accept(int tokenId) {
            assertEquals("abc".charAt(told.size() % 3), Character.toLowerCase(tokenId));
            told.add(tokenId);
        }

        @Override
        public void rollback(int tokens) {
            for (int i = 0; i < tokens; i++) {
                told.removeLast();
            }
        }

        @Override
        public boolean mayEnd() { return told.size() % 3 == 0 && !told.isEmpty(); }
    }

    private static final SamplingParams DRAWN = SamplingParams.defaults().withSeed(4);

    @Test
    void everyDrawObeys() {
        var engine = new SimulatedEngine(TokenLoopTest.model(256, 64, 300), 8);
        var made = new ArrayList<Rounds>();
        var request = GenerateRequest.of(TokenLoopTest.prompt(30, 1), 31, DRAWN)
                .withConstraint(() -> {
                    made.add(new Rounds());
                    return made.getLast();
                });
        Reader free = engine.submit(GenerateRequest.of(TokenLoopTest.prompt(30, 1), 31, DRAWN));
        List<Reader> bound = engine.submit(request, 4);
        engine.finish();
        assertEquals(4, made.size());
        for (int i = 0; i < 4; i++) {
            assertEquals(made.get(i).told, bound.get(i).ids);
            assertTrue(bound.get(i).ids.size() == 31 || bound.get(i).ids.size() % 3 == 0);
        }
        assertFalse(bound.get(0).ids.equals(bound.get(1).ids));
        assertEquals(TokenLoopTest.alone(free.generation.request()), free.ids);
    }

    @Test
    void guessesAndStopStringsGoOn() {
        var prompt = new int[] {'a', 'b', 'c', 'a', 'b', 'c', 'a', 'B', 'c', 'a', 'b', 'c'};
        for (int seed = 0; seed < 20; seed++) {
            var request = GenerateRequest.of(prompt, 40, DRAWN.withSeed(seed))
                    .withStopStrings(List.of("abca", "CAB")).withConstraint(Rounds::new);
            var plain = new SimulatedEngine(TokenLoopTest.model(256, 64, 300), 1);
            Reader want = plain.submit(request);
            plain.finish();
            var engine = new SimulatedEngine(TokenLoopTest.model(256, 64, 300), 1);
            Reader got = engine.submit(request.withSpeculation(Speculation.promptLookup(5)));
            engine.finish();
            assertEquals(want.ids, got.ids);
            assertEquals(want.finished().stop(), got.finished().stop());
        }
    }

    @Test
    void aForbiddenGuessCostsNoRow() {
        // What comes behind the first token is looked up in a prompt that the constraint does not
        // allow, and the answer itself is too short to repeat anything.
        var prompt = new int[] {'y', 'a', 'x', 'y', 'A', 'x', 'y'};
        var engine = new SimulatedEngine(TokenLoopTest.model(256, 64, 300), 1);
        Reader reader = engine.submit(GenerateRequest.of(prompt, 3, DRAWN)
                .withConstraint(Rounds::new).withSpeculation(Speculation.promptLookup(4)));
        engine.finish();
        assertEquals(3, reader.ids.size());
        assertEquals(0, reader.usage().guessedTokens());
    }

    @Test
    void nothingAllowedIsAFailureOfOneRequest() {
        TokenConstraint closed = new TokenConstraint() {
            @Override
            public void mask(TokenMask into) { }

            @Override
            public void accept(int tokenId) { }

            @Override
            public void rollback(int tokens) { }

            @Override
            public boolean mayEnd() { return false; }
        };
        var engine = new SimulatedEngine(TokenLoopTest.model(64, 64, 40), 2);
        Reader stuck = engine.submit(GenerateRequest.of(new int[] {1}, 5, DRAWN)
                .withConstraint(() -> closed));
        Reader fine = engine.submit(GenerateRequest.of(new int[] {1}, 5, DRAWN));
        engine.finish();
        var failed = (TokenEvent.Failed) stuck.last.orElseThrow();
        assertEquals("no token for position 1: every token is forbidden", failed.message());
        assertEquals(5, fine.ids.size());
    }
}
