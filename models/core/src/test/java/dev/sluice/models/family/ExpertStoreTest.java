package dev.sluice.models.family;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.ExpertTable;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.CausalLm;
import dev.sluice.models.InsufficientMemoryException;
import dev.sluice.models.KvPlan;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.MemoryPlan;
import dev.sluice.models.ModelPlan;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.file.ModelPath;
import dev.sluice.models.file.TensorFile;
import dev.sluice.models.skip.SublayerMode;
import dev.sluice.router.ExpertCachePolicy;
import dev.sluice.router.ExpertCacheStatistics;
import dev.sluice.router.PlacedExperts;
import dev.sluice.router.RoutingObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Goal: where experts are kept changes no bit of the logits, and a budget is kept or refused.
/// Method: every MoE family's golden model on both backends, uncached first, then behind caches of
/// several budgets and every policy, and with permuted and replicated experts; prompt in chunks of
/// 17 rows, which need more experts than the small budgets hold, then a greedy continuation.
/// `-Dgoldens=DIR` runs all families, otherwise the repository's share.
class ExpertStoreTest {
    private static final int CHUNK = 17;
    private static final int CONTINUED = 8;

    private static Path root() {
        String all = System.getProperty("goldens", "");
        return all.isEmpty() ? Path.of("src/test/resources/goldens") : Path.of(all, "goldens");
    }

