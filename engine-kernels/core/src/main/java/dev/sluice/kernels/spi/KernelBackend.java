package dev.sluice.kernels.spi;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RowMap;
import java.util.List;

/// What a device must do. Operands are already checked by [dev.sluice.kernels.Kernels], so
/// implementations trust them. One thread at a time calls a backend.
///
/// No operation returns a value: a backend may run it at once, queue it, or record it in a graph
/// and replay the graph with other contents of the same matrices. Results are visible to the
/// host only after [#read].
///
/// Letters in shapes: T rows of the step, D hidden size, K and N inner and outer width of a
/// product, H heads, C columns of a head, E experts, F width of an expert, V vocabulary.
///
/// **Batch invariance.** A row of an output depends on the same row of the inputs (and on the
/// sequence's cached rows) alone: not on T, on the other rows, or on the number of threads. Each
/// output element is reduced in one fixed order, the same for every T.
public interface KernelBackend extends AutoCloseable {
    String name();

    // ---- memory -------------------------------------------------------------------------

    /// A zeroed matrix that lives as long as the backend. F32 and I32 only.
    Matrix allocate(DType dtype, int rows, int cols);

    /// Zeroed pages for the keys and values of one layer, as long as the backend lives.
    KvPages allocateKv(DType dtype, int pages, int pageSize, int kvHeads, int keyDim, int valueDim,
            boolean latent);

    /// `host` where this backend reads it, in its own encoding and with rows that can be viewed
    /// alone: tables, norms and biases. On a CPU the same view.
    default Matrix upload(Matrix host) {
        return host;
    }

    /// A weight in the form that this backend multiplies fastest: the same view, an upload, or a
    /// repacked copy, after which the mapped pages of the file may be dropped.
    Matrix prepare(Matrix weight);

    /// Bytes that a weight of that type takes in the form of [#prepare].
    default long weightBytes(DType dtype, int rows, int cols) {
        return rows * dtype.rowBytes(cols);
    }

    /// Room for a weight that comes later and may be replaced, see [#weightLoader].
    default Matrix allocateWeight(DType dtype, int rows, int cols) {
        throw new UnsupportedOperationException(
                "backend " + name() + " can not keep weights that come and go");
    }

    /// A new loader for rooms of this backend.
    default WeightLoader weightLoader() {
        throw new UnsupportedOperationException(
                "backend " + name() + " can not keep weights that come and go");
    }

    /// Copies `host` into `device`, after the work queued so far.
    void write(Matrix host, Matrix device);

    /// Waits for the work queued so far, then copies `device` to `host`.
    void read(Matrix device, Matrix host);

    /// Copies page `from` over page `to`.
    void copyPage(KvPages pages, int from, int to);

    // ---- rows ---------------------------------------------------------------------------

    /// out [T,D] = scale * table [V,D] at rows tokenIds [T,1]
    void embed(Matrix table, Matrix tokenIds, float scale, Matrix out);

    /// out [R,D] = x [T,D] at rows `rows` [R,1]
    void gatherRows(Matrix x, Matrix rows, Matrix out);

    /// out [T,D] = x [T,D] / rms(x) * weight [1,D], rms(x) = sqrt(mean(x^2) + epsilon); out may
    /// be x. Per-head norms pass [T*H,C].
    void rmsNorm(Matrix x, Matrix weight, float epsilon, Matrix out);

    /// out [T,D] = (x [T,D] - mean(x)) / sqrt(mean((x - mean(x))^2) + epsilon) * weight [1,D]
    /// + bias [1,D] (Ba, Kiros and Hinton 2016); out may be x. The default works on any backend,
    /// by way of host memory.
    default void layerNorm(Matrix x, Matrix weight, Matrix bias, float epsilon, Matrix out) {
        HostRows.layerNorm(this, x, weight, bias, epsilon, out);
    }

    /// x = x * Phi(x), where Phi is the normal distribution: GELU in its exact form (Hendrycks and
    /// Gimpel 2016). The default works on any backend, by way of host memory.
    default void gelu(Matrix x) {
        HostRows.gelu(this, x);
    }

    /// x [T,N] += bias [1,N]
    void addBias(Matrix x, Matrix bias);

    /// x [T,N] += factor * y [T,N]
    void add(Matrix x, Matrix y, float factor);

