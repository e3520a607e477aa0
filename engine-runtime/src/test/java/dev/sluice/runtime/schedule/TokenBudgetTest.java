package dev.sluice.runtime.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: the longest step that keeps a target is found and followed. Method: planted times with
/// noise; the budget's own rows are fed back to it.
final class TokenBudgetTest {
    private final Random random = new Random(1);

    /// Feeds steps of 8 decodes and, every other time, what the budget allows.
    private int run(TokenBudget budget, double a, double b, int steps) {
        for (int i = 0; i < steps; i++) {
            int rows = i % 2 == 0 ? 8 : budget.rows();
            double noise = 1 + 0.05 * random.nextGaussian();
            budget.measured(rows, Math.round((a + b * rows) * noise));
        }
        return budget.rows();
    }

    @Test
    void planted_line_is_found() {
        var budget = new TokenBudget(50_000_000, 16, 2048);
        int rows = run(budget, 10e6, 0.1e6, 200);
        assertEquals(400, rows, 40);
        assertEquals(0.1e6, budget.nanosPerRow(), 0.01e6);
        assertEquals(10e6, budget.nanosPerStep(), 1e6);
    }

    @Test
    void slower_machine_is_followed() {
        var budget = new TokenBudget(50_000_000, 16, 2048);
        run(budget, 10e6, 0.1e6, 200);
        assertEquals(100, run(budget, 20e6, 0.3e6, 600), 10);
    }

    @Test
    void bounds_hold() {
        assertEquals(16, run(new TokenBudget(5_000_000, 16, 512), 10e6, 0.1e6, 100));
        assertEquals(512, run(new TokenBudget(500_000_000, 16, 512), 10e6, 0.1e6, 100));
        assertThrows(IllegalArgumentException.class, () -> new TokenBudget(1, 10, 9));
    }

    /// The first steps do not overshoot: the budget at most doubles, and a step has no more than
    /// twice the target.
    @Test
    void starts_with_care() {
        var budget = new TokenBudget(50_000_000, 16, 2048);
        int before = 16;
        for (int i = 0; i < 50; i++) {
            int rows = budget.rows();
            assertTrue(rows <= 2 * before, before + " to " + rows);
            long nanos = Math.round(10e6 + 0.1e6 * rows);
            assertTrue(nanos <= 55_000_000, rows + " rows took " + nanos);
            budget.measured(rows, nanos);
            before = Math.max(before, rows);
        }
        assertEquals(400, budget.rows(), 40);
    }
}
