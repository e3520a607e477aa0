package dev.sluice.models.skip;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.MalformedModelException;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.file.ModelPath;
import dev.sluice.models.file.TensorFile;
import dev.sluice.router.RoutingObserver;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Goal: a model that follows a plan computes what the plan says, for each row by itself.
///
/// Method: stories260K with random plans. A row's logits are the same bits whatever its batch and
/// however its prompt is cut; a plan that forecasts no row is the exact model; a skipped
/// attention's keys and values are written; files that are cut, altered or another model's are
/// refused.
class InformedModelTest {
    private static final Path MODEL =
            Path.of("src/test/resources/stories260K/stories260K.gguf");
    private static final int LAYERS = 5;
    private static final int HIDDEN = 64;
    private static final int LENGTH = 40;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"reference", "vector"})
    void aRowDoesNotDependOnItsBatch(String backend) {
        SkipPlan plan = random(5, 0);
        int[] tokens = tokens(6);
        var counts = new SkipCounts();
        float[][] whole = logits(backend, new SublayerMode.Informed(plan, counts), tokens, LENGTH);
        double share = (double) counts.skipped() / counts.rows();
        assertTrue(share > 0.2 && share < 0.8, "forecast " + share);
        for (int chunk : new int[] {1, 7}) {
            float[][] cut = logits(backend, new SublayerMode.Informed(plan, new SkipCounts()),
                    tokens, chunk);
            assertArrayEquals(whole, cut, "chunks of " + chunk);
        }
    }

    @Test
    void noRowForecastIsTheExactModel() {
        int[] tokens = tokens(7);
        float[][] exact = logits("vector", new SublayerMode.Exact(), tokens, LENGTH);
        SkipPlan never = random(5, Float.NEGATIVE_INFINITY);
        assertArrayEquals(exact, logits("vector",
                new SublayerMode.Informed(never, new SkipCounts()), tokens, LENGTH));
        SkipPlan some = random(5, 0);
        assertFalse(Arrays.deepEquals(exact, logits("vector",
                new SublayerMode.Informed(some, new SkipCounts()), tokens, LENGTH)));
    }

    /// The last layer's attention is dropped for all rows, and its pages hold what the exact model
    /// writes: a later row that runs it sees keys and values of all before.
    @Test
    void skippedRowsLeaveTheirKeysAndValues() {
        int[] tokens = tokens(8);
        float[][] exact = logits("vector", new SublayerMode.Exact(), tokens, LENGTH);
        Forecast all = new Forecast(LAYERS - 1, SublayerKind.ATTENTION, new float[HIDDEN], 1,
                LowRank.zero(HIDDEN));
        var mode = new SublayerMode.Informed(plan(List.of(all)), new SkipCounts());
        try (LoadedModel opened = open("vector", mode); LoadedModel plain = open("vector",
                new SublayerMode.Exact())) {
            assertEquals(0, pageDifference(opened, plain, tokens));
        }
        assertFalse(Arrays.equals(exact[LENGTH - 1],
                logits("vector", mode, tokens, LENGTH)[LENGTH - 1]));
    }

    @Test
    void aPlanSurvivesItsFile() throws Exception {
        SkipPlan plan = random(9, 0);
        Path file = folder.resolve("a.plan");
        try (TensorFile model = ModelPath.open(MODEL)) {
            SkipPlan keyed = new SkipPlan(ModelKey.of(model), LAYERS, HIDDEN, plan.forecasts(),
                    new SkipFigures(5, 0.25, 0.98, 0.01, 0.001));
            SkipPlanFile.write(keyed, file);
            SkipPlan read = SkipPlanFile.read(file, model);
            assertEquals(keyed.judged(), read.judged());
            assertTrue(read.describe().contains("not the model of the file"), read.describe());
            assertArrayEquals(
                    logits("vector", new SublayerMode.Informed(keyed, new SkipCounts()),
                            tokens(9), LENGTH),
                    logits("vector", new SublayerMode.Informed(read, new SkipCounts()),
                            tokens(9), LENGTH));
            SkipPlanFile.write(plan, file);
            assertThrows(UnsupportedModelException.class, () -> SkipPlanFile.read(file, model),
                    "another model's plan");
            damaged(file, keyed, model);
        }
    }

    private static void damaged(Path file, SkipPlan plan, TensorFile model) throws Exception {
        SkipPlanFile.write(plan, file);
        byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length < whole.length; length += length < 300 ? 1 : 997) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThrows(MalformedModelException.class, () -> SkipPlanFile.read(file, model));
        }
        var random = new SplittableRandom(10);
        for (int i = 0; i < 300; i++) {
            byte[] altered = whole.clone();
            altered[random.nextInt(240)] = (byte) random.nextInt();
            Files.write(file, altered);
            try {
                SkipPlanFile.read(file, model);
            } catch (MalformedModelException | UnsupportedModelException e) {
                assertFalse(e.getMessage().isEmpty());
            }
        }
    }

    @Test
    void aPlanOfAnotherShapeIsRefused() {
        var other = new SkipPlan("0".repeat(64), LAYERS + 1, HIDDEN, List.of(),
                new SkipFigures(0, 0, 0, 0, 0));
        var mode = new SublayerMode.Informed(other, new SkipCounts());
        assertThrows(UnsupportedModelException.class, () -> open("vector", mode).close());
    }

    // ---- running ------------------------------------------------------------------------

    private static LoadedModel open(String backend, SublayerMode mode) {
        return LoadedModel.open(MODEL, Kernels.open(backend, BackendOptions.defaults()),
                new LoadOptions(DType.F32, LENGTH, 1, LENGTH), RoutingObserver.none(), mode,
                _ -> { });
    }

    private static float[][] logits(String backend, SublayerMode mode, int[] tokens, int chunk) {
        var out = new float[tokens.length][];
        try (LoadedModel opened = open(backend, mode)) {
            var windows = new TokenWindows(opened.lm());
            for (int from = 0; from < tokens.length; from += chunk) {
                int count = Math.min(chunk, tokens.length - from);
                Matrix logits = windows.run(tokens, from, count);
                for (int row = 0; row < count; row++) {
                    out[from + row] = new float[logits.cols()];
                    for (int i = 0; i < logits.cols(); i++) {
                        out[from + row][i] = logits.f32(row, i);
                    }
                }
            }
        }
        return out;
    }

    /// Bytes of the pages that differ after the same tokens.
    private static int pageDifference(LoadedModel a, LoadedModel b, int[] tokens) {
        var memories = new ArrayList<byte[]>();
        for (LoadedModel model : List.of(a, b)) {
            new TokenWindows(model.lm()).runAll(tokens);
            var bytes = new byte[(int) model.lm().pageBytes(0)];
            model.lm().exportPage(0, 0, java.lang.foreign.MemorySegment.ofArray(bytes));
            memories.add(bytes);
        }
        int different = 0;
        for (int i = 0; i < memories.getFirst().length; i++) {
            different += memories.get(0)[i] == memories.get(1)[i] ? 0 : 1;
        }
        return different;
    }

    private static int[] tokens(long seed) {
        var random = new SplittableRandom(seed);
        var out = new int[LENGTH];
        for (int i = 1; i < LENGTH; i++) {
            out[i] = random.nextInt(3, 500);
        }
        out[0] = 1;
        return out;
    }

    private static SkipPlan random(long seed, float threshold) {
        var random = new SplittableRandom(seed);
        var forecasts = new ArrayList<Forecast>();
        for (SublayerKind kind : SublayerKind.values()) {
            for (int layer = 1; layer < LAYERS; layer += 2) {
                var map = new LowRank(4, floats(random, 4 * HIDDEN), floats(random, 4 * HIDDEN),
                        floats(random, HIDDEN));
                forecasts.add(
                        new Forecast(layer, kind, floats(random, HIDDEN), threshold, map));
            }
        }
        return plan(forecasts);
    }

    private static SkipPlan plan(List<Forecast> forecasts) {
        return new SkipPlan("0".repeat(64), LAYERS, HIDDEN, forecasts,
                new SkipFigures(0, 0, 0, 0, 0));
    }

    private static float[] floats(SplittableRandom random, int count) {
        var out = new float[count];
        for (int i = 0; i < count; i++) {
            out[i] = (float) (0.3 * random.nextGaussian());
        }
        return out;
    }
}
