package dev.sluice.kernels;

import dev.sluice.kernels.spi.KernelBackend;
import dev.sluice.kernels.spi.KernelBackendProvider;
import dev.sluice.kernels.spi.WeightLoader;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;

/// The one door to every backend: checks shapes and types, then delegates. What each operation
/// computes is said at [KernelBackend]. Used by one thread at a time.
public final class Kernels implements AutoCloseable {
    private final KernelBackend backend;

    public Kernels(KernelBackend backend) {
        this.backend = backend;
    }

    /// Opens the backend that was asked for (`name` or `name:device`), or fails. There is no
    /// silent fallback.
    public static Kernels open(String name, BackendOptions options) {
        int colon = name.indexOf(':');
        String backendName = colon < 0 ? name : name.substring(0, colon);
        KernelBackendProvider provider = provider(backendName);
        String reason = provider.unavailableReason();
        if (!reason.isEmpty()) {
            throw new BackendUnavailableException(
                    "backend " + backendName + " is unavailable: " + reason);
        }
        int device = colon < 0 ? options.deviceIndex()
                : deviceIndex(name.substring(colon + 1), name);
        return new Kernels(provider.open(
                new BackendOptions(device, options.threads(), options.memoryBytesMax())));
    }

    /// Every backend on the class or module path, the preferred first.
    public static List<KernelBackendProvider> providers() {
        var found = new ArrayList<KernelBackendProvider>();
        ServiceLoader.load(KernelBackendProvider.class, Kernels.class.getClassLoader())
                .forEach(found::add);
        found.sort((a, b) -> b.preference() - a.preference());
        return found;
    }

    private static KernelBackendProvider provider(String name) {
        var seen = new StringBuilder();
        for (KernelBackendProvider provider : providers()) {
            if (provider.name().equals(name)) {
                return provider;
            }
            seen.append(' ').append(provider.name());
        }
        throw new BackendUnavailableException("unknown backend '" + name + "'; known:" + seen);
    }

    private static int deviceIndex(String digits, String name) {
        if (!digits.matches("[0-9]{1,4}")) {
            throw new BackendUnavailableException("no device number after the colon in '" + name
                    + "'");
        }
        return Integer.parseInt(digits);
    }

    public String backendName() {
        return backend.name();
    }

    // ---- memory -------------------------------------------------------------------------

    public Matrix allocate(DType dtype, int rows, int cols) {
        if (dtype != DType.F32 && dtype != DType.I32) {
            throw new IllegalArgumentException("scratch is F32 or I32, got " + dtype);
        }
        return backend.allocate(dtype, rows, cols);
    }

    public KvPages allocateKv(DType dtype, int pages, int pageSize, int kvHeads, int keyDim,
            int valueDim, boolean latent) {
        if (pages < 1 || pageSize < 1 || kvHeads < 1 || keyDim < 1 || valueDim < 1
                || (latent && valueDim > keyDim)) {
            throw new IllegalArgumentException(
                    "KV of %d pages of %d, %d heads, keys %d, values %d, latent %b"
                            .formatted(pages, pageSize, kvHeads, keyDim, valueDim, latent));
        }
        return backend.allocateKv(dtype, pages, pageSize, kvHeads, keyDim, valueDim, latent);
    }

    public Matrix upload(Matrix host) {
        return backend.upload(host);
    }

    public Matrix prepare(Matrix weight) {
        return backend.prepare(weight);
    }

    public long weightBytes(DType dtype, int rows, int cols) {
        return backend.weightBytes(dtype, rows, cols);
    }

    public Matrix allocateWeight(DType dtype, int rows, int cols) {
        return backend.allocateWeight(dtype, rows, cols);
    }

    /// A loader of its own for one thread, see [WeightLoader].
    public WeightLoader weightLoader() {
        WeightLoader loader = backend.weightLoader();
        return (host, room) -> {
            same("room", room, host);
            loader.load(host, room);
        };
    }

    public void write(Matrix host, Matrix device) {
        same("device", device, host);
        backend.write(host, device);
    }

    public void read(Matrix device, Matrix host) {
        same("host", host, device);
        backend.read(device, host);
    }

    public void copyPage(KvPages pages, int from, int to) {
        java.util.Objects.checkIndex(from, pages.pages());
        java.util.Objects.checkIndex(to, pages.pages());
        backend.copyPage(pages, from, to);
    }

    // ---- rows ---------------------------------------------------------------------------

    public void embed(Matrix table, Matrix tokenIds, float scale, Matrix out) {
        ints("tokenIds", tokenIds, out.rows(), 1);
        floats("out", out, tokenIds.rows(), table.cols());
        backend.embed(table, tokenIds, scale, out);
    }

    public void gatherRows(Matrix x, Matrix rows, Matrix out) {
        ints("rows", rows, out.rows(), 1);
        floats("x", x, x.rows(), x.cols());
        floats("out", out, rows.rows(), x.cols());
        backend.gatherRows(x, rows, out);
    }

