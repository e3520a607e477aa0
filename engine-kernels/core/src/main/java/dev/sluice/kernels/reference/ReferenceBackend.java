package dev.sluice.kernels.reference;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Dequantiser;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.NormalDistribution;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RowMap;
import dev.sluice.kernels.spi.KernelBackend;
import dev.sluice.kernels.spi.WeightLoader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// The oracle: plain loops, double accumulation, no threads, weights decoded element by element,
/// activations never quantised. Every other backend is judged by it, so it is kept obviously
/// right and is never optimised.
///
/// Memory comes from one shared arena and is freed at [#close]. One thread at a time; each
/// operation is complete when it returns.
public final class ReferenceBackend implements KernelBackend {
    private final Arena arena = Arena.ofShared();
    private final long memoryBytesMax;
    private long memoryBytes;

    public ReferenceBackend() {
        this(Long.MAX_VALUE);
    }

    /// A backend that refuses to allocate more than `memoryBytesMax` in all.
    public ReferenceBackend(long memoryBytesMax) {
        this.memoryBytesMax = memoryBytesMax;
    }

    @Override
    public String name() {
        return "reference";
    }

    // ---- memory -------------------------------------------------------------------------

    @Override
    public Matrix allocate(DType dtype, int rows, int cols) {
        return Matrix.of(dtype, rows, cols, memory(rows * dtype.rowBytes(cols)), 0);
    }

    @Override
    public KvPages allocateKv(DType dtype, int pages, int pageSize, int kvHeads, int keyDim,
            int valueDim, boolean latent) {
        int headRows = pageSize * kvHeads;
        int keyWords = ReferenceAttention.pageWords(dtype, headRows, keyDim, "keyDim");
        int valueWords = latent ? 0
                : ReferenceAttention.pageWords(dtype, headRows, valueDim, "valueDim");
        Matrix keys = allocate(DType.I32, pages, keyWords);
        Matrix values = allocate(DType.I32, latent ? 0 : pages, valueWords);
        return new KvPages(dtype, pages, pageSize, kvHeads, keyDim, valueDim, latent, keys, values);
    }

    private MemorySegment memory(long bytes) {
        if (bytes > memoryBytesMax - memoryBytes) {
            throw new IllegalStateException(
                    "reference backend: %d bytes more would pass the limit of %d, %d in use"
                            .formatted(bytes, memoryBytesMax, memoryBytes));
        }
        memoryBytes += bytes;
        return arena.allocate(bytes, 8);
    }

    @Override
    public Matrix prepare(Matrix weight) {
        return weight;
    }

    @Override
    public Matrix allocateWeight(DType dtype, int rows, int cols) {
        return allocate(dtype, rows, cols);
    }

    @Override
    public WeightLoader weightLoader() {
        return (host, room) -> {
            copy(host, room);
            if (host.memory().isMapped()) {
                host.memory().asSlice(host.byteOffset(), host.byteSize()).unload();
            }
        };
    }

    @Override
    public void write(Matrix host, Matrix device) {
        copy(host, device);
    }

    @Override
    public void read(Matrix device, Matrix host) {
        copy(device, host);
    }

    private static void copy(Matrix from, Matrix to) {
        MemorySegment.copy(from.memory(), from.byteOffset(), to.memory(), to.byteOffset(),
                from.byteSize());
    }

    @Override
    public void copyPage(KvPages pages, int from, int to) {
        copy(pages.keys().rows(from, 1), pages.keys().rows(to, 1));
        if (!pages.latent()) {
            copy(pages.values().rows(from, 1), pages.values().rows(to, 1));
        }
    }

    // ---- rows ---------------------------------------------------------------------------

    @Override
    public void embed(Matrix table, Matrix tokenIds, float scale, Matrix out) {
        float[] row = new float[table.cols()];
        for (int t = 0; t < out.rows(); t++) {
            Dequantiser.row(table, tokenIds.i32(t, 0), row);
            for (int c = 0; c < out.cols(); c++) {
                out.f32(t, c, scale * row[c]);
            }
        }
    }

