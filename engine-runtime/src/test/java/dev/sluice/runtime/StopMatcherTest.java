package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: stop strings are found wherever the tokens end, and no more is held back than must be.
/// Method: random texts over two letters, cut at random, against a search of the whole text.
class StopMatcherTest {
    /// Text before the match that ends first; of those that end there, the longest.
    private static String naive(String text, List<String> stops) {
        for (int end = 1; end <= text.length(); end++) {
            String best = "";
            for (String stop : stops) {
                if (text.startsWith(stop, end - stop.length()) && stop.length() > best.length()) {
                    best = stop;
                }
            }
            if (!best.isEmpty()) {
                return text.substring(0, end - best.length()) + "|" + best;
            }
        }
        return text + "|";
    }

    /// Longest suffix that a stop string goes on from.
    private static int mustHold(String text, List<String> stops) {
        for (int length = text.length(); length > 0; length--) {
            String suffix = text.substring(text.length() - length);
            for (String stop : stops) {
                if (stop.length() > length && stop.startsWith(suffix)) {
                    return length;
                }
            }
        }
        return 0;
    }

    private static String randomText(Random random, int length) {
        var text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append((char) ('a' + random.nextInt(2)));
        }
        return text.toString();
    }

    @Test
    void agreesWithTheNaiveSearch() {
        int stopped = 0;
        for (int seed = 0; seed < 20_000; seed++) {
            var random = new Random(seed);
            var stops = new ArrayList<String>();
            for (int i = random.nextInt(4); i >= 0; i--) {
                stops.add(randomText(random, 1 + random.nextInt(7)));
            }
            String text = randomText(random, random.nextInt(30));
            var matcher = new StopMatcher(new StopMatcher.Patterns(stops));
            var out = new StringBuilder();
            int at = 0;
            while (at < text.length()) {
                int end = Math.min(text.length(), at + random.nextInt(5));
                out.append(new String(matcher.push(text.substring(at, end)
                        .getBytes(StandardCharsets.UTF_8)), StandardCharsets.UTF_8));
                at = end;
                if (!matcher.stopped()) {
                    assertEquals(at - mustHold(text.substring(0, at), stops), out.length(),
                            "held back, seed " + seed);
                }
            }
            out.append(new String(matcher.flush(), StandardCharsets.UTF_8));
            assertEquals(naive(text, stops), out + "|" + matcher.matched(), "seed " + seed);
            stopped += matcher.stopped() ? 1 : 0;
        }
        assertTrue(stopped > 5000 && stopped < 19_000, "stopped " + stopped);
    }

    @Test
    void afterAMatchNothingComes() {
        var matcher = new StopMatcher(new StopMatcher.Patterns(List.of("stop")));
        assertEquals("a ", new String(matcher.push("a stopb".getBytes(StandardCharsets.UTF_8)),
                StandardCharsets.UTF_8));
        assertEquals(0, matcher.push(new byte[] {'c'}).length);
        assertEquals(0, matcher.flush().length);
    }
}
