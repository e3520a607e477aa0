package dev.sluice.kernels.gpu;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RowMap;
import dev.sluice.kernels.spi.KernelBackend;
import dev.sluice.kernels.spi.WeightLoader;
import java.util.List;

/// Every operation as launches of the shared kernels on one [Device], which it owns. This class is
/// the list of them; what they launch is in a class for each group of operations. Weights stay in
/// the file's encoding. One thread at a time.
public final class GpuBackend implements KernelBackend {
    private final Device device;
    private final RowOperations rows;
    private final Products products;
    private final PagedAttention attention;
    private final Experts experts;

    public GpuBackend(Device device) {
        this.device = device;
        var launch = new Launch(device);
        var workspace = new Workspace(device);
        rows = new RowOperations(launch);
        products = new Products(device, launch, workspace);
        attention = new PagedAttention(device, launch, workspace);
        experts = new Experts(device, launch, workspace, products, rows);
    }

    @Override
    public String name() {
        return device.backendName();
    }

    // ---- memory -------------------------------------------------------------------------

    @Override
    public Matrix allocate(DType dtype, int rowCount, int cols) {
        return device.allocate(dtype, rowCount, cols, "scratch [%d,%d]".formatted(rowCount, cols));
    }

    @Override
    public KvPages allocateKv(DType dtype, int pages, int pageSize, int kvHeads, int keyDim,
            int valueDim, boolean latent) {
        return attention.allocate(dtype, pages, pageSize, kvHeads, keyDim, valueDim, latent);
    }

    @Override
    public Matrix upload(Matrix host) {
        Matrix room = allocateWeight(host.dtype(), host.rows(), host.cols());
        device.write(host, room);
        return room;
    }

    @Override
    public Matrix prepare(Matrix weight) {
        return upload(weight);
    }

    @Override
    public Matrix allocateWeight(DType dtype, int rowCount, int cols) {
        return device.allocate(dtype, rowCount, cols,
                "a %s weight [%d,%d]".formatted(dtype, rowCount, cols));
    }

    @Override
    public WeightLoader weightLoader() {
        return device.loader();
    }

    @Override
    public void write(Matrix host, Matrix to) {
        device.write(host, to);
    }

    @Override
    public void read(Matrix from, Matrix host) {
        device.read(from, host);
    }

    @Override
    public void copyPage(KvPages pages, int from, int to) {
        attention.copyPage(pages, from, to);
    }

    // ---- rows ---------------------------------------------------------------------------

    @Override
    public void embed(Matrix table, Matrix tokenIds, float scale, Matrix out) {
        rows.embed(table, tokenIds, scale, out);
    }

    @Override
    public void gatherRows(Matrix x, Matrix rowIds, Matrix out) {
        rows.gatherRows(x, rowIds, out);
    }

    @Override
    public void rmsNorm(Matrix x, Matrix weight, float epsilon, Matrix out) {
        rows.rmsNorm(x, weight, epsilon, out);
    }

    @Override
    public void layerNorm(Matrix x, Matrix weight, Matrix bias, float epsilon, Matrix out) {
        rows.layerNorm(x, weight, bias, epsilon, out);
    }

    @Override
    public void gelu(Matrix x) {
        rows.gelu(x);
    }

    @Override
    public void addBias(Matrix x, Matrix bias) {
        rows.addBias(x, bias);
    }

    @Override
    public void add(Matrix x, Matrix y, float factor) {
        rows.add(x, y, factor);
    }

    @Override
    public void addGated(Matrix x, Matrix gate, Matrix y) {
        rows.addGated(x, gate, y);
    }

    @Override
    public void scale(Matrix x, float factor) {
        rows.scale(x, factor);
    }

    @Override
    public void softcap(Matrix x, float cap) {
        rows.softcap(x, cap);
    }

    @Override
    public void clamp(Matrix x, float limit) {
        rows.clamp(x, limit);
    }

    @Override
    public void gatedActivation(Activation activation, Matrix gate, Matrix up, Matrix out) {
        rows.gatedActivation(activation, gate, up, out);
    }

    @Override
    public void copyColumns(Matrix from, int fromColumn, Matrix to, int toColumn, int count) {
        rows.copyColumns(from, fromColumn, to, toColumn, count);
    }

    // ---- products -----------------------------------------------------------------------

    @Override
    public void matmul(Matrix x, Matrix weight, Matrix out) {
        products.matmul(x, weight, out);
    }

    @Override
    public void headMatmul(Matrix x, int xColumn, List<Matrix> weights, Matrix out,
            int outColumn) {
        products.headMatmul(x, xColumn, weights, out, outColumn);
    }

    // ---- attention ----------------------------------------------------------------------

    @Override
    public void rotaryAngles(RopeSpec spec, Matrix positions, Matrix angles) {
        rows.rotaryAngles(spec, positions, angles);
    }

    @Override
    public void rope(Matrix x, int column, Matrix angles, RopeSpec.Pairing pairing) {
        rows.rope(x, column, angles, pairing);
    }

    @Override
    public void storeKeys(Matrix keys, int column, KvPages pages, Matrix slots) {
        attention.storeKeys(keys, column, pages, slots);
    }

    @Override
    public void storeValues(Matrix values, KvPages pages, Matrix slots) {
        attention.storeValues(values, pages, slots);
    }

    @Override
    public void attention(AttentionSpec spec, Matrix q, KvPages pages, RowMap map, Matrix out) {
        attention.attention(spec, q, pages, map, out);
    }

    // ---- experts ------------------------------------------------------------------------

    @Override
    public void routeTopK(RouterSpec spec, Matrix logits, Matrix correctionBias, Matrix expertIds,
            Matrix expertWeights) {
        experts.routeTopK(spec, logits, correctionBias, expertIds, expertWeights);
    }

    @Override
    public void expertFfn(Matrix x, ExpertWeights weights, Matrix expertIds, Matrix expertWeights,
            Matrix out) {
        experts.ffn(x, weights, expertIds, expertWeights, out);
    }

    @Override
    public void expertRows(Matrix x, ExpertWeights weights, Matrix expertIds, Matrix out) {
        experts.expertRows(x, weights, expertIds, out);
    }

    @Override
    public void combineExperts(Matrix pairs, Matrix expertWeights, Matrix out) {
        experts.combine(pairs, expertWeights, out);
    }

    @Override
    public void countExperts(Matrix expertIds, Matrix counters) {
        experts.countExperts(expertIds, counters);
    }

    @Override
    public void close() {
        device.close();
    }
}