    @Override
    public void gatherRows(Matrix x, Matrix rows, Matrix out) {
        for (int r = 0; r < out.rows(); r++) {
            copy(x.rows(rows.i32(r, 0), 1), out.rows(r, 1));
        }
    }

    @Override
    public void rmsNorm(Matrix x, Matrix weight, float epsilon, Matrix out) {
        for (int t = 0; t < x.rows(); t++) {
            double squares = 0;
            for (int c = 0; c < x.cols(); c++) {
                squares += (double) x.f32(t, c) * x.f32(t, c);
            }
            double factor = 1 / Math.sqrt(squares / x.cols() + epsilon);
            for (int c = 0; c < x.cols(); c++) {
                out.f32(t, c, (float) (x.f32(t, c) * factor * weight.f32(0, c)));
            }
        }
    }

    @Override
    public void layerNorm(Matrix x, Matrix weight, Matrix bias, float epsilon, Matrix out) {
        for (int t = 0; t < x.rows(); t++) {
            double mean = 0;
            for (int c = 0; c < x.cols(); c++) {
                mean += x.f32(t, c) / (double) x.cols();
            }
            double squares = 0;
            for (int c = 0; c < x.cols(); c++) {
                squares += (x.f32(t, c) - mean) * (x.f32(t, c) - mean);
            }
            double factor = 1 / Math.sqrt(squares / x.cols() + epsilon);
            for (int c = 0; c < x.cols(); c++) {
                out.f32(t, c, (float) ((x.f32(t, c) - mean) * factor * weight.f32(0, c)
                        + bias.f32(0, c)));
            }
        }
    }

    @Override
    public void gelu(Matrix x) {
        for (int t = 0; t < x.rows(); t++) {
            for (int c = 0; c < x.cols(); c++) {
                x.f32(t, c, (float) (x.f32(t, c) * NormalDistribution.below(x.f32(t, c))));
            }
        }
    }

    @Override
    public void addBias(Matrix x, Matrix bias) {
        for (int t = 0; t < x.rows(); t++) {
            for (int c = 0; c < x.cols(); c++) {
                x.f32(t, c, x.f32(t, c) + bias.f32(0, c));
            }
        }
    }

    @Override
    public void add(Matrix x, Matrix y, float factor) {
        for (int t = 0; t < x.rows(); t++) {
            for (int c = 0; c < x.cols(); c++) {
                x.f32(t, c, (float) (x.f32(t, c) + (double) factor * y.f32(t, c)));
            }
        }
    }

    @Override
    public void addGated(Matrix x, Matrix gate, Matrix y) {
        for (int t = 0; t < x.rows(); t++) {
            double factor = ReferenceExperts.sigmoid(gate.f32(t, 0));
            for (int c = 0; c < x.cols(); c++) {
                x.f32(t, c, (float) (x.f32(t, c) + factor * y.f32(t, c)));
            }
        }
    }

    @Override
    public void scale(Matrix x, float factor) {
        for (int t = 0; t < x.rows(); t++) {
            for (int c = 0; c < x.cols(); c++) {
                x.f32(t, c, x.f32(t, c) * factor);
            }
        }
    }

    @Override
    public void softcap(Matrix x, float cap) {
        for (int t = 0; t < x.rows(); t++) {
            for (int c = 0; c < x.cols(); c++) {
                x.f32(t, c, (float) (cap * Math.tanh((double) x.f32(t, c) / cap)));
            }
        }
    }

    @Override
    public void clamp(Matrix x, float limit) {
        for (int t = 0; t < x.rows(); t++) {
            for (int c = 0; c < x.cols(); c++) {
                x.f32(t, c, Math.min(Math.max(x.f32(t, c), -limit), limit));
            }
        }
    }

    @Override
    public void gatedActivation(Activation activation, Matrix gate, Matrix up, Matrix out) {
        for (int t = 0; t < gate.rows(); t++) {
            for (int c = 0; c < gate.cols(); c++) {
                out.f32(t, c, (float) ReferenceExperts.activate(
                        activation, gate.f32(t, c), up.f32(t, c)));
            }
        }
    }