    public void rmsNorm(Matrix x, Matrix weight, float epsilon, Matrix out) {
        floats("x", x, x.rows(), x.cols());
        floats("weight", weight, 1, x.cols());
        floats("out", out, x.rows(), x.cols());
        backend.rmsNorm(x, weight, epsilon, out);
    }

    public void layerNorm(Matrix x, Matrix weight, Matrix bias, float epsilon, Matrix out) {
        floats("x", x, x.rows(), x.cols());
        floats("weight", weight, 1, x.cols());
        floats("bias", bias, 1, x.cols());
        floats("out", out, x.rows(), x.cols());
        backend.layerNorm(x, weight, bias, epsilon, out);
    }

    public void gelu(Matrix x) {
        floats("x", x, x.rows(), x.cols());
        backend.gelu(x);
    }

    public void addBias(Matrix x, Matrix bias) {
        floats("x", x, x.rows(), x.cols());
        floats("bias", bias, 1, x.cols());
        backend.addBias(x, bias);
    }

    public void add(Matrix x, Matrix y, float factor) {
        floats("x", x, x.rows(), x.cols());
        floats("y", y, x.rows(), x.cols());
        backend.add(x, y, factor);
    }

    public void addGated(Matrix x, Matrix gate, Matrix y) {
        floats("x", x, x.rows(), x.cols());
        floats("gate", gate, x.rows(), 1);
        floats("y", y, x.rows(), x.cols());
        backend.addGated(x, gate, y);
    }

    public void scale(Matrix x, float factor) {
        floats("x", x, x.rows(), x.cols());
        backend.scale(x, factor);
    }

    public void softcap(Matrix x, float cap) {
        floats("x", x, x.rows(), x.cols());
        positive("cap", cap);
        backend.softcap(x, cap);
    }

    public void clamp(Matrix x, float limit) {
        floats("x", x, x.rows(), x.cols());
        positive("limit", limit);
        backend.clamp(x, limit);
    }

    public void gatedActivation(Activation activation, Matrix gate, Matrix up, Matrix out) {
        floats("gate", gate, gate.rows(), gate.cols());
        floats("up", up, gate.rows(), gate.cols());
        floats("out", out, gate.rows(), gate.cols());
        backend.gatedActivation(activation, gate, up, out);
    }

    public void copyColumns(Matrix from, int fromColumn, Matrix to, int toColumn, int count) {
        floats("from", from, to.rows(), from.cols());
        floats("to", to, from.rows(), to.cols());
        columns("from", from, fromColumn, count);
        columns("to", to, toColumn, count);
        backend.copyColumns(from, fromColumn, to, toColumn, count);
    }

    // ---- products -----------------------------------------------------------------------

    public void matmul(Matrix x, Matrix weight, Matrix out) {
        floats("x", x, x.rows(), weight.cols());
        floats("out", out, x.rows(), weight.rows());
        backend.matmul(x, weight, out);
    }

    public void headMatmul(Matrix x, int xColumn, List<Matrix> weights, Matrix out, int outColumn) {
        Matrix first = weights.getFirst();
        if (x.rows() % weights.size() != 0) {
            throw new IllegalArgumentException(
                    "%d rows of %d heads".formatted(x.rows(), weights.size()));
        }
        floats("x", x, out.rows(), x.cols());
        floats("out", out, x.rows(), out.cols());
        columns("x", x, xColumn, first.cols());
        columns("out", out, outColumn, first.rows());
        for (Matrix weight : weights) {
            shape("weight", weight, first.rows(), first.cols());
        }
        backend.headMatmul(x, xColumn, weights, out, outColumn);
    }

    // ---- attention ----------------------------------------------------------------------

    public void rotaryAngles(RopeSpec spec, Matrix positions, Matrix angles) {
        ints("positions", positions, angles.rows(), 1);
        floats("angles", angles, positions.rows(), spec.dims());
        backend.rotaryAngles(spec, positions, angles);
    }

    public void rope(Matrix x, int column, Matrix angles, RopeSpec.Pairing pairing) {
        floats("x", x, x.rows(), x.cols());
        columns("x", x, column, angles.cols());
        if (angles.rows() == 0 ? x.rows() != 0 : x.rows() % angles.rows() != 0) {
            throw new IllegalArgumentException(
                    "%d rows of x for %d rows of angles".formatted(x.rows(), angles.rows()));
        }
        backend.rope(x, column, angles, pairing);
    }

    public void storeKeys(Matrix rows, int column, KvPages pages, Matrix slots) {
        ints("slots", slots, rows.rows(), 1);
        floats("rows", rows, slots.rows(), rows.cols());
        if (rows.cols() % pages.kvHeads() != 0
                || column < 0 || column + rows.cols() / pages.kvHeads() > pages.keyDim()) {
            throw new IllegalArgumentException("keys [%d,%d] at column %d of %d heads of %d"
                    .formatted(
                    rows.rows(), rows.cols(), column, pages.kvHeads(), pages.keyDim()));
        }
        backend.storeKeys(rows, column, pages, slots);
    }

