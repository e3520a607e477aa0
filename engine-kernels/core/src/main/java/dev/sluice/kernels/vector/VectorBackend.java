package dev.sluice.kernels.vector;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Dequantiser;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RowMap;
import dev.sluice.kernels.spi.KernelBackend;
import dev.sluice.kernels.spi.WeightLoader;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/// The CPU backend: the Vector API on its own platform threads. Every operation is complete when
/// it returns. One thread at a time; owns its memory, its threads and all scratch, which grows to
/// the largest operation seen and is then reused, so a decode step allocates no arrays.
///
/// Operations on rows run on the calling thread until they are worth waking the others, so rows
/// may be computed by any thread in any grouping; each row's arithmetic is fixed by its own
/// length alone.
public final class VectorBackend implements KernelBackend {
    /// Elements from which a row operation is shared among threads: about 10 us of work, several
    /// times what waking a thread costs.
    private static final long PARALLEL_ELEMENTS = 1 << 16;

    /// Parts a thread finds in a shared row operation, so that a late thread does not hold it up.
    private static final int PARTS_PER_THREAD = 4;

    private final HostMemory memory;
    private final ComputePool pool;
    private final VectorProducts products;
    private final VectorExperts experts;
    private final VectorAttention attention;
    private final KvWriter[] writers;
    private final VectorRouting[] routings;
    private final double[][] lanes;
    private float[] row = new float[0];

    /// Opens the backend with the threads and the memory limit of `options`.
    public VectorBackend(BackendOptions options) {
        memory = new HostMemory(options.memoryBytesMax());
        pool = new ComputePool(options.threads());
        products = new VectorProducts(pool, memory);
        experts = new VectorExperts(pool);
        attention = new VectorAttention(pool);
        writers = new KvWriter[options.threads()];
        routings = new VectorRouting[options.threads()];
        lanes = new double[options.threads()][VectorFunctions.SPECIES.length()];
        Arrays.setAll(writers, _ -> new KvWriter());
        Arrays.setAll(routings, _ -> new VectorRouting());
    }

    static String description() {
        return "Vector API, %d-bit vectors, %d processors".formatted(
                VectorFunctions.SPECIES.vectorBitSize(),
                Runtime.getRuntime().availableProcessors());
    }

    @Override
    public String name() {
        return "vector";
    }

    // ---- memory -------------------------------------------------------------------------

    @Override
    public Matrix allocate(DType dtype, int rows, int cols) {
        return allocate(dtype, rows, cols, "scratch");
    }

    private Matrix allocate(DType dtype, int rows, int cols, String what) {
        long bytes = rows * dtype.rowBytes(cols);
        return Matrix.of(dtype, rows, cols,
                memory.allocate(bytes, "%s [%d,%d]".formatted(what, rows, cols)), 0);
    }

    @Override
    public KvPages allocateKv(DType dtype, int pages, int pageSize, int kvHeads, int keyDim,
            int valueDim, boolean latent) {
        int keyWords = KvLayout.pageWords(dtype, pageSize, kvHeads, keyDim, "keyDim");
        int valueWords = latent ? 0
                : KvLayout.pageWords(dtype, pageSize, kvHeads, valueDim, "valueDim");
        Matrix keys = allocate(DType.I32, pages, keyWords, "key pages");
        Matrix values = latent ? Matrix.of(DType.I32, 0, 0, MemorySegment.NULL, 0)
                : allocate(DType.I32, pages, valueWords, "value pages");
        return new KvPages(dtype, pages, pageSize, kvHeads, keyDim, valueDim, latent, keys, values);
    }

    @Override
    public Matrix prepare(Matrix weight) {
        return products.prepare(weight);
    }

    @Override
    public long weightBytes(DType dtype, int rows, int cols) {
        return PackedFormat.of(dtype).packedBytes(rows, cols);
    }

    @Override
    public Matrix allocateWeight(DType dtype, int rows, int cols) {
        return products.allocateWeight(dtype, rows, cols);
    }

    @Override
    public WeightLoader weightLoader() {
        return new PackedLoader();
    }

    @Override
    public void write(Matrix host, Matrix device) {
        copy(host, 0, device, 0, host.byteSize());
    }

    @Override
    public void read(Matrix device, Matrix host) {
        copy(device, 0, host, 0, host.byteSize());
    }

