package dev.sluice.benchmarks.gpu;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.CausalLm;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.ModelPlan;
import dev.sluice.models.family.DecoderLoader;
import dev.sluice.models.family.ExpertHooks;
import dev.sluice.models.family.Limits;
import dev.sluice.models.file.GgufFile;
import dev.sluice.models.skip.SublayerMode;
import dev.sluice.router.ExpertSnapshot;
import dev.sluice.router.ExpertStatistics;
import dev.sluice.router.ResidentExperts;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntConsumer;

/// A model of a given shape with random weights on a backend, put together as a model file would
/// be, the statistics of its experts included. One thread.
final class TimedModel implements AutoCloseable {
    private static final long SEED = 20261121;

    private final Request request;
    private final Kernels kernels;
    private final ExpertStatistics statistics = new ExpertStatistics();
    private final Arena pools = Arena.ofShared();
    private final Path path;
    private final ModelPlan plan;
    private final CausalLm lm;

    /// @param layers     of the shape, or fewer to be done sooner
    /// @param positions  most positions of one sequence
    /// @param maxRows    of one step
    record Request(ModelShape shape, DType encoding, int layers, int positions, int sequences,
            int maxRows) {
        List<ModelShape.Tensor> tensors() { return shape.tensors(encoding, layers); }
    }

    TimedModel(String backend, Request request, IntConsumer layersDone) throws IOException {
        this.request = request;
        path = Files.createTempFile("sluice-shape", ".gguf");
        path.toFile().deleteOnExit();
        ShapeFile.write(path, request.shape, request.encoding, request.layers, request.positions);
        var options = new LoadOptions(DType.F16, request.positions, request.sequences,
                request.maxRows);
        GgufFile file = GgufFile.open(path);
        plan = ModelPlan.of(file, options);
        kernels = Kernels.open(backend, BackendOptions.defaults());
        // The pools are read while the model is loaded and not after; on a backend that multiplies
        // host memory in place they stay.
        lm = DecoderLoader.of(file, request.positions, Arena.ofShared())
                .withWeights(new RandomWeights(file, pools, SEED))
                .load(kernels, plan.kv(),
                        new Limits(request.maxRows, request.sequences, plan.positions()),
                        new ExpertHooks(statistics, new ResidentExperts()),
                        new SublayerMode.Exact(), layersDone);
    }

    Request request() { return request; }

    ModelPlan plan() { return plan; }

    Kernels kernels() { return kernels; }

    CausalLm lm() { return lm; }

    /// Distinct experts of each layer that `step`, run once, makes visits to; empty for a dense
    /// model.
    int[] touchedExperts(Runnable step) {
        if (request.shape.experts().count() == 0) {
            step.run();
            return new int[0];
        }
        statistics.synchronize(kernels);
        ExpertSnapshot before = statistics.snapshot();
        step.run();
        statistics.synchronize(kernels);
        ExpertSnapshot after = statistics.snapshot();
        var touched = new int[request.layers];
        for (int i = 0; i < touched.length; i++) {
            long[] counts = after.layers().get(i).counts();
            for (int e = 0; e < counts.length; e++) {
                touched[i] += counts[e] > before.layers().get(i).count(e) ? 1 : 0;
            }
        }
        return touched;
    }

    @Override
    public void close() throws IOException {
        lm.close();
        pools.close();
        Files.deleteIfExists(path);
    }
}
