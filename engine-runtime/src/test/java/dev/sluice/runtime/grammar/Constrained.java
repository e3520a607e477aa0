package dev.sluice.runtime.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.sluice.runtime.TokenMask;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/// A grammar, a vocabulary, and what the tests ask of them.
final class Constrained {
    private final Grammar grammar;
    private final WordTokenizer tokenizer;
    private final VocabularyTrie trie;

    Constrained(Grammar grammar, WordTokenizer tokenizer) {
        this.grammar = grammar;
        this.tokenizer = tokenizer;
        trie = new VocabularyTrie(tokenizer, tokenizer.vocabSize());
    }

    static Constrained of(Grammar grammar) {
        return new Constrained(grammar, WordTokenizer.json(1));
    }

    GrammarState start() {
        return new GrammarState(grammar, trie);
    }

    TokenMask mask() {
        return new TokenMask(tokenizer.vocabSize());
    }

    /// Whether the whole text is in the language, byte by byte.
    boolean matches(String text) {
        GrammarState state = start();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            if (!state.accept(b & 0xff)) {
                return false;
            }
        }
        return state.canEnd();
    }

    /// Whether every mask on the way allows the tokens of a random cut of the text, and its end.
    boolean masksAllow(String text, Random random) {
        GrammarState state = start();
        TokenMask mask = mask();
        for (int id : tokenizer.split(text.getBytes(StandardCharsets.UTF_8), random)) {
            state.fill(mask);
            boolean allowed = mask.allows(id);
            assertEquals(allowed, state.copy().accept(id), "mask and accept of " + id);
            if (!allowed || !state.accept(id)) {
                return false;
            }
        }
        state.fill(mask);
        return mask.allows(tokenizer.end());
    }

    /// Compares a mask with what each token does when its bytes are fed alone.
    void checkMask(GrammarState state) {
        TokenMask mask = mask();
        state.fill(mask);
        for (int id = 0; id < tokenizer.vocabSize(); id++) {
            GrammarState copy = state.copy();
            byte[] bytes = tokenizer.bytes(id);
            boolean survives = bytes.length > 0 ? copy.accept(bytes) : copy.accept(id);
            assertEquals(survives, mask.allows(id), "token " + id + " '"
                    + new String(bytes, StandardCharsets.ISO_8859_1) + "'");
        }
    }

    /// Draws tokens at random from the masks until the text ends; every mask is checked, none may
    /// be empty. Returns the text, or a prefix of it after `limit` tokens.
    String drawn(Random random, int limit) {
        GrammarState state = start();
        TokenMask mask = mask();
        var text = new java.io.ByteArrayOutputStream();
        for (int i = 0; i < limit; i++) {
            state.fill(mask);
            int first = random.nextInt(tokenizer.vocabSize());
            int id = first;
            while (!mask.allows(id)) {
                id = (id + 1) % tokenizer.vocabSize();
                if (id == first) {
                    throw new AssertionError("nothing may follow " + text);
                }
            }
            if (!state.accept(id)) {
                throw new AssertionError("mask allows " + id + ", accept does not: " + text);
            }
            if (id == tokenizer.end()) {
                return text.toString(StandardCharsets.UTF_8);
            }
            text.writeBytes(tokenizer.bytes(id));
        }
        return text.toString(StandardCharsets.UTF_8);
    }

    WordTokenizer tokenizer() { return tokenizer; }
}