    @Override
    public void copyPage(KvPages pages, int from, int to) {
        long keyBytes = pages.keys().dtype().rowBytes(pages.keys().cols());
        copy(pages.keys(), from * keyBytes, pages.keys(), to * keyBytes, keyBytes);
        if (!pages.latent()) {
            long valueBytes = pages.values().dtype().rowBytes(pages.values().cols());
            copy(pages.values(), from * valueBytes, pages.values(), to * valueBytes, valueBytes);
        }
    }

    private static void copy(Matrix from, long fromByte, Matrix to, long toByte, long bytes) {
        MemorySegment.copy(from.memory(), from.byteOffset() + fromByte, to.memory(),
                to.byteOffset() + toByte, bytes);
    }

    // ---- rows ---------------------------------------------------------------------------

    private boolean alone(Matrix m) {
        return pool.threads() == 1 || (long) m.rows() * m.cols() < PARALLEL_ELEMENTS;
    }

    private int parts(Matrix m) {
        return Math.min(m.rows(), PARTS_PER_THREAD * pool.threads());
    }

    /// First row of a part; that of the next part is the one after its last.
    private static int start(Matrix m, int part, int parts) {
        return (int) ((long) m.rows() * part / parts);
    }

    /// A row operation on rows from..to, with the scratch of `worker`.
    private interface RowWork {
        void run(int from, int to, int worker);
    }

    /// Shares the rows of `m` among the threads.
    private void share(Matrix m, RowWork work) {
        int parts = parts(m);
        pool.run(parts, (part, worker) ->
                work.run(start(m, part, parts), start(m, part + 1, parts), worker));
    }

    @Override
    public void embed(Matrix table, Matrix tokenIds, float scale, Matrix out) {
        if (row.length < table.cols()) {
            row = new float[table.cols()];
        }
        for (int t = 0; t < out.rows(); t++) {
            Dequantiser.row(table, tokenIds.i32(t, 0), row);
            VectorRows.embed(row, scale, out, t);
        }
    }

    @Override
    public void gatherRows(Matrix x, Matrix rows, Matrix out) {
        VectorRows.gather(x, rows, out, 0, out.rows());
    }

    @Override
    public void rmsNorm(Matrix x, Matrix weight, float epsilon, Matrix out) {
        if (alone(x)) {
            VectorRows.rmsNorm(x, weight, epsilon, out, 0, x.rows(), lanes[0]);
        } else {
            share(x, (from, to, worker) ->
                    VectorRows.rmsNorm(x, weight, epsilon, out, from, to, lanes[worker]));
        }
    }

    @Override
    public void layerNorm(Matrix x, Matrix weight, Matrix bias, float epsilon, Matrix out) {
        if (alone(x)) {
            VectorEncoderRows.layerNorm(new VectorEncoderRows.Norm(weight, bias, epsilon), x, out,
                    0, x.rows(), lanes[0]);
        } else {
            var norm = new VectorEncoderRows.Norm(weight, bias, epsilon);
            share(x, (from, to, worker) -> VectorEncoderRows.layerNorm(norm, x, out, from, to,
                    lanes[worker]));
        }
    }

    @Override
    public void gelu(Matrix x) {
        if (alone(x)) {
            VectorEncoderRows.gelu(x, 0, x.rows());
        } else {
            share(x, (from, to, _) -> VectorEncoderRows.gelu(x, from, to));
        }
    }

    @Override
    public void addBias(Matrix x, Matrix bias) {
        if (alone(x)) {
            VectorRows.addBias(x, bias, 0, x.rows());
        } else {
            share(x, (from, to, _) -> VectorRows.addBias(x, bias, from, to));
        }
    }

    @Override
    public void add(Matrix x, Matrix y, float factor) {
        if (alone(x)) {
            VectorRows.add(x, y, factor, 0, x.rows());
        } else {
            share(x, (from, to, _) -> VectorRows.add(x, y, factor, from, to));
        }
    }

    @Override
    public void addGated(Matrix x, Matrix gate, Matrix y) {
        if (alone(x)) {
            VectorRows.addGated(x, gate, y, 0, x.rows());
        } else {
            share(x, (from, to, _) -> VectorRows.addGated(x, gate, y, from, to));
        }
    }

    @Override
    public void scale(Matrix x, float factor) {
        if (alone(x)) {
            VectorRows.scale(x, factor, 0, x.rows());
        } else {
            share(x, (from, to, _) -> VectorRows.scale(x, factor, from, to));
        }
    }

