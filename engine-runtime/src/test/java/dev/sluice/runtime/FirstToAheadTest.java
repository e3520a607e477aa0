package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: the formulas of arXiv 2511.09030. Method: its table of models, a million steps (20 disks)
/// at 95 %, and a simulated walk.
final class FirstToAheadTest {
    private static final int DISKS_20 = 1_048_575;

    private static int k(double error) {
        return FirstToAhead.forTarget(1 - error, DISKS_20, 0.95).k();
    }

    @Test
    void published_table() {
        assertEquals(4, k(0.0040), "gpt-4.1-mini");
        assertEquals(3, k(0.0022), "gpt-4.1-mini, cooler");
        assertEquals(29, k(0.3571), "gpt-4.1-nano");
        assertEquals(6, k(0.0358), "gpt-oss-20B");
        assertEquals(3, k(0.0018), "o3-mini");
        assertEquals(12, k(0.1839), "haiku-4.5");
        assertEquals(15, k(0.2342), "qwen3");
        assertEquals(6, k(0.0569), "deepseek-v3.1");
        assertEquals(6, k(0.0393), "kimi-k2");
    }

    @Test
    void expected_votes() {
        FirstToAhead rule = FirstToAhead.forTarget(0.9, 1023, 0.95);
        assertEquals(5, rule.k());
        assertEquals(6.25, rule.expectedVotes(0.9), 0.001);
        assertEquals(4, FirstToAhead.forTarget(0.95, 1023, 0.95).k());
        assertEquals(4.44, new FirstToAhead(4).expectedVotes(0.95), 0.01);
        assertEquals(7, FirstToAhead.forTarget(0.8, 255, 0.95).k());
        assertEquals(14, FirstToAhead.forTarget(0.7, 1023, 0.99).k());
        assertTrue(rule.correct(0.9, 1023) >= 0.95);
        assertTrue(new FirstToAhead(4).correct(0.9, 1023) < 0.95, "k is the smallest");
    }

    /// Gambler's ruin, played.
    @Test
    void a_simulated_walk_agrees() {
        var random = new Random(1);
        int k = 3;
        int runs = 200_000;
        int right = 0;
        long votes = 0;
        for (int run = 0; run < runs; run++) {
            int lead = 0;
            for (; Math.abs(lead) < k; votes++) {
                lead += random.nextDouble() < 0.6 ? 1 : -1;
            }
            right += lead > 0 ? 1 : 0;
        }
        var rule = new FirstToAhead(k);
        // Four standard deviations of a mean of 200,000.
        assertEquals(rule.correct(0.6), (double) right / runs, 4 * 0.5 / Math.sqrt(runs));
        assertEquals(rule.expectedVotes(0.6), (double) votes / runs, 4 * 6 / Math.sqrt(runs));
    }

    @Test
    void a_minority_can_not_win() {
        assertThrows(IllegalArgumentException.class,
                () -> FirstToAhead.forTarget(0.5, 10, 0.9));
        assertThrows(IllegalArgumentException.class, () -> new FirstToAhead(0));
    }
}
