package dev.sluice.models.family;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.file.FileTensor;
import dev.sluice.models.file.GgufType;
import dev.sluice.models.file.GgufWriter;
import dev.sluice.models.file.ModelPath;
import dev.sluice.models.file.TensorFile;
import dev.sluice.models.file.TensorType;
import dev.sluice.router.BiasController;
import dev.sluice.router.ExpertSnapshot;
import dev.sluice.router.OnlineBalancing;
import dev.sluice.router.RoutingObserver;
import dev.sluice.router.StepRule;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Goal: where tokens go, and which bias is moved, does not change what experts compute.
///
/// Method: a dense model is upcycled, as in Komatsuzaki et al. (arXiv 2212.05055): every expert is
/// a copy of the dense feed-forward layer and the router is random. Weights of the kept sum to one,
/// so the output must be the dense model's whatever the routing. Then experts are put in another
/// order, with copies that differ, and biases are moved while the model runs.
class UpcycledModelTest {
    private static final int EXPERTS = 8;
    private static final int TOP_K = 2;
    private static final int TOKENS = 40;
    /// Sums of two halves instead of one whole; measured 1e-7.
    private static final double ERROR_MAX = 1e-5;
    private static final Path GOLDENS = Path.of("src/test/resources/goldens");
    private static final Path DENSE = GOLDENS.resolve("llama/model-f32.gguf");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"reference", "vector"})
    void anyRoutingGivesTheDenseOutput(String backend) {
        float[] dense = logits(DENSE, backend, RoutingObserver.none());
        for (int seed = 1; seed <= 3; seed++) {
            var order = new int[EXPERTS];
            Arrays.setAll(order, e -> e);
            Path model = upcycled("seed" + seed, seed, order, 0);
            double error = GoldenLogits.relativeError(
                    logits(model, backend, RoutingObserver.none()), dense);
            assertTrue(error <= ERROR_MAX, "seed %d: relative error %.1e".formatted(seed, error));
            // Balanced online without a limit that matters: other experts, the same output.
            var online = new OnlineBalancing(new OnlineBalancing.Limits(5, 1, 8, 64),
                    new BiasController.Settings(StepRule.SIGN, 0.5, 10));
            error = GoldenLogits.relativeError(logits(model, backend, online), dense);
            assertTrue(error <= ERROR_MAX, "online: relative error %.1e".formatted(error));
            assertTrue(online.report().changedShare() > 0.05, online.report().describe());
        }
    }

    /// Experts that differ, stored in another order with the router's rows: the same bits.
    @ParameterizedTest
    @ValueSource(strings = {"reference", "vector"})
    void theOrderOfTheExpertsChangesNoBit(String backend) {
        int[] order = {5, 2, 7, 0, 1, 6, 3, 4};
        var plain = new int[EXPERTS];
        Arrays.setAll(plain, e -> e);
        float[] want = logits(upcycled("plain", 1, plain, 0.2), backend, RoutingObserver.none());
        assertArrayEquals(want, logits(upcycled("moved", 1, order, 0.2), backend,
                RoutingObserver.none()));
        assertTrue(GoldenLogits.relativeError(want,
                logits(DENSE, backend, RoutingObserver.none())) > 1e-3, "experts are all alike");
    }

    /// DeepSeek-V3's own correction bias moves between steps: the output changes, the first step
    /// does not, and a model opened afterwards is as it was.
    @Test
    void onlineBalancingMovesTheStoredBias() {
        Path model = GOLDENS.resolve("deepseek3/model-f32.gguf");
        float[] frozen = logits(model, "reference", RoutingObserver.none());
        var online = new OnlineBalancing(new OnlineBalancing.Limits(0.5, 1, 20, 20),
                new BiasController.Settings(StepRule.PROPORTIONAL, 0.3, 1));
        float[] moved = logits(model, "reference", online);
        int vocab = frozen.length / TOKENS;
        // Steps are 10 rows; after two of them the bias moves.
        assertArrayEquals(Arrays.copyOf(frozen, 20 * vocab), Arrays.copyOf(moved, 20 * vocab));
        assertTrue(GoldenLogits.relativeError(moved, frozen) > 1e-3, "nothing changed");
        assertEquals(2, online.report().updates());
        assertEquals(2, online.report().layers());
        assertTrue(online.report().changedShare() > 0, online.report().describe());
        assertArrayEquals(frozen, logits(model, "reference", RoutingObserver.none()));
    }

    @Test
    void statisticsAreAlwaysOn() {
        Kernels kernels = Kernels.open("vector", BackendOptions.defaults());
        var options = new LoadOptions(DType.F32, 64, 1, 64);
        try (LoadedModel model = LoadedModel.open(
                GOLDENS.resolve("deepseek3/model-f32.gguf"), kernels, options, _ -> { })) {
            run(model, 10);
            ExpertSnapshot snapshot = model.expertStatistics().snapshot();
            assertEquals(TOKENS, snapshot.tokens());
            assertEquals(4, snapshot.steps());
            assertEquals(2, snapshot.layers().size());
            for (ExpertSnapshot.Layer layer : snapshot.layers()) {
                assertEquals((long) TOKENS * layer.spec().topK(),
                        Arrays.stream(layer.counts()).sum());
            }
            assertEquals(TOKENS / 4 * 16, model.expertStatistics().affinity().pairs()
                    .getFirst().sum(), "one row in four, four experts each");
        }
    }

    private static float[] logits(Path path, String backend, RoutingObserver observer) {
        Kernels kernels = Kernels.open(backend, BackendOptions.defaults());
        var options = new LoadOptions(DType.F32, 64, 1, 64);
        try (LoadedModel model = LoadedModel.open(path, kernels, options, observer, _ -> { })) {
            return run(model, 10);
        }
    }

    /// Logits of [#TOKENS] positions, in steps of so many rows.
    private static float[] run(LoadedModel model, int rows) {
        int vocab = model.lm().vocab();
        var pages = new int[model.lm().kvPlan().groups().size()][];
        Arrays.fill(pages, new int[] {0, 1});
        var batch = new Batch(64, 1);
        var all = new float[TOKENS * vocab];
        for (int from = 0; from < TOKENS; from += rows) {
            batch.clear();
            batch.sequence(pages);
            for (int i = from; i < from + rows; i++) {
                batch.row((i * 37 + 11) % Math.min(vocab, 300), i, true);
            }
            var logits = new float[rows * vocab];
            model.lm().forward(batch, Matrix.host(logits, rows, vocab));
            System.arraycopy(logits, 0, all, from * vocab, logits.length);
        }
        return all;
    }

    /// Writes the dense model with experts in its feed-forward layers.
    ///
    /// @param order   which expert stands at each place
    /// @param spread  expert e's down projection is the dense one times 1 + spread * e
    private Path upcycled(String name, int seed, int[] order, double spread) {
        var writer = GgufWriter.model("llama").u32("llama.block_count", 2)
                .u32("llama.context_length", 256).u32("llama.embedding_length", 64)
                .u32("llama.feed_forward_length", 128).u32("llama.attention.head_count", 4)
                .u32("llama.attention.head_count_kv", 2).f32("llama.rope.freq_base", 10_000)
                .f32("llama.attention.layer_norm_rms_epsilon", 1e-6f)
                .u32("llama.attention.key_length", 16).u32("llama.attention.value_length", 16)
                .u32("llama.vocab_size", 512).u32("llama.rope.dimension_count", 16)
                .scalar("llama.expert_count", GgufType.U32, EXPERTS)
                .scalar("llama.expert_used_count", GgufType.U32, TOP_K);
        try (TensorFile dense = ModelPath.open(DENSE)) {
            for (FileTensor tensor : dense.tensors()) {
                byte[] bytes = tensor.bytes().toArray(ValueLayout.JAVA_BYTE);
                if (!tensor.name().contains(".ffn_") || tensor.name().contains("norm")) {
                    writer.tensor(tensor.name(), tensor.type(), tensor.dims(), bytes);
                    continue;
                }
                boolean down = tensor.name().contains("ffn_down");
                var stacked = new ByteArrayOutputStream();
                for (int expert : order) {
                    stacked.writeBytes(down ? scaled(bytes, 1 + spread * expert) : bytes);
                }
                writer.tensor(tensor.name().replace(".weight", "_exps.weight"), TensorType.F32,
                        new long[] {tensor.dim(0), tensor.dim(1), EXPERTS}, stacked.toByteArray());
            }
        }
        for (int layer = 0; layer < 2; layer++) {
            var random = new Random(100L * seed + layer);
            var rows = new float[EXPERTS][64];
            for (float[] row : rows) {
                for (int i = 0; i < row.length; i++) {
                    row[i] = (float) random.nextGaussian() / 8;
                }
            }
            var router = new float[EXPERTS * 64];
            for (int e = 0; e < EXPERTS; e++) {
                System.arraycopy(rows[order[e]], 0, router, e * 64, 64);
            }
            writer.tensor("blk.%d.ffn_gate_inp.weight".formatted(layer),
                    new long[] {64, EXPERTS}, router);
        }
        return writer.write(folder.resolve(name + ".gguf"));
    }

    private static byte[] scaled(byte[] floats, double factor) {
        ByteBuffer in = ByteBuffer.wrap(floats).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer out = ByteBuffer.allocate(floats.length).order(ByteOrder.LITTLE_ENDIAN);
        while (in.hasRemaining()) {
            out.putFloat((float) (in.getFloat() * factor));
        }
        return out.array();
    }
}