    /// x [T,N] += sigmoid(gate [T,1]) * y [T,N]
    void addGated(Matrix x, Matrix gate, Matrix y);

    /// x *= factor
    void scale(Matrix x, float factor);

    /// x = cap * tanh(x / cap)
    void softcap(Matrix x, float cap);

    /// x = min(max(x, -limit), limit)
    void clamp(Matrix x, float limit);

    /// out [T,F] = activation(gate [T,F], up [T,F]); out may be gate.
    void gatedActivation(Activation activation, Matrix gate, Matrix up, Matrix out);

    /// to [R,*] columns toColumn.. = from [R,*] columns fromColumn.., `count` of them
    void copyColumns(Matrix from, int fromColumn, Matrix to, int toColumn, int count);

    // ---- products -----------------------------------------------------------------------

    /// out [T,N] = x [T,K] * weight [N,K]^T. Quantised weights may be multiplied with rows of x
    /// quantised to 8 bits; F32, F16 and BF16 weights are multiplied with x as it is.
    void matmul(Matrix x, Matrix weight, Matrix out);

    /// For each head h: out [T*H, outColumn..+N] at rows t*H+h
    /// = x [T*H, xColumn..+K] at rows t*H+h * weights[h] [N,K]^T
    void headMatmul(Matrix x, int xColumn, List<Matrix> weights, Matrix out, int outColumn);

    // ---- attention ----------------------------------------------------------------------

    /// angles [T, dims]: magnitude * cos of position * frequency m in column m, and
    /// magnitude * sin in column dims/2 + m
    void rotaryAngles(RopeSpec spec, Matrix positions, Matrix angles);

    /// Rotates columns column..column+dims of each row of x [T*H,C] in place by angles [T,dims].
    void rope(Matrix x, int column, Matrix angles, RopeSpec.Pairing pairing);

    /// Columns column..column+C of the keys at `slots` [T,1] = rows [T, kvHeads*C], per KV head
    void storeKeys(Matrix rows, int column, KvPages pages, Matrix slots);

    /// Values at `slots` [T,1] = rows [T, kvHeads*valueDim]
    void storeValues(Matrix rows, KvPages pages, Matrix slots);

    /// out [T, heads*valueDim] = softmax(scale * q [T, heads*keyDim] . keys) * values, over the
    /// positions of the row's own sequence up to and including its own (within the window). Rows
    /// of a sequence may stand at the same position: an encoder puts all of them at the last one,
    /// so that each sees the whole text.
    /// Keys and values of this step are stored before. Head a reads KV head a / (heads/kvHeads).
    /// Reduced in ranges of [AttentionSpec#SPLIT_POSITIONS], merged in ascending order.
    void attention(AttentionSpec spec, Matrix q, KvPages pages, RowMap rows, Matrix out);

    // ---- experts ------------------------------------------------------------------------

    /// expertIds [T,K] and expertWeights [T,K] from logits [T,E]; `correctionBias` [1,E] joins
    /// the selection only and has zero rows when there is none.
    void routeTopK(RouterSpec spec, Matrix logits, Matrix correctionBias, Matrix expertIds,
            Matrix expertWeights);

    /// out [T,D] = sum over k, ascending, of expertWeights[t,k] * ffn(expertIds[t,k], x [T,D])
    void expertFfn(Matrix x, ExpertWeights experts, Matrix expertIds, Matrix expertWeights,
            Matrix out);

    /// The first half of [#expertFfn], for experts that are not all present at once: row t*K+k of
    /// out [T*K,D] = ffn(expertIds[t,k], x[t]) where that expert is present in the table; the
    /// other rows stay as they are.
    default void expertRows(Matrix x, ExpertWeights experts, Matrix expertIds, Matrix out) {
        throw new UnsupportedOperationException(
                "backend " + name() + " computes experts only when all are present");
    }

    /// The second half: out [T,D] = sum over k, ascending, of expertWeights[t,k] * rows[t*K+k].
    /// Both halves together give the bits of [#expertFfn].
    default void combineExperts(Matrix rows, Matrix expertWeights, Matrix out) {
        throw new UnsupportedOperationException(
                "backend " + name() + " computes experts only when all are present");
    }

    /// counters [1,E] += how often each expert occurs in expertIds [T,K]
    void countExperts(Matrix expertIds, Matrix counters);

    @Override
    void close();
}
