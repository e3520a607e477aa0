package dev.sluice.bridge.responses;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.chat.ChatRequest;
import dev.sluice.bridge.chat.OutputRule;
import dev.sluice.runtime.RequestHints;
import dev.sluice.runtime.SamplingParams;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Goal: the store never holds more than its limit, forgets in time, and shares its room between
/// callers. Method: responses made by hand, and a clock that is moved.
@Timeout(60)
final class ResponseStoreTest {
    private static final class MovedClock extends Clock {
        private Instant now = Instant.EPOCH;

        @Override
        public ZoneId getZone() { return ZoneOffset.UTC; }

        @Override
        public Clock withZone(ZoneId zone) { return this; }

        @Override
        public Instant instant() { return now; }
    }

    private final MovedClock clock = new MovedClock();
    private final ResponseStore store =
            new ResponseStore(clock, 40_000, Duration.ofHours(1));
    private int made;

    /// Keeps a response of about `chars` bytes, twice: in its items and as it was sent.
    private String keep(String client, String previous, int chars) {
        List<Map<String, Object>> input = List.of(Items.message(
                "", "user", "completed", List.of(Items.inputText("question " + made))));
        List<Map<String, Object>> context = new ArrayList<>(
                previous.isEmpty() ? List.of() : store.context(client, previous));
        context.addAll(input);
        var settings = new ChatRequest.Settings(SamplingParams.greedy(), 1, List.of(), 1,
                RequestHints.NONE, "", new OutputRule.Free());
        var request = new ChatRequest("", List.of(), List.of(), Map.of(), "", settings);
        var body = new ResponseBody(request, context, input, previous,
                new ResponseBody.Switches(true, false, false), Map.of());
        String id = "resp_" + made++;
        store.keep(client, body, Map.of("id", id, "text", "x".repeat(chars)),
                List.of(Items.message("", "assistant", "completed",
                        List.of(Items.outputText("y".repeat(chars), List.of())))));
        return id;
    }

    private boolean has(String client, String id) {
        try {
            store.response(client, id);
            return true;
        } catch (ApiException e) {
            assertEquals(404, e.kind().status());
            return false;
        }
    }

    @Test
    void the_oldest_go_when_there_is_no_room() {
        String first = keep("a", "", 1000);
        String second = keep("a", "", 1000);
        for (int i = 0; i < 30; i++) {
            // To look at a response is to use it.
            assertTrue(has("a", first));
            keep("a", "", 1000);
            assertTrue(store.bytes() <= 40_000);
        }
        assertFalse(has("a", second));
    }

    @Test
    void who_holds_most_gives_way() {
        String modest = keep("b", "", 100);
        for (int i = 0; i < 100; i++) {
            keep("a", "", 1000);
        }
        assertTrue(has("b", modest));
        keep("b", "", 100_000);
        assertTrue(store.bytes() <= 40_000);
    }

    @Test
    void nothing_is_kept_for_longer_than_promised() {
        String id = keep("a", "", 1000);
        clock.now = clock.now.plus(Duration.ofMinutes(59));
        assertTrue(has("a", id));
        clock.now = clock.now.plus(Duration.ofMinutes(2));
        assertFalse(has("a", id));
        keep("b", "", 10);
        assertEquals(1, store.size());
    }

    @Test
    void a_long_chain_is_kept_once() {
        String last = keep("a", "", 100);
        long one = store.bytes();
        for (int i = 1; i < 20; i++) {
            last = keep("a", last, 100);
        }
        assertEquals(20, store.size());
        assertTrue(store.bytes() < 25 * one, store.bytes() + " for 20 of " + one);
        List<Map<String, Object>> conversation = store.context("a", last);
        assertEquals(40, conversation.size());
        assertTrue(conversation.getFirst().toString().contains("question 0"));
        assertEquals(39, store.input("a", last).size());
        String item = (String) conversation.getFirst().get("id");
        assertTrue(store.item("a", item).isPresent());
        for (int i = 0; i < 19; i++) {
            store.delete("a", "resp_" + i);
        }
        assertEquals(40, store.context("a", last).size());
        store.delete("a", last);
        assertEquals(0, store.bytes());
        assertFalse(store.item("a", item).isPresent());
    }

    @Test
    void what_others_have_is_not_there() {
        String id = keep("a", "", 10);
        assertThrows(ApiException.class, () -> store.context("b", id));
        assertThrows(ApiException.class, () -> store.delete("b", id));
        assertThrows(ApiException.class, () -> store.input("b", id));
    }

    @Test
    void bytes_are_counted_right_whatever_happens() {
        var random = new Random(5);
        var ids = new ArrayList<String>();
        for (int i = 0; i < 3000; i++) {
            String client = random.nextBoolean() ? "a" : "b";
            String previous = ids.isEmpty() || random.nextInt(3) == 0 ? ""
                    : ids.get(random.nextInt(ids.size()));
            boolean mine = !previous.isEmpty() && has(client, previous);
            if (mine && random.nextInt(4) == 0) {
                store.delete(client, previous);
                continue;
            }
            ids.add(keep(client, mine ? previous : "", random.nextInt(1500)));
            clock.now = clock.now.plusSeconds(random.nextInt(30));
            assertTrue(store.bytes() <= 40_000);
        }
        for (String id : ids) {
            for (String client : List.of("a", "b")) {
                if (has(client, id)) {
                    store.delete(client, id);
                }
            }
        }
        clock.now = clock.now.plus(Duration.ofHours(2));
        store.delete("a", keep("a", "", 1));
        assertEquals(0, store.bytes());
        assertEquals(0, store.size());
    }
}
