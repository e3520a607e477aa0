package dev.sluice.runtime.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.runtime.PageQuota;
import dev.sluice.runtime.schedule.Admission.Demand;
import dev.sluice.runtime.schedule.Admission.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: what never fits is refused with its numbers, what fits later waits, and no quota is ever
/// exceeded. Method: planted numbers; a fuzz beside a plain sum.
final class AdmissionTest {
    @Test
    void never_fits() {
        var admission = new Admission(100, 1);
        assertEquals(new Verdict.Admitted(), admission.atTheDoor(new Demand(10, 20, 100)));
        assertEquals(new Verdict.Refused(
                "the request needs up to 101 pages of KV memory, there are 100"),
                admission.atTheDoor(new Demand(10, 20, 101)));
    }

    @Test
    void waits_for_what_is_promised() {
        var admission = new Admission(100, 1);
        var demand = new Demand(10, 20, 50);
        assertEquals(new Verdict.Admitted(), admission.now(demand, 51, 30, false));
        assertEquals(new Verdict.Waits(1), admission.now(demand, 50, 30, false));
        assertEquals(new Verdict.Admitted(), admission.now(demand, 10, 0, true));
        assertEquals(new Verdict.Waits(1), admission.now(demand, 9, 0, true));
    }

    /// Jobs that grow evenly are on average half as large as at their end.
    @Test
    void bursts_allow_more() {
        var admission = new Admission(100, 1);
        for (int i = 0; i < 200; i++) {
            admission.ended(20, 10);
        }
        assertEquals(2, admission.burst(), 1e-3);
        assertEquals(new Verdict.Admitted(),
                admission.now(new Demand(10, 20, 50), 32, 30, false));
        admission.ended(1_000_000, 1);
        assertTrue(admission.burst() <= 2, "one odd job promises nothing");
    }

    @Test
    void soft_waits_hard_refuses() {
        var quotas = new PageQuotas(Map.of("a", new PageQuota(50, 100),
                "a/p", new PageQuota(20, 30)));
        assertTrue(quotas.take("a/p/x", 15));
        assertEquals(new Verdict.Admitted(), quotas.ask("a/p/y", 5));
        assertEquals(new Verdict.Waits(3), quotas.ask("a/p/y", 8));
        assertEquals(new Verdict.Refused("a/p holds 15 pages and may hold 30, 16 more are asked"
                + " for"), quotas.ask("a/p/y", 16));
        assertTrue(quotas.take("a/q", 34));
        assertEquals(new Verdict.Waits(1), quotas.ask("a/q", 2));
        assertInstanceOf(Verdict.Admitted.class, quotas.ask("b", 1_000_000));
        assertEquals(49, quotas.held("a"));
        quotas.giveBack("a/p/x", 15);
        assertEquals(34, quotas.held("a"));
        assertThrows(IllegalStateException.class, () -> quotas.giveBack("a/p/x", 1));
    }

    @Test
    void quotas_are_never_exceeded() {
        var quotas = new PageQuotas(Map.of("a", new PageQuota(50, 80),
                "a/p", new PageQuota(30, 40), "a/p/x", new PageQuota(10, 12),
                "b", new PageQuota(0, 60)));
        List<String> paths = List.of("a", "a/p", "a/p/x", "a/p/y", "a/q", "b/x", "b/y");
        var held = new ArrayList<Map.Entry<String, Integer>>();
        var random = new Random(3);
        for (int i = 0; i < 100_000; i++) {
            if (random.nextBoolean() || held.isEmpty()) {
                String path = paths.get(random.nextInt(paths.size()));
                int pages = 1 + random.nextInt(9);
                if (quotas.take(path, pages)) {
                    held.add(Map.entry(path, pages));
                }
            } else {
                var entry = held.remove(random.nextInt(held.size()));
                quotas.giveBack(entry.getKey(), entry.getValue());
            }
            for (Map.Entry<String, Integer> limit : Map.of("a", 80, "a/p", 40, "a/p/x", 12,
                    "b", 60).entrySet()) {
                int sum = 0;
                for (Map.Entry<String, Integer> entry : held) {
                    String path = entry.getKey() + "/";
                    sum += path.startsWith(limit.getKey() + "/") ? entry.getValue() : 0;
                }
                assertEquals(sum, quotas.held(limit.getKey()));
                assertTrue(sum <= limit.getValue(), limit + " has " + sum);
            }
        }
        for (Map.Entry<String, Integer> entry : held) {
            quotas.giveBack(entry.getKey(), entry.getValue());
        }
        assertEquals(0, quotas.held("a") + quotas.held("b"));
    }
}
