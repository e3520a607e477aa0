package dev.sluice.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.DType;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Goal: a pool never exceeds its budget, wastes less than a page of each group, and gives window
/// groups what their windows need. Method: plans of two groups over budgets of every size.
class KvPlanTest {
    private static final KvPlan GROUPS = new KvPlan(DType.F16, 32, List.of(
            new KvPlan.Group(12, 0, 0, 3000), new KvPlan.Group(12, 0, 128, 2000)));

    @Test
    void withoutABudgetEverySequenceHasItsFullLength() {
        KvPlan plan = GROUPS.within(0, 4, 8192, 512);
        assertEquals(4 * 256, plan.groups().get(0).pages());
        // Each needs (128 + 512) / 32 + 2 = 22; a quarter of 1024 is for the prefix tree.
        assertEquals(4 * 22 + 256, plan.groups().get(1).pages());
        assertEquals(8192, plan.positions(8192, 512));
        assertEquals("1,024 pages of 32 positions in 12 layers, 344 in 12 layers of window 128, "
                + "F16", plan.toString());
        assertEquals(GROUPS.within(0, 1, 100, 512).groups().get(1).pages(), 4,
                "never more than the other group");
    }

    @ParameterizedTest
    @ValueSource(longs = {5000, 5001, 12_345, 99_999, 1_000_000, 1_000_000_000, 9_000_000_000L})
    void aBudgetIsUsedAndNotExceeded(long bytes) {
        KvPlan plan = GROUPS.within(bytes, 2, 4096, 512);
        assertTrue(plan.byteSize() <= bytes, plan + " of " + bytes);
        assertTrue(plan.byteSize() > bytes - 2 * 5000, plan + " of " + bytes);
        KvPlan.Group window = plan.groups().get(1);
        assertTrue(window.pages() >= 2 * 22
                || window.pages() == plan.groups().get(0).pages(), plan.toString());
    }

    @Test
    void lessThanAPageIsRefusedWithTheNumbers() {
        String reason = assertThrows(InsufficientMemoryException.class,
                () -> GROUPS.within(4999, 1, 4096, 512)).getMessage();
        assertEquals("4,999 bytes for keys and values, but one page of 32 positions takes 5,000",
                reason);
        assertEquals(32, GROUPS.within(5000, 1, 4096, 512).positions(4096, 512));
    }

    /// A model whose layers all slide goes on for ever in a few pages.
    @Test
    void windowsAloneDoNotLimitTheContext() {
        var sliding = new KvPlan(DType.F16, 32, List.of(new KvPlan.Group(2, 0, 128, 100)));
        KvPlan plan = sliding.within(100 * 30, 1, 100_000, 512);
        assertEquals(30, plan.groups().getFirst().pages());
        assertEquals(100_000, plan.positions(100_000, 512));
        assertEquals(320, sliding.within(100 * 10, 1, 100_000, 512).positions(100_000, 512));
    }
}
