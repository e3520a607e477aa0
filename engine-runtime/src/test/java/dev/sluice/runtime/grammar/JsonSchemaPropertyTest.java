package dev.sluice.runtime.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.json.Json;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Random schemas and random values: the grammar takes a value exactly when the oracle does, byte
/// by byte and in random tokens; what the masks lead to is valid; masks are what every token does
/// when tried alone; a rollback and a copy are what a fresh replay is.
class JsonSchemaPropertyTest {
    private static final int SCHEMAS = 1500;

    @Test
    void takesAValueExactlyWhenTheOracleDoes() {
        int refused = 0;
        int valid = 0;
        int judged = 0;
        for (int seed = 0; seed < SCHEMAS; seed++) {
            var random = new Random(seed);
            var made = new RandomSchema(random);
            Object schema = made.schema(2);
            Constrained grammar;
            try {
                grammar = Constrained.of(Grammars.jsonSchema(schema, SchemaDialect.DRAFT_2020_12));
            } catch (GrammarRejected e) {
                refused++;
                continue;
            }
            for (int i = 0; i < 12; i++) {
                Object value = made.value(2);
                String text = Json.write(value);
                boolean expected = SchemaJudge.valid(schema, value);
                String about = "seed " + seed + ": " + Json.write(schema) + " on " + text;
                assertEquals(expected, grammar.matches(text), about);
                assertEquals(expected, grammar.masksAllow(text, random), "masks, " + about);
                judged++;
                valid += expected ? 1 : 0;
            }
        }
        assertTrue(refused < SCHEMAS / 4, "refused " + refused);
        assertTrue(valid > judged / 8, valid + " of " + judged + " were valid");
    }

    @Test
    void whatTheMasksLeadToIsValid() {
        int ended = 0;
        for (int seed = 0; seed < SCHEMAS / 3; seed++) {
            var random = new Random(seed);
            Object schema = new RandomSchema(random).schema(2);
            Grammar grammar;
            try {
                grammar = Grammars.jsonSchema(schema, SchemaDialect.DRAFT_2020_12);
            } catch (GrammarRejected e) {
                continue;
            }
            if (grammar.isEmpty()) {
                continue;
            }
            Constrained constrained = Constrained.of(grammar);
            String text = constrained.drawn(random, 150);
            boolean huge = text.matches("(?s).*[0-9][eE][+]?[0-9]{3}.*");
            if (constrained.matches(text) && !huge) {
                ended++;
                assertTrue(SchemaJudge.valid(schema, Json.parse(text)),
                        "seed " + seed + ": " + Json.write(schema) + " gave " + text);
            }
        }
        assertTrue(ended > 100, ended + " texts ended");
    }

    @Test
    void masksAreWhatEachTokenDoesAlone() {
        for (int seed = 0; seed < 60; seed++) {
            var random = new Random(seed);
            Object schema = new RandomSchema(random).schema(2);
            Grammar grammar;
            try {
                grammar = Grammars.jsonSchema(schema, SchemaDialect.DRAFT_2020_12);
            } catch (GrammarRejected e) {
                continue;
            }
            Constrained constrained = Constrained.of(grammar);
            GrammarState state = constrained.start();
            for (int i = 0; i < 10; i++) {
                constrained.checkMask(state);
                int first = random.nextInt(400);
                for (int id = first; id < first + 400 && !state.accept(id % 400); id++) {
                    assertTrue(id < first + 800);
                }
            }
        }
    }

    @Test
    void rollbackAndCopyAreWhatAFreshReplayIs() {
        var constrained = Constrained.of(Grammars.jsonObject());
        var random = new Random(5);
        var tokens = new java.util.ArrayList<Integer>();
        GrammarState state = constrained.start();
        for (int step = 0; step < 600; step++) {
            int back = random.nextInt(4) == 0 ? random.nextInt(tokens.size() + 1) : 0;
            state.rollback(back);
            tokens.subList(tokens.size() - back, tokens.size()).clear();
            GrammarState fork = state.copy();
            int id = random.nextInt(constrained.tokenizer().vocabSize());
            if (state.accept(id)) {
                tokens.add(id);
            }
            fork.accept(random.nextInt(256));
            if (step % 20 == 0) {
                GrammarState fresh = constrained.start();
                tokens.forEach(fresh::accept);
                var expected = constrained.mask();
                var got = constrained.mask();
                fresh.fill(expected);
                state.fill(got);
                for (int token = 0; token < constrained.tokenizer().vocabSize(); token++) {
                    assertEquals(expected.allows(token), got.allows(token), "token " + token);
                }
            }
        }
    }
}
