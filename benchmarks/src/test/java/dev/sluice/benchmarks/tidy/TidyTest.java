package dev.sluice.benchmarks.tidy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Goal: the source tree keeps the house style. Method: every rule of [Tidy] over every file of
/// the repository; `tidy-exceptions.txt` lists, with a reason, what may stand all the same, and
/// an exception that excuses nothing fails too.
final class TidyTest {
    private static final String EXCEPTIONS =
            "benchmarks/src/test/java/dev/sluice/benchmarks/tidy/tidy-exceptions.txt";

    private final Repository repository = Repository.enclosing();

    @Test
    void the_tree_is_tidy() {
        Map<String, Integer> exceptions = exceptions();
        var wrong = new ArrayList<String>();
        Tidy.everything(repository).forEach(violation -> {
            String excuse = exceptions.keySet().stream()
                    .filter(parts -> List.of(parts.split(" & ")).stream()
                            .allMatch(violation::contains))
                    .findFirst().orElse("");
            if (excuse.isEmpty()) {
                wrong.add(violation);
            } else {
                exceptions.merge(excuse, 1, Integer::sum);
            }
        });
        exceptions.forEach((excuse, used) -> {
            if (used == 0) {
                wrong.add(EXCEPTIONS + " excuses nothing: " + excuse);
            }
        });
        assertEquals("", String.join("\n", wrong));
    }

    @Test
    void it_looks_at_the_whole_tree() {
        for (String part : List.of("engine-kernels/core/", "moe-router/", "models/core/",
                "engine-runtime/", "orchestrator-bridge/", "benchmarks/")) {
            assertTrue(repository.files().stream().anyMatch(file -> file.startsWith(part)), part);
        }
        assertTrue(repository.files().contains("sluice"));
    }

    /// Parts of a violation's text, and how often they were needed: never yet. A line of the file
    /// is those parts with ` & ` between, ` -- ` and the reason.
    private Map<String, Integer> exceptions() {
        var exceptions = new LinkedHashMap<String, Integer>();
        for (String line : repository.text(EXCEPTIONS).lines().toList()) {
            if (!line.startsWith("#") && !line.isBlank()) {
                String[] parts = line.split(" -- ", 2);
                assertEquals(2, parts.length, "an exception without its reason: " + line);
                exceptions.put(parts[0].strip(), 0);
            }
        }
        return exceptions;
    }
}
