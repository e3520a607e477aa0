package dev.sluice.models.defaults;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.CausalLm;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.file.FileTensor;
import dev.sluice.models.file.ModelPath;
import dev.sluice.models.file.TensorFile;
import dev.sluice.models.json.Json;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.router.ExpertSnapshot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Goal: the orchestrator routes as it was trained to: its correction biases are in the file and
/// in use, and held-out text loads the experts as evenly as the training's report says. Method:
/// run new conversations with an observer that counts, and compare with PyTorch's counts for the
/// same texts (unseen-routing.json.gz has the words of the training side, held-out-routing.json.gz
/// those of the test side; by models/training/evaluate.py --loads).
final class HeldOutRoutingTest {
    /// A near-tie may fall the other way in another engine and with 8-bit weights.
    private static final double MOVED_SHARE_MAX = 0.02;
    private static final double MAX_VIO_TOLERANCE = 0.03;
    private static final String HELD_OUT = "held-out-routing.json.gz";
    private static final int CONTEXT_TOKENS = 1024;

    @TempDir
    private Path folder;

    @Test
    void the_biases_are_in_the_file() throws IOException {
        Map<?, ?> golden = golden(HELD_OUT);
        try (TensorFile file = ModelPath.open(DefaultModel.ORCHESTRATOR.extractTo(folder))) {
            int found = 0;
            for (FileTensor tensor : file.tensors()) {
                if (tensor.name().endsWith("exp_probs_b.bias")) {
                    found++;
                }
            }
            assertEquals(((List<?>) golden.get("counts")).size(), found);
        }
    }

    /// The words of the test side are few, so that each weighs on the balance.
    @ParameterizedTest
    @CsvSource({"unseen-routing.json.gz, 0.10", HELD_OUT + ", 0.20"})
    void new_text_loads_the_experts_as_reported(String name, double maxVioMax)
            throws IOException {
        Map<?, ?> golden = golden(name);
        List<?> expected = (List<?>) golden.get("counts");
        Map<Integer, int[]> counts = count((List<?>) golden.get("texts"));
        assertEquals(expected.size(), counts.size(), "expert layers");
        int i = 0;
        for (int[] got : counts.values()) {
            int[] want = ints((List<?>) expected.get(i++));
            assertEquals(Arrays.stream(want).sum(), Arrays.stream(got).sum());
            String both = Arrays.toString(want) + " " + Arrays.toString(got);
            double moved = 0;
            for (int e = 0; e < want.length; e++) {
                moved += Math.abs(want[e] - got[e]) / 2.0;
            }
            assertTrue(moved <= MOVED_SHARE_MAX * Arrays.stream(want).sum(), both);
            assertEquals(maxVio(want), maxVio(got), MAX_VIO_TOLERANCE, both);
            assertTrue(maxVio(got) <= maxVioMax, maxVio(got) + ": " + both);
        }
    }

    @Test
    void max_vio_is_the_overload_of_the_fullest() {
        assertEquals(0.5, maxVio(new int[] {3, 2, 1, 2}), 1e-12);
        assertArrayEquals(new int[] {1, 2}, ints(List.of(1L, 2L)));
    }

    /// Choices of each expert, by transformer layer.
    private Map<Integer, int[]> count(List<?> texts) throws IOException {
        Kernels kernels = Kernels.open("vector", new BackendOptions(0, 1, Long.MAX_VALUE));
        var options = new LoadOptions(DType.F16, CONTEXT_TOKENS, 1, CONTEXT_TOKENS);
        Path path = DefaultModel.ORCHESTRATOR.extractTo(folder);
        try (LoadedModel model = LoadedModel.open(path, kernels, options, _ -> { })) {
            Tokenizer tokenizer = model.texts().tokenizer();
            for (Object text : texts) {
                read(model.lm(), tokenizer.encodePrompt((String) text));
            }
            var result = new TreeMap<Integer, int[]>();
            for (ExpertSnapshot.Layer layer : model.expertStatistics().snapshot().layers()) {
                result.put(layer.layer(), Arrays.stream(layer.counts())
                        .mapToInt(Math::toIntExact).toArray());
            }
            return result;
        }
    }

    private static void read(CausalLm lm, int[] ids) {
        var batch = new Batch(ids.length, 1);
        int[][] pages = new int[lm.kvPlan().groups().size()][];
        for (int g = 0; g < pages.length; g++) {
            pages[g] = new int[lm.kvPlan().groups().get(g).pages()];
            Arrays.setAll(pages[g], i -> i);
        }
        batch.clear();
        batch.sequence(pages);
        for (int i = 0; i < ids.length; i++) {
            batch.row(ids[i], i, i == ids.length - 1);
        }
        lm.forward(batch, Matrix.host(new float[lm.vocab()], 1, lm.vocab()));
    }

    private static double maxVio(int[] loads) {
        double mean = Arrays.stream(loads).average().orElseThrow();
        return Arrays.stream(loads).max().orElseThrow() / mean - 1;
    }

    private static int[] ints(List<?> numbers) {
        return numbers.stream().mapToInt(n -> ((Number) n).intValue()).toArray();
    }

    private static Map<?, ?> golden(String name) throws IOException {
        try (var in = new GZIPInputStream(HeldOutRoutingTest.class.getResourceAsStream(name))) {
            return (Map<?, ?>) Json.parse(in.readAllBytes());
        }
    }
}