    /// Models with experts whose tensors are used as they are stored; long prompts say no more.
    private static List<Path> models() {
        var found = new ArrayList<Path>();
        try (var files = Files.walk(root(), 3)) {
            for (Path file : files.sorted().toList()) {
                String name = file.getFileName().toString();
                if (name.startsWith("model-") && name.endsWith(".gguf")
                        && !file.getParent().getParent().endsWith("long")
                        && Files.exists(file.resolveSibling("golden.json"))
                        && plan(file).experts().storedBytes() > 0) {
                    found.add(file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }

    private static MemoryPlan plan(Path model) {
        try (TensorFile file = ModelPath.open(model)) {
            return ModelPlan.of(file, LoadOptions.defaults()).memory();
        }
    }

    /// One run of a model: logits of the prompt, and the continuation.
    private record Run(float[] logits, int[] greedy) {
        static Run of(CausalLm lm, int[] prompt) {
            var greedy = new int[CONTINUED];
            return new Run(GoldenLogits.run(lm, prompt, CHUNK, greedy), greedy);
        }

        void requireSame(Run other) {
            for (int i = 0; i < logits.length; i++) {
                assertEquals(Float.floatToRawIntBits(logits[i]),
                        Float.floatToRawIntBits(other.logits[i]), "bits of logit " + i);
            }
            assertArrayEquals(greedy, other.greedy, "continuation");
        }
    }

    private static LoadOptions options(int[] prompt) {
        return new LoadOptions(DType.F32, prompt.length + CONTINUED, 1, 64);
    }

    private static LoadedModel open(Path model, String backend, LoadOptions options) {
        return LoadedModel.open(model, Kernels.open(backend, BackendOptions.defaults()), options,
                _ -> { });
    }

    private static int[] prompt(Path model) throws IOException {
        String name = model.getFileName().toString();
        String logits = Files.exists(model.resolveSibling("golden-logits.f32"))
                ? "golden-logits.f32"
                : "golden-logits-" + name.substring(6, name.indexOf(".gguf")) + ".f32";
        return GoldenLogits.read(model.getParent(), logits).prompt();
    }

    @TestFactory
    List<DynamicTest> sameBitsBehindACache() {
        var tests = new ArrayList<DynamicTest>();
        for (Path model : models()) {
            for (String backend : List.of("reference", "vector")) {
                tests.add(DynamicTest.dynamicTest(
                        model.getParent().getFileName() + " " + model.getFileName() + " on "
                        + backend, () -> cached(model, backend)));
            }
        }
        assertFalse(tests.isEmpty(), "no goldens with experts");
        return tests;
    }

    private static void cached(Path model, String backend) throws IOException {
        int[] prompt = prompt(model);
        Run want;
        try (LoadedModel loaded = open(model, backend, options(prompt))) {
            want = Run.of(loaded.lm(), prompt);
            assertTrue(loaded.expertCacheStatistics().isEmpty(), "no cache without a budget");
        }
        long stored = plan(model).experts().storedBytes();
        // Encodings differ in how they are loaded, families in how they are routed.
        boolean encoding = !model.getFileName().toString().contains("f32");
        for (ExpertCachePolicy policy : encoding ? new ExpertCachePolicy[] {ExpertCachePolicy.LFU}
                : ExpertCachePolicy.values()) {
            long previous = 0;
            for (double share : encoding ? new double[] {0.3} : new double[] {0, 0.3, 0.7, 4}) {
                long budget = share == 0 ? least(model, backend) : (long) (share * stored);
                if (budget <= previous) {
                    continue;
                }
                previous = budget;
                try (LoadedModel loaded = open(model, backend,
                        options(prompt).withExpertMemory(budget, policy))) {
                    want.requireSame(Run.of(loaded.lm(), prompt));
                    // Again, from slots that are full.
                    want.requireSame(Run.of(loaded.lm(), prompt));
                    requireKept(loaded.expertCacheStatistics().orElseThrow(), budget, stored);
                }
            }
        }
    }

    /// The least budget, from the refusal of one that is too small.
    private static long least(Path model, String backend) {
        var refused = assertThrows(InsufficientMemoryException.class, () -> open(model, backend,
                options(new int[1]).withExpertMemory(1, ExpertCachePolicy.LRU)).close());
        var numbers = java.util.regex.Pattern.compile("one more take ([0-9,]+) bytes")
                .matcher(refused.getMessage());
        assertTrue(numbers.find(), refused.getMessage());
        return Long.parseLong(numbers.group(1).replace(",", ""));
    }

    private static void requireKept(ExpertCacheStatistics s, long budget, long stored) {
        assertTrue(s.slotBytes() <= budget, s + " of a budget of " + budget);
        assertTrue(s.requests() > 0 && s.misses() > 0, s.toString());
        if (budget > 2 * stored) {
            assertEquals(0, s.evictions(), s.toString());
            assertEquals(0, s.waves(), s.toString());
        }
    }

    @TestFactory
    List<DynamicTest> sameBitsWithCopiesAtOtherPlaces() {
        var tests = new ArrayList<DynamicTest>();
        for (Path model : models()) {
            for (String backend : List.of("reference", "vector")) {
                tests.add(DynamicTest.dynamicTest(
                        model.getParent().getFileName() + " " + model.getFileName() + " on "
                        + backend, () -> placed(model, backend)));
            }
        }
        return tests;
    }

    private static void placed(Path model, String backend) throws IOException {
        int[] prompt = prompt(model);
        Run want;
        int experts;
        try (LoadedModel loaded = open(model, backend, options(prompt))) {
            want = Run.of(loaded.lm(), prompt);
            experts = loaded.config().experts().experts();
        }
        var random = new Random(5);
        for (int extra : new int[] {0, 3, experts}) {
            var store = new PlacedExperts(_ -> table(experts, extra, random));
            Arena copies = Arena.ofShared();
            LoadOptions options = options(prompt);
            DecoderLoader loader = DecoderLoader.of(
                    ModelPath.open(model), options.contextTokens(), copies);
            KvPlan kv = loader.kvGroups(options.kvType()).within(
                    0, 1, options.contextTokens(), options.maxRows());
            try (CausalLm lm = loader.load(Kernels.open(backend, BackendOptions.defaults()),
                            kv, new Limits(options.maxRows(), 1,
                                    options.contextTokens()),
                            new ExpertHooks(RoutingObserver.none(), store),
                            new SublayerMode.Exact(), _ -> { })) {
                want.requireSame(Run.of(lm, prompt));
            }
        }
    }

    /// Experts in random order, `extra` random copies, and one place that serves no one.
    private static ExpertTable table(int experts, int extra, Random random) {
        var places = new ArrayList<Integer>();
        for (int p = 0; p < experts + extra + 1; p++) {
            places.add(p);
        }
        java.util.Collections.shuffle(places, random);
        var copies = new int[experts][];
        for (int e = 0; e < experts; e++) {
            copies[e] = new int[] {places.get(e)};
        }
        for (int i = 0; i < extra; i++) {
            int e = random.nextInt(experts);
            copies[e] = java.util.Arrays.copyOf(copies[e], copies[e].length + 1);
            copies[e][copies[e].length - 1] = places.get(experts + i);
        }
        return ExpertTable.of(copies, places.size());
    }

    @Test
    void aDenseModelRefusesABudget() {
        Path dense = Path.of("src/test/resources/goldens/llama/model-f32.gguf");
        var refused = assertThrows(UnsupportedModelException.class, () -> open(dense, "reference",
                options(new int[1]).withExpertMemory(1 << 20, ExpertCachePolicy.LRU)).close());
        assertTrue(refused.getMessage().contains("dense"), refused.getMessage());
    }
}
