package dev.sluice.models.family;

import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.contract.RequiredBackend;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Goal: every family and encoding gives the logits and the greedy text of its reference
/// implementation, from GGUF and from safetensors, on every backend.
///
/// Method: tiny random models with logits computed by transformers (`golden.json` says which
/// version); for encodings, logits computed by libllama on the same weights expanded to float32,
/// and libllama's own error with its quantised activations. The prompt goes in chunks of 17 rows,
/// so that chunked prefill is what is judged. The repository carries a share of the cases;
/// `-Dgoldens=DIR` runs all those in `DIR/goldens`.
class GoldensTest {
    private static final List<String> BACKENDS = backends();

    private static int compared;

    /// Those of every build, CUDA where there is a device, and one that the build requires:
    /// TornadoVM's needs a JVM of its own.
    private static List<String> backends() {
        var backends = new ArrayList<>(List.of("reference", "vector", "opencl"));
        if (RequiredBackend.isExpected("cuda")) {
            backends.add("cuda");
        }
        String required = System.getProperty(RequiredBackend.PROPERTY, "");
        if (!required.isEmpty() && !backends.contains(required)) {
            backends.add(required);
        }
        return List.copyOf(backends);
    }

    @TestFactory
    List<DynamicTest> families() throws IOException {
        List<DynamicTest> tests = tests(GoldenCase.families(root()));
        assertFalse(tests.isEmpty(), "no goldens found");
        return tests;
    }

    @TestFactory
    List<DynamicTest> longPrompts() throws IOException {
        return tests(GoldenCase.longPrompts(root()));
    }

    @TestFactory
    List<DynamicTest> encodings() throws IOException {
        List<DynamicTest> tests = tests(GoldenCase.encodings(root()));
        assertFalse(tests.isEmpty(), "no quantised goldens found");
        return tests;
    }

    private static List<DynamicTest> tests(List<GoldenCase> cases) {
        var tests = new ArrayList<DynamicTest>();
        for (GoldenCase golden : cases) {
            for (String backend : BACKENDS) {
                tests.add(DynamicTest.dynamicTest(golden.name() + " on " + backend, () -> {
                    golden.check(new Kernels(RequiredBackend.open(backend)),
                            backend.equals("reference"));
                    compared++;
                }));
            }
        }
        return tests;
    }

    /// The repository's goldens, or all of `-Dgoldens`.
    private static Path root() {
        String all = System.getProperty("goldens", "");
        return all.isEmpty() ? Path.of("src/test/resources/goldens") : Path.of(all, "goldens");
    }

    @AfterAll
    static void report() {
        System.out.printf("GoldensTest: %d cases compared%s%n", compared,
                System.getProperty("goldens", "").isEmpty()
                        ? " (the repository's share; -Dgoldens=DIR runs all)" : "");
    }
}
