package dev.sluice.bridge.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.ModelTexts;
import dev.sluice.models.file.ModelPath;
import dev.sluice.models.file.TensorFile;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.models.tokenizer.Tokenizer.Special;
import dev.sluice.runtime.TokenConstraint;
import dev.sluice.runtime.TokenMask;
import dev.sluice.runtime.toolcall.ToolFormat.Marks;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Goal: thinking ends at its budget, whoever opened it, and not without it. Method: tokens by hand
/// with the tokenizer of a tiny model, which writes the mark in several tokens.
final class ThinkingBudgetTest {
    private static final Path MODEL =
            Path.of("../models/core/src/test/resources/goldens/llama/model-f32.gguf");
    private static final int BUDGET = 5;

    private final Tokenizer tokenizer = tokenizer();

    private static Tokenizer tokenizer() {
        try (TensorFile file = ModelPath.open(MODEL)) {
            return ModelTexts.of(file).tokenizer();
        }
    }

    private ThinkingBudget budget(boolean thinking) {
        return new ThinkingBudget(TokenConstraint.FREE,
                new ThinkingBudget.Limits(BUDGET, Marks.THINK, thinking), tokenizer);
    }

    private List<Integer> allowed(ThinkingBudget budget) {
        var mask = new TokenMask(tokenizer.vocabSize());
        mask.forbidAll();
        budget.mask(mask);
        var ids = new ArrayList<Integer>();
        for (int id = 0; id < tokenizer.vocabSize(); id++) {
            if (mask.allows(id)) {
                ids.add(id);
            }
        }
        return ids;
    }

    private int[] ids(String text) {
        return tokenizer.encode(text, Special.AS_TEXT);
    }

    private void acceptAll(ThinkingBudget budget, String text) {
        for (int id : ids(text)) {
            budget.accept(id);
        }
    }

    private void assertCloses(ThinkingBudget budget) {
        for (int id : ids("</think>")) {
            assertEquals(List.of(id), allowed(budget));
            assertFalse(budget.mayEnd());
            budget.accept(id);
        }
        assertTrue(budget.mayEnd());
        assertEquals(tokenizer.vocabSize(), allowed(budget).size());
    }

    @Test
    void whatThePromptOpenedIsClosed() {
        ThinkingBudget budget = budget(true);
        for (int i = 0; i < BUDGET; i++) {
            assertEquals(tokenizer.vocabSize(), allowed(budget).size());
            budget.accept(ids("a")[0]);
        }
        assertCloses(budget);
        acceptAll(budget, "aaaaaaaaaaaaaa");
        assertTrue(budget.mayEnd());
    }

    @Test
    void whatTheModelOpenedIsClosed() {
        ThinkingBudget budget = budget(false);
        acceptAll(budget, "aaaaaaaaaa<think>aaaa");
        assertEquals(tokenizer.vocabSize(), allowed(budget).size());
        acceptAll(budget, "a");
        assertCloses(budget);
    }

    @Test
    void whatTheModelClosesItselfIsLeftAlone() {
        var roomy = new ThinkingBudget(TokenConstraint.FREE,
                new ThinkingBudget.Limits(30, Marks.THINK, true), tokenizer);
        acceptAll(roomy, "a</think>");
        for (int i = 0; i < 100; i++) {
            roomy.accept(ids("a")[0]);
        }
        assertTrue(roomy.mayEnd());
        assertEquals(tokenizer.vocabSize(), allowed(roomy).size());
    }

    @Test
    void guessesAreTakenBack() {
        ThinkingBudget budget = budget(true);
        acceptAll(budget, "aaaaa");
        budget.accept(ids("</think>")[0]);
        budget.rollback(2);
        assertEquals(tokenizer.vocabSize(), allowed(budget).size());
        acceptAll(budget, "a");
        assertCloses(budget);
    }
}