    @Override
    public void softcap(Matrix x, float cap) {
        if (alone(x)) {
            VectorRows.softcap(x, cap, 0, x.rows());
        } else {
            share(x, (from, to, _) -> VectorRows.softcap(x, cap, from, to));
        }
    }

    @Override
    public void clamp(Matrix x, float limit) {
        if (alone(x)) {
            VectorRows.clamp(x, limit, 0, x.rows());
        } else {
            share(x, (from, to, _) -> VectorRows.clamp(x, limit, from, to));
        }
    }

    @Override
    public void gatedActivation(Activation activation, Matrix gate, Matrix up, Matrix out) {
        if (alone(gate)) {
            VectorRows.gatedActivation(activation, gate, up, out, 0, gate.rows());
        } else {
            share(gate, (from, to, _) ->
                    VectorRows.gatedActivation(activation, gate, up, out, from, to));
        }
    }

    @Override
    public void copyColumns(Matrix from, int fromColumn, Matrix to, int toColumn, int count) {
        VectorRows.copyColumns(from, fromColumn, to, toColumn, count, 0, from.rows());
    }

    // ---- products -----------------------------------------------------------------------

    @Override
    public void matmul(Matrix x, Matrix weight, Matrix out) {
        products.matmul(x, weight, out);
    }

    @Override
    public void headMatmul(Matrix x, int xColumn, List<Matrix> weights, Matrix out, int outColumn) {
        products.headMatmul(x, xColumn, weights, out, outColumn);
    }

    // ---- attention ----------------------------------------------------------------------

    @Override
    public void rotaryAngles(RopeSpec spec, Matrix positions, Matrix angles) {
        if (alone(angles)) {
            VectorRotary.angles(spec, positions, angles, 0, angles.rows());
        } else {
            share(angles, (from, to, _) -> VectorRotary.angles(spec, positions, angles, from, to));
        }
    }

    @Override
    public void rope(Matrix x, int column, Matrix angles, RopeSpec.Pairing pairing) {
        if (x.rows() == 0) {
            return;
        }
        if (alone(x)) {
            VectorRotary.rotate(x, column, angles, pairing, 0, x.rows());
        } else {
            share(x, (from, to, _) -> VectorRotary.rotate(x, column, angles, pairing, from, to));
        }
    }

    @Override
    public void storeKeys(Matrix rows, int column, KvPages pages, Matrix slots) {
        if (alone(rows)) {
            writers[0].storeKeys(rows, column, pages, slots, 0, rows.rows());
        } else {
            share(rows, (from, to, worker) ->
                    writers[worker].storeKeys(rows, column, pages, slots, from, to));
        }
    }

    @Override
    public void storeValues(Matrix rows, KvPages pages, Matrix slots) {
        if (alone(rows)) {
            writers[0].storeValues(rows, pages, slots, 0, rows.rows());
        } else {
            share(rows, (from, to, worker) ->
                    writers[worker].storeValues(rows, pages, slots, from, to));
        }
    }

    @Override
    public void attention(AttentionSpec spec, Matrix q, KvPages pages, RowMap rows, Matrix out) {
        attention.attention(spec, q, pages, rows, out);
    }

    // ---- experts ------------------------------------------------------------------------

    @Override
    public void routeTopK(RouterSpec spec, Matrix logits, Matrix correctionBias, Matrix expertIds,
            Matrix expertWeights) {
        if (alone(logits)) {
            routings[0].route(spec, logits, correctionBias, expertIds, expertWeights, 0,
                    logits.rows());
        } else {
            share(logits, (from, to, worker) -> routings[worker].route(
                    spec, logits, correctionBias, expertIds, expertWeights, from, to));
        }
    }

    @Override
    public void expertFfn(Matrix x, ExpertWeights weights, Matrix expertIds, Matrix expertWeights,
            Matrix out) {
        experts.expertFfn(x, weights, expertIds, expertWeights, out);
    }

    @Override
    public void expertRows(Matrix x, ExpertWeights weights, Matrix expertIds, Matrix out) {
        experts.expertRows(x, weights, expertIds, out);
    }

    @Override
    public void combineExperts(Matrix rows, Matrix expertWeights, Matrix out) {
        experts.combine(rows, expertWeights, out);
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
        pool.close();
        memory.close();
    }
}