    public void storeValues(Matrix rows, KvPages pages, Matrix slots) {
        if (pages.latent()) {
            throw new IllegalArgumentException("latent pages hold no values of their own");
        }
        ints("slots", slots, rows.rows(), 1);
        floats("rows", rows, slots.rows(), pages.kvHeads() * pages.valueDim());
        backend.storeValues(rows, pages, slots);
    }

    public void attention(AttentionSpec spec, Matrix q, KvPages pages, RowMap rows, Matrix out) {
        if (spec.heads() % pages.kvHeads() != 0) {
            throw new IllegalArgumentException(
                    "%d heads over %d KV heads".formatted(spec.heads(), pages.kvHeads()));
        }
        floats("q", q, out.rows(), spec.heads() * pages.keyDim());
        floats("out", out, q.rows(), spec.heads() * pages.valueDim());
        ints("positions", rows.positions(), q.rows(), 1);
        ints("sequences", rows.sequences(), q.rows(), 1);
        optional("sinks", spec.sinks(), spec.heads());
        backend.attention(spec, q, pages, rows, out);
    }

    // ---- experts ------------------------------------------------------------------------

    public void routeTopK(RouterSpec spec, Matrix logits, Matrix correctionBias, Matrix expertIds,
            Matrix expertWeights) {
        floats("logits", logits, logits.rows(), spec.experts());
        optional("correctionBias", correctionBias, spec.experts());
        ints("expertIds", expertIds, logits.rows(), spec.topK());
        floats("expertWeights", expertWeights, logits.rows(), spec.topK());
        backend.routeTopK(spec, logits, correctionBias, expertIds, expertWeights);
    }

    public void expertFfn(Matrix x, ExpertWeights experts, Matrix expertIds, Matrix expertWeights,
            Matrix out) {
        floats("x", x, x.rows(), experts.gate().getFirst().cols());
        ints("expertIds", expertIds, x.rows(), expertIds.cols());
        floats("expertWeights", expertWeights, x.rows(), expertIds.cols());
        floats("out", out, x.rows(), x.cols());
        backend.expertFfn(x, experts, expertIds, expertWeights, out);
    }

    public void expertRows(Matrix x, ExpertWeights experts, Matrix expertIds, Matrix out) {
        floats("x", x, x.rows(), experts.gate().getFirst().cols());
        ints("expertIds", expertIds, x.rows(), expertIds.cols());
        floats("out", out, x.rows() * expertIds.cols(), x.cols());
        backend.expertRows(x, experts, expertIds, out);
    }

    public void combineExperts(Matrix rows, Matrix expertWeights, Matrix out) {
        floats("expertWeights", expertWeights, out.rows(), expertWeights.cols());
        floats("rows", rows, out.rows() * expertWeights.cols(), out.cols());
        floats("out", out, expertWeights.rows(), rows.cols());
        backend.combineExperts(rows, expertWeights, out);
    }

    public void countExperts(Matrix expertIds, Matrix counters) {
        ints("expertIds", expertIds, expertIds.rows(), expertIds.cols());
        ints("counters", counters, 1, counters.cols());
        backend.countExperts(expertIds, counters);
    }

    @Override
    public void close() {
        backend.close();
    }

    // ---- checks -------------------------------------------------------------------------

    private static void floats(String name, Matrix m, int rows, int cols) {
        typed(name, m, DType.F32);
        shape(name, m, rows, cols);
    }

    private static void ints(String name, Matrix m, int rows, int cols) {
        typed(name, m, DType.I32);
        shape(name, m, rows, cols);
    }

    /// [1,cols] F32, or no rows at all.
    private static void optional(String name, Matrix m, int cols) {
        if (m.rows() != 0) {
            floats(name, m, 1, cols);
        }
    }

    private static void same(String name, Matrix m, Matrix other) {
        typed(name, m, other.dtype());
        shape(name, m, other.rows(), other.cols());
    }

    private static void typed(String name, Matrix m, DType dtype) {
        if (m.dtype() != dtype) {
            throw new IllegalArgumentException(
                    "%s must be %s, got %s".formatted(name, dtype, m.dtype()));
        }
    }

    private static void shape(String name, Matrix m, int rows, int cols) {
        if (m.rows() != rows || m.cols() != cols) {
            throw new IllegalArgumentException("%s must be [%d,%d], got [%d,%d]"
                    .formatted(name, rows, cols, m.rows(), m.cols()));
        }
    }

    private static void columns(String name, Matrix m, int column, int count) {
        if (column < 0 || count < 0 || column + count > m.cols()) {
            throw new IllegalArgumentException("%s has %d columns, asked for %d..%d"
                    .formatted(name, m.cols(), column, column + count));
        }
    }

    private static void positive(String name, float value) {
        if (!(value > 0)) {
            throw new IllegalArgumentException(name + " must be positive, got " + value);
        }
    }
}