    @Override
    public void copyColumns(Matrix from, int fromColumn, Matrix to, int toColumn, int count) {
        for (int r = 0; r < from.rows(); r++) {
            for (int c = 0; c < count; c++) {
                to.f32(r, toColumn + c, from.f32(r, fromColumn + c));
            }
        }
    }

    // ---- products -----------------------------------------------------------------------

    @Override
    public void matmul(Matrix x, Matrix weight, Matrix out) {
        float[] w = new float[weight.cols()];
        for (int n = 0; n < weight.rows(); n++) {
            Dequantiser.row(weight, n, w);
            for (int t = 0; t < x.rows(); t++) {
                out.f32(t, n, (float) dot(x, t, 0, w));
            }
        }
    }

    @Override
    public void headMatmul(Matrix x, int xColumn, List<Matrix> weights, Matrix out, int outColumn) {
        float[] w = new float[weights.getFirst().cols()];
        for (int h = 0; h < weights.size(); h++) {
            for (int n = 0; n < weights.get(h).rows(); n++) {
                Dequantiser.row(weights.get(h), n, w);
                for (int r = h; r < x.rows(); r += weights.size()) {
                    out.f32(r, outColumn + n, (float) dot(x, r, xColumn, w));
                }
            }
        }
    }

    /// Sum over k of x[row, column + k] * w[k].
    private static double dot(Matrix x, int row, int column, float[] w) {
        double sum = 0;
        for (int k = 0; k < w.length; k++) {
            sum += (double) x.f32(row, column + k) * w[k];
        }
        return sum;
    }

    // ---- attention ----------------------------------------------------------------------

    @Override
    public void rotaryAngles(RopeSpec spec, Matrix positions, Matrix angles) {
        ReferenceAttention.rotaryAngles(spec, positions, angles);
    }

    @Override
    public void rope(Matrix x, int column, Matrix angles, RopeSpec.Pairing pairing) {
        ReferenceAttention.rope(x, column, angles, pairing);
    }

    @Override
    public void storeKeys(Matrix rows, int column, KvPages pages, Matrix slots) {
        ReferenceAttention.store(rows, column, pages, pages.keys(), pages.keyDim(), slots);
    }

    @Override
    public void storeValues(Matrix rows, KvPages pages, Matrix slots) {
        ReferenceAttention.store(rows, 0, pages, pages.values(), pages.valueDim(), slots);
    }

    @Override
    public void attention(AttentionSpec spec, Matrix q, KvPages pages, RowMap rows, Matrix out) {
        ReferenceAttention.attention(spec, q, pages, rows, out);
    }

    // ---- experts ------------------------------------------------------------------------

    @Override
    public void routeTopK(RouterSpec spec, Matrix logits, Matrix correctionBias, Matrix expertIds,
            Matrix expertWeights) {
        ReferenceExperts.routeTopK(spec, logits, correctionBias, expertIds, expertWeights);
    }

    @Override
    public void expertFfn(Matrix x, ExpertWeights experts, Matrix expertIds, Matrix expertWeights,
            Matrix out) {
        ReferenceExperts.expertFfn(x, experts, expertIds, expertWeights, out);
    }

    @Override
    public void expertRows(Matrix x, ExpertWeights experts, Matrix expertIds, Matrix out) {
        ReferenceExperts.expertRows(x, experts, expertIds, out);
    }

    @Override
    public void combineExperts(Matrix rows, Matrix expertWeights, Matrix out) {
        ReferenceExperts.combine(rows, expertWeights, out);
    }

    @Override
    public void countExperts(Matrix expertIds, Matrix counters) {
        for (int t = 0; t < expertIds.rows(); t++) {
            for (int k = 0; k < expertIds.cols(); k++) {
                int expert = expertIds.i32(t, k);
                counters.i32(0, expert, counters.i32(0, expert) + 1);
            }
        }
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
