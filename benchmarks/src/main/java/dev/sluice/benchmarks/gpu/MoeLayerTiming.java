package dev.sluice.benchmarks.gpu;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// One mixture-of-experts layer by itself, operation by operation, queued without waiting: what
/// choosing experts and adding up their rows takes of the layer. The permutation is inside
/// `expertFfn` and is not told apart here; a profiler tells it (see the README beside `run`).
/// Its matrices live as long as the backend. One thread.
final class MoeLayerTiming implements AutoCloseable {
    /// Calls that are queued before the device is waited for: enough that the wait is nothing.
    private static final int QUEUED = 20;

    private final Kernels kernels;
    private final Arena arena = Arena.ofShared();
    private final RouterSpec spec;
    private final Matrix router;
    private final ExpertWeights experts;
    private final Matrix x;
    private final Matrix out;
    private final Matrix logits;
    private final Matrix ids;
    private final Matrix weights;
    private final Matrix rows;
    private final Matrix counters;

    MoeLayerTiming(Kernels kernels, TimedModel.Request request, int tokens) {
        this.kernels = kernels;
        ModelShape shape = request.shape();
        int d = shape.widths().hidden();
        int f = shape.widths().inner();
        int e = shape.experts().count();
        int k = shape.experts().topK();
        spec = RouterSpec.of(e, k, RouterSpec.Scoring.SOFTMAX_ALL, true, 1);
        router = kernels.prepare(random(DType.F32, e, d));
        Matrix none = Matrix.none(1);
        experts = new ExpertWeights(stack(request.encoding(), e, f, d),
                stack(request.encoding(), e, f, d), stack(request.encoding(), e, d, f), none, none,
                none, Activation.SILU);
        x = kernels.allocate(DType.F32, tokens, d);
        out = kernels.allocate(DType.F32, tokens, d);
        logits = kernels.allocate(DType.F32, tokens, e);
        ids = kernels.allocate(DType.I32, tokens, k);
        weights = kernels.allocate(DType.F32, tokens, k);
        rows = kernels.allocate(DType.F32, tokens * k, d);
        counters = kernels.allocate(DType.I32, 1, e);
        var values = new float[tokens * d];
        var gaussian = new Random(3);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) gaussian.nextGaussian();
        }
        kernels.write(Matrix.host(values, tokens, d), x);
    }

    private Matrix random(DType dtype, int rowCount, int cols) {
        var memory = arena.allocate(rowCount * dtype.rowBytes(cols), 64);
        RandomWeights.fill(memory, dtype, memory.byteSize() / dtype.blockBytes(), rowCount);
        return Matrix.of(dtype, rowCount, cols, memory, 0);
    }

    private List<Matrix> stack(DType dtype, int count, int rowCount, int cols) {
        Matrix stack = random(dtype, count * rowCount, cols);
        var prepared = new ArrayList<Matrix>(count);
        for (int e = 0; e < count; e++) {
            prepared.add(kernels.prepare(stack.rows(e * rowCount, rowCount)));
        }
        return prepared;
    }

    Map<String, Object> measure(double seconds) {
        StepTimer layer = time(() -> {
            route();
            kernels.expertFfn(x, experts, ids, weights, out);
        }, seconds);
        StepTimer routing = time(this::route, seconds);
        kernels.expertRows(x, experts, ids, rows);
        StepTimer combining = time(() -> kernels.combineExperts(rows, weights, out), seconds);
        var line = new LinkedHashMap<String, Object>();
        line.put("milliseconds", layer.milliseconds() / QUEUED);
        line.put("lowMilliseconds", layer.lowNanos() / 1e6 / QUEUED);
        line.put("highMilliseconds", layer.highNanos() / 1e6 / QUEUED);
        line.put("repetitions", (long) layer.repetitions() * QUEUED);
        line.put("routerMilliseconds", routing.milliseconds() / QUEUED);
        line.put("combineMilliseconds", combining.milliseconds() / QUEUED);
        line.put("routerCombineShare", (routing.medianNanos() + combining.medianNanos())
                / layer.medianNanos());
        return line;
    }

    /// The router's product, the choice, and the count that every step makes.
    private void route() {
        kernels.matmul(x, router, logits);
        kernels.routeTopK(spec, logits, Matrix.none(spec.experts()), ids, weights);
        kernels.countExperts(ids, counters);
    }

    private StepTimer time(Runnable operations, double seconds) {
        Matrix host = Matrix.host(new int[spec.experts()], 1, spec.experts());
        return StepTimer.of(() -> {
            for (int i = 0; i < QUEUED; i++) {
                operations.run();
            }
            kernels.read(counters, host);
        }, seconds);
    }

    @Override
    public void close() {
        arena.close();
    }
}
