package dev.sluice.models.family;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.contract.RequiredBackend;
import dev.sluice.models.Gunzipped;
import dev.sluice.models.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
    /// Float32 sums in another order; measured 2e-7 to 4e-6.
    private static final double FLOAT_ERROR_MAX = 1e-4;
    /// Against libllama's own error, whose activations are quantised too. Experts may flip.
    private static final double DENSE_RATIO_MAX = 1.2;
    private static final double EXPERTS_RATIO_MAX = 1.5;
    private static final List<String> BACKENDS = backends();

    private static int compared;

    /// Those of every build, and one that the build requires: TornadoVM's needs a JVM of its own.
    private static List<String> backends() {
        var backends = new ArrayList<>(List.of("reference", "vector", "opencl"));
        String required = System.getProperty(RequiredBackend.PROPERTY, "");
        if (!required.isEmpty() && !backends.contains(required)) {
            backends.add(required);
        }
        return List.copyOf(backends);
    }

    @TestFactory
    List<DynamicTest> families() {
        var tests = new ArrayList<DynamicTest>();
        for (Path folder : folders("")) {
            for (String model : List.of("model-f32.gguf", "hf")) {
                addFloatCase(tests, folder, model, true);
            }
        }
        assertFalse(tests.isEmpty(), "no goldens found");
        return tests;
    }

    /// 700 positions: attention splits and page borders are crossed.
    @TestFactory
    List<DynamicTest> longPrompts() {
        var tests = new ArrayList<DynamicTest>();
        for (Path folder : folders("long")) {
            addFloatCase(tests, folder, "model-f32.gguf", false);
        }
        return tests;
    }

    @TestFactory
    List<DynamicTest> encodings() throws IOException {
        var tests = new ArrayList<DynamicTest>();
        for (Path folder : folders("quantised")) {
            var errors = (Map<?, ?>) Json.parse(
                    Files.readAllBytes(folder.resolve("libllama-error.json")));
            for (Map.Entry<?, ?> entry : errors.entrySet()) {
                String encoding = (String) entry.getKey();
                if (Files.exists(folder.resolve("model-" + encoding + ".gguf"))) {
                    for (String backend : BACKENDS) {
                        tests.add(DynamicTest.dynamicTest(
                                "%s %s on %s".formatted(name(folder), encoding, backend),
                                () -> encoding(folder, encoding, backend,
                                        (Double) entry.getValue())));
                    }
                }
            }
        }
        assertFalse(tests.isEmpty(), "no quantised goldens found");
        return tests;
    }

    private static void addFloatCase(List<DynamicTest> tests, Path folder, String model,
            boolean greedy) {
        if (!Files.exists(folder.resolve(model)) && !Files.exists(folder.resolve(model + ".gz"))) {
            return;
        }
        for (String backend : BACKENDS) {
            tests.add(DynamicTest.dynamicTest(
                    "%s %s on %s".formatted(name(folder), model, backend),
                    () -> floats(folder, model, backend, greedy)));
        }
    }

    private static void floats(Path folder, String model, String backend, boolean greedy)
            throws IOException {
        GoldenLogits golden = GoldenLogits.read(folder, "golden-logits.f32");
        var continuation = new int[greedy ? golden.greedy().length : 0];
        float[] got = GoldenLogits.run(Gunzipped.file(folder.resolve(model)), backend,
                golden.prompt(), 17, continuation);
        double error = GoldenLogits.relativeError(got, golden.logits());
        assertTrue(error <= FLOAT_ERROR_MAX,
                "relative error %.2e, allowed %.0e".formatted(error, FLOAT_ERROR_MAX));
        if (greedy) {
            assertArrayEquals(golden.greedy(), continuation, "greedy continuation");
        }
        compared++;
    }

    private static void encoding(Path folder, String encoding, String backend, double libllama)
            throws IOException {
        GoldenLogits golden = GoldenLogits.read(folder, "golden-logits-" + encoding + ".f32");
        float[] got = GoldenLogits.run(folder.resolve("model-" + encoding + ".gguf"), backend,
                golden.prompt(), 17, new int[0]);
        double error = GoldenLogits.relativeError(got, golden.logits());
        double ratio = name(folder).contains("moe") ? EXPERTS_RATIO_MAX : DENSE_RATIO_MAX;
        double allowed = backend.equals("reference") ? FLOAT_ERROR_MAX : ratio * libllama;
        assertTrue(error <= allowed, "relative error %.2e, allowed %.2e (libllama's own is %.2e)"
                .formatted(error, allowed, libllama));
        compared++;
    }

    /// Folders with a golden.json: the repository's, or all of `-Dgoldens`.
    private static List<Path> folders(String group) {
        String all = System.getProperty("goldens", "");
        Path root = all.isEmpty() ? Path.of("src/test/resources/goldens")
                : Path.of(all, "goldens");
        Path base = group.isEmpty() ? root : root.resolve(group);
        if (!Files.isDirectory(base)) {
            return List.of();
        }
        try (var children = Files.list(base)) {
            return children.filter(f -> Files.exists(f.resolve("golden.json"))).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String name(Path folder) {
        return folder.getFileName().toString();
    }

    @AfterAll
    static void report() {
        System.out.printf("GoldensTest: %d cases compared%s%n", compared,
                System.getProperty("goldens", "").isEmpty()
                        ? " (the repository's share; -Dgoldens=DIR runs all)" : "");
    }
}
