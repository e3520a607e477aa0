package dev.sluice.kernels.contract;

import static dev.sluice.kernels.contract.Tampering.ascending;
import static dev.sluice.kernels.contract.Tampering.change;
import static dev.sluice.kernels.contract.Tampering.changed;
import static dev.sluice.kernels.contract.Tampering.copy;
import static dev.sluice.kernels.contract.Tampering.overwrite;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Dequantiser;
import dev.sluice.kernels.ExpertTable;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RowMap;
import dev.sluice.kernels.reference.ReferenceProvider;
import dev.sluice.kernels.spi.KernelBackend;
import dev.sluice.kernels.spi.WeightLoader;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// The canary: the oracle with one fault, planted by changing what goes into it or comes out.
/// Longer than most files because it has a branch for each fault and a method per operation.
final class BrokenBackend implements KernelBackend {
    private final KernelBackend oracle = new ReferenceProvider().open(BackendOptions.defaults());
    private final Fault fault;
    private final Set<DType> only;

    BrokenBackend(Fault fault) {
        this(fault, EnumSet.allOf(DType.class));
    }

    /// Products, experts and attention are broken for weights or pages of these encodings only.
    BrokenBackend(Fault fault, Set<DType> only) {
        this.fault = fault;
        this.only = only;
    }

    private boolean is(Fault other) {
        return fault == other;
    }

    private boolean is(Fault other, DType dtype) {
        return fault == other && only.contains(dtype);
    }

    @Override
    public String name() {
        return "broken by " + fault;
    }

    // ---- memory -------------------------------------------------------------------------

    @Override
    public Matrix allocate(DType dtype, int rows, int cols) {
        Matrix m = oracle.allocate(dtype, rows, cols);
        if (is(Fault.ALLOCATES_DIRTY) && rows * cols > 0) {
            m.i32(rows - 1, cols - 1, 1);
        }
        return m;
    }

    @Override
    public KvPages allocateKv(DType dtype, int pages, int pageSize, int kvHeads, int keyDim,
            int valueDim, boolean latent) {
        return oracle.allocateKv(dtype, pages, pageSize, kvHeads, keyDim, valueDim, latent);
    }

    @Override
    public Matrix prepare(Matrix weight) {
        if (is(Fault.PREPARE_CHANGES_THE_FILE) && weight.rows() > 0) {
            byte first = weight.memory().get(ValueLayout.JAVA_BYTE, weight.byteOffset());
            weight.memory().set(ValueLayout.JAVA_BYTE, weight.byteOffset(), (byte) (first ^ 1));
        }
        return oracle.prepare(weight);
    }

    @Override
    public Matrix allocateWeight(DType dtype, int rows, int cols) {
        return oracle.allocateWeight(dtype, rows, cols);
    }

    @Override
    public WeightLoader weightLoader() {
        WeightLoader loader = oracle.weightLoader();
        Set<Matrix> filled = new HashSet<>();
        return (host, room) -> {
            if (!is(Fault.ROOM_KEEPS_ITS_FIRST_WEIGHT) || filled.add(room)) {
                loader.load(host, room);
            }
        };
    }

    @Override
    public void write(Matrix host, Matrix device) {
        oracle.write(host, is(Fault.WRITE_FORGETS_OFFSET) ? atStart(device) : device);
    }

    @Override
    public void read(Matrix device, Matrix host) {
        oracle.read(is(Fault.READ_FORGETS_OFFSET) ? atStart(device) : device, host);
    }

    private static Matrix atStart(Matrix m) {
        return Matrix.of(m.dtype(), m.rows(), m.cols(), m.memory(), 0);
    }

    @Override
    public void copyPage(KvPages pages, int from, int to) {
        if (is(Fault.COPY_PAGE_KEYS_ONLY)) {
            oracle.write(pages.keys().rows(from, 1), pages.keys().rows(to, 1));
        } else {
            oracle.copyPage(pages, from, to);
        }
    }

    // ---- rows ---------------------------------------------------------------------------

    @Override
    public void embed(Matrix table, Matrix tokenIds, float scale, Matrix out) {
        Matrix ids = is(Fault.EMBED_OFF_BY_ONE_ROW)
                ? changed(tokenIds, id -> (id + 1) % table.rows()) : tokenIds;
        oracle.embed(table, ids, is(Fault.EMBED_FORGETS_SCALE) ? 1 : scale, out);
    }

    @Override
    public void gatherRows(Matrix x, Matrix rows, Matrix out) {
        int count = is(Fault.GATHER_SKIPS_LAST_ROW) ? Math.max(0, rows.rows() - 1) : rows.rows();
        Matrix used = is(Fault.GATHER_IN_ORDER) ? changed(rows, _ -> 0) : rows;
        oracle.gatherRows(x, used.rows(0, count), out.rows(0, count));
    }

    @Override
    public void rmsNorm(Matrix x, Matrix weight, float epsilon, Matrix out) {
        int rows = is(Fault.RMS_FIRST_ROW_ONLY) ? Math.min(1, x.rows()) : x.rows();
        Matrix input = x;
        if (is(Fault.RMS_IGNORES_LAST_COLUMN)) {
            input = copy(x);
            for (int t = 0; t < x.rows(); t++) {
                input.f32(t, x.cols() - 1, 0);
            }
        }
        oracle.rmsNorm(input.rows(0, rows), weight, is(Fault.RMS_FORGETS_EPSILON) ? 0 : epsilon,
                out.rows(0, rows));
        if (is(Fault.RMS_WRITES_PAST_END)) {
            out.f32(out.rows(), 0, 0);
        }
        if (is(Fault.RMS_WRITES_BEFORE_START)) {
            out.f32(0, -1, 0);
        }
        alone(Fault.RMS_OTHER_BITS_ALONE, out);
    }

    @Override
    public void layerNorm(Matrix x, Matrix weight, Matrix bias, float epsilon, Matrix out) {
        int rows = is(Fault.LAYER_NORM_FIRST_ROW_ONLY) ? Math.min(1, x.rows()) : x.rows();
        if (is(Fault.LAYER_NORM_FORGETS_MEAN)) {
            oracle.rmsNorm(x, weight, epsilon, out);
            oracle.addBias(out, bias);
            return;
        }
        oracle.layerNorm(x.rows(0, rows), weight,
                is(Fault.LAYER_NORM_FORGETS_BIAS) ? change(bias, _ -> 0) : bias,
                is(Fault.LAYER_NORM_FORGETS_EPSILON) ? 0 : epsilon, out.rows(0, rows));
        alone(Fault.LAYER_NORM_OTHER_BITS_ALONE, out);
    }

    @Override
    public void gelu(Matrix x) {
        Matrix before = copy(x);
        if (is(Fault.GELU_BY_TANH)) {
            oracle.gatedActivation(Activation.GELU_TANH, before, change(x, _ -> 1), x);
            return;
        }
        oracle.gelu(x);
        if (is(Fault.GELU_SKIPS_LAST_ELEMENT) && x.rows() > 0) {
            x.f32(x.rows() - 1, x.cols() - 1, before.f32(x.rows() - 1, x.cols() - 1));
        }
    }

    @Override
    public void addBias(Matrix x, Matrix bias) {
        oracle.addBias(is(Fault.BIAS_FIRST_ROW_ONLY) ? x.rows(0, Math.min(1, x.rows())) : x, bias);
    }

    @Override
    public void add(Matrix x, Matrix y, float factor) {
        oracle.add(x, y, is(Fault.ADD_FORGETS_FACTOR) ? 1 : factor);
        if (is(Fault.ADD_CHANGES_Y)) {
            oracle.scale(y, factor);
        }
    }

    @Override
    public void addGated(Matrix x, Matrix gate, Matrix y) {
        if (is(Fault.GATED_SUM_WITHOUT_SIGMOID)) {
            for (int t = 0; t < x.rows(); t++) {
                oracle.add(x.rows(t, 1), y.rows(t, 1), gate.f32(t, 0));
            }
        } else {
            oracle.addGated(x, gate, y);
        }
    }

    @Override
    public void scale(Matrix x, float factor) {
        float last = x.rows() == 0 ? 0 : x.f32(x.rows() - 1, x.cols() - 1);
        oracle.scale(x, factor);
        if (is(Fault.SCALE_SKIPS_LAST_ELEMENT) && x.rows() > 0) {
            x.f32(x.rows() - 1, x.cols() - 1, last);
        }
    }

    @Override
    public void softcap(Matrix x, float cap) {
        if (is(Fault.SOFTCAP_IS_A_CLAMP)) {
            oracle.clamp(x, cap);
        } else {
            oracle.softcap(x, cap);
        }
    }

    @Override
    public void clamp(Matrix x, float limit) {
        if (is(Fault.CLAMP_FROM_ABOVE_ONLY)) {
            overwrite(x, change(x, v -> Math.min(v, limit)));
        } else {
            oracle.clamp(x, limit);
        }
    }

    @Override
    public void gatedActivation(Activation activation, Matrix gate, Matrix up, Matrix out) {
        Activation used = is(Fault.ACTIVATION_ALWAYS_SILU) ? Activation.SILU : activation;
        if (is(Fault.ACTIVATION_CLEARS_OUT_FIRST)) {
            oracle.scale(out, 0);
        }
        boolean swap = is(Fault.ACTIVATION_SWAPS_OPERANDS);
        oracle.gatedActivation(used, swap ? up : gate, swap ? gate : up, out);
        alone(Fault.ACTIVATION_OTHER_BITS_ALONE, out);
    }

    @Override
    public void copyColumns(Matrix from, int fromColumn, Matrix to, int toColumn, int count) {
        int more = is(Fault.COPY_ONE_COLUMN_MORE) ? 1 : 0;
        oracle.copyColumns(from, fromColumn, to, toColumn, count + more);
    }

    // ---- products -----------------------------------------------------------------------

    @Override
    public void matmul(Matrix x, Matrix weight, Matrix out) {
        if (is(Fault.HONEST_FLOAT_SUMS)) {
            floatSums(x, weight, out);
            return;
        }
        Matrix input = !only.contains(weight.dtype()) ? x : switch (fault) {
            case MATMUL_IGNORES_LAST_COLUMN -> {
                Matrix masked = copy(x);
                for (int t = 0; t < x.rows(); t++) {
                    masked.f32(t, x.cols() - 1, 0);
                }
                yield masked;
            }
            case MATMUL_TRUNCATES_X -> change(x, Tampering::truncated);
            case HONEST_QUANTISED_ACTIVATIONS -> quantised(x, weight.dtype(), false);
            case MATMUL_HALF_SCALES -> quantised(x, weight.dtype(), true);
            default -> x;
        };
        int rows = is(Fault.MATMUL_SKIPS_LAST_ROW) ? Math.max(0, x.rows() - 1) : x.rows();
        if (is(Fault.MATMUL_OFF_BY_ONE_ROW) && weight.rows() > 1) {
            Matrix moved = oracle.allocate(DType.F32, x.rows(), weight.rows());
            oracle.matmul(input, weight, moved);
            for (int n = 0; n < weight.rows(); n++) {
                oracle.copyColumns(moved, (n + 1) % weight.rows(), out, n, 1);
            }
        } else {
            oracle.matmul(input.rows(0, rows), weight, out.rows(0, rows));
        }
        if (is(Fault.MATMUL_WRITES_PAST_END)) {
            out.f32(out.rows(), 0, 0);
        }
        if (is(Fault.MATMUL_CHANGES_X)) {
            oracle.scale(x, 2);
        }
        if (only.contains(weight.dtype())) {
            alone(Fault.MATMUL_OTHER_BITS_ALONE, out);
        }
    }

    private static void floatSums(Matrix x, Matrix weight, Matrix out) {
        float[] w = new float[weight.cols()];
        for (int n = 0; n < weight.rows(); n++) {
            Dequantiser.row(weight, n, w);
            for (int t = 0; t < x.rows(); t++) {
                float sum = 0;
                for (int k = 0; k < w.length; k++) {
                    sum += x.f32(t, k) * w[k];
                }
                out.f32(t, n, sum);
            }
        }
    }

    /// x after a trip through codes of 8 bits, where the weight's encoding allows it.
    private static Matrix quantised(Matrix x, DType dtype, boolean halfScales) {
        int block = dtype.blockElements();
        Matrix coded = copy(x);
        for (int i = 0; dtype.quantised() && i < x.rows() * x.cols(); i += block) {
            float largest = 0;
            for (int k = i; k < i + block; k++) {
                largest = Math.max(largest, Math.abs(x.f32(0, k)));
            }
            float scale = largest / 127;
            scale = halfScales ? Float.float16ToFloat(Float.floatToFloat16(scale)) : scale;
            for (int k = i; k < i + block; k++) {
                // A division: the inverse of a subnormal scale is infinite.
                coded.f32(0, k, scale == 0 ? 0 : scale * (float) Math.rint(x.f32(0, k) / scale));
            }
        }
        return coded;
    }

    @Override
    public void headMatmul(Matrix x, int xColumn, List<Matrix> weights, Matrix out, int outColumn) {
        if (is(Fault.HEADS_CLEAR_OTHER_COLUMNS)) {
            oracle.scale(out, 0);
        }
        oracle.headMatmul(x, xColumn, is(Fault.HEADS_SHARE_A_WEIGHT)
                ? Collections.nCopies(weights.size(), weights.getFirst()) : weights, out,
                outColumn);
    }

    // ---- attention ----------------------------------------------------------------------

    @Override
    public void rotaryAngles(RopeSpec spec, Matrix positions, Matrix angles) {
        float magnitude = is(Fault.ANGLES_FORGET_MAGNITUDE) ? 1 : spec.magnitude();
        oracle.rotaryAngles(new RopeSpec(spec.inverseFrequencies(), magnitude, spec.pairing()),
                positions, angles);
        for (int t = 0; is(Fault.ANGLES_IN_DOUBLE) && t < angles.rows(); t++) {
            for (int m = 0; m < angles.cols() / 2; m++) {
                double angle = (double) positions.i32(t, 0) * spec.inverseFrequencies().f32(0, m);
                angles.f32(t, m, (float) (magnitude * Math.cos(angle)));
                angles.f32(t, angles.cols() / 2 + m, (float) (magnitude * Math.sin(angle)));
            }
        }
    }

    @Override
    public void rope(Matrix x, int column, Matrix angles, RopeSpec.Pairing pairing) {
        Matrix used = copy(angles);
        for (int t = 0; is(Fault.ROPE_TURNS_BACKWARDS) && t < angles.rows(); t++) {
            for (int m = angles.cols() / 2; m < angles.cols(); m++) {
                used.f32(t, m, -angles.f32(t, m));
            }
        }
        oracle.rope(x, is(Fault.ROPE_FORGETS_COLUMN) ? 0 : column, used,
                is(Fault.ROPE_ALWAYS_HALVES) ? RopeSpec.Pairing.HALVES : pairing);
    }

    @Override
    public void storeKeys(Matrix rows, int column, KvPages pages, Matrix slots) {
        oracle.storeKeys(rows, is(Fault.STORE_KEYS_FORGETS_COLUMN) ? 0 : column, pages, slots);
        if (is(Fault.STORE_FILLS_NEXT_SLOTS) && rows.rows() == 1) {
            oracle.storeKeys(rows, column, pages, changed(slots, slot -> slot + pages.pageSize()));
        }
    }

    @Override
    public void storeValues(Matrix rows, KvPages pages, Matrix slots) {
        oracle.storeValues(rows, pages, slots);
    }

    @Override
    public void attention(AttentionSpec s, Matrix q, KvPages pages, RowMap rows, Matrix out) {
        int more = is(Fault.ATTENTION_WINDOW_ONE_MORE) && s.window() > 0 ? 1 : 0;
        int window = is(Fault.ATTENTION_WITHOUT_WINDOW) ? 0 : s.window() + more;
        float softcap = is(Fault.ATTENTION_WITHOUT_SOFTCAP) ? 0 : s.softcap();
        Matrix sinks = is(Fault.ATTENTION_WITHOUT_SINKS) ? Matrix.none(s.heads())
                : is(Fault.ATTENTION_SINKS_ARE_SCALED) ? change(s.sinks(), z -> z * s.scale())
                : s.sinks();
        var spec = new AttentionSpec(s.heads(), s.scale(), softcap, window, sinks);
        Matrix positions = is(Fault.ATTENTION_SEES_FUTURE, pages.dtype())
                ? changed(rows.positions(), p -> p + 1) : rows.positions();
        if (is(Fault.ATTENTION_BY_ROW_NUMBER)) {
            positions = ascending(rows);
        }
        Matrix sequences = is(Fault.ATTENTION_FIRST_SEQUENCE_ONLY)
                ? changed(rows.sequences(), _ -> 0) : rows.sequences();
        Matrix table = rows.pageTable();
        if (is(Fault.ATTENTION_PAGES_IN_ORDER)) {
            table = copy(table);
            for (int i = 0; i < table.rows() * table.cols(); i++) {
                table.i32(0, i, i);
            }
        }
        var map = new RowMap(positions, sequences, rows.slots(), table);
        if (is(Fault.ATTENTION_WRONG_KV_HEAD)) {
            Matrix turned = oracle.allocate(DType.F32, out.rows(), out.cols());
            oracle.attention(spec, headsReversed(q, s.heads()), pages, map, turned);
            overwrite(out, headsReversed(turned, s.heads()));
        } else {
            Matrix used = is(Fault.ATTENTION_TRUNCATES_Q) ? change(q, Tampering::truncated) : q;
            oracle.attention(spec, used, pages, map, out);
        }
        alone(Fault.ATTENTION_OTHER_BITS_ALONE, out);
        if (is(Fault.ATTENTION_OTHER_BITS_SHARED) && table.rows() > 1
                && table.i32(0, 0) == table.i32(1, 0)) {
            overwrite(out, change(out, Math::nextUp));
        }
    }

    private static Matrix headsReversed(Matrix m, int heads) {
        Matrix turned = copy(m);
        int dim = m.cols() / heads;
        for (int t = 0; t < m.rows(); t++) {
            for (int c = 0; c < m.cols(); c++) {
                turned.f32(t, c, m.f32(t, (heads - 1 - c / dim) * dim + c % dim));
            }
        }
        return turned;
    }

    // ---- experts ------------------------------------------------------------------------

    @Override
    public void routeTopK(RouterSpec s, Matrix logits, Matrix bias, Matrix ids, Matrix weights) {
        boolean grouped = !is(Fault.ROUTE_WITHOUT_GROUPS);
        var spec = new RouterSpec(s.experts(), s.topK(), s.scoring(),
                s.normalize() && !is(Fault.ROUTE_FORGETS_NORMALISATION),
                is(Fault.ROUTE_FORGETS_SCALE) ? 1 : s.scale(), grouped ? s.groups() : 1,
                grouped ? s.groupsKept() : 1,
                is(Fault.ROUTE_GROUPS_BY_BEST) ? RouterSpec.GroupRule.BEST : s.groupRule());
        Matrix used = is(Fault.ROUTE_FORGETS_BIAS) ? Matrix.none(s.experts()) : bias;
        if (is(Fault.ROUTE_TIES_HIGHER_ID)) {
            oracle.routeTopK(spec, headsReversed(logits, s.experts()),
                    headsReversed(used, s.experts()), ids, weights);
            overwrite(ids, changed(ids, id -> s.experts() - 1 - id));
            return;
        }
        oracle.routeTopK(spec, logits, used, ids, weights);
        for (int t = 0; is(Fault.ROUTE_WEIGHTS_ARE_BIASED) && t < ids.rows(); t++) {
            for (int k = 0; k < ids.cols() && bias.rows() > 0; k++) {
                weights.f32(t, k, weights.f32(t, k) + bias.f32(0, ids.i32(t, k)));
            }
        }
        alone(Fault.ROUTE_OTHER_BITS_ALONE, weights);
    }

    @Override
    public void expertFfn(Matrix x, ExpertWeights e, Matrix ids, Matrix weights, Matrix out) {
        if (Fault.honest().contains(fault)) {
            byProducts(x, e, ids, weights, out);
            return;
        }
        Matrix used = copy(weights);
        for (int t = 0; t < used.rows(); t++) {
            for (int k = 0; k < used.cols(); k++) {
                boolean last = k == used.cols() - 1;
                if (last && is(Fault.EXPERTS_WITHOUT_LAST, e.gate().getFirst().dtype())) {
                    used.f32(t, k, 0);
                }
                if (is(Fault.EXPERTS_EQUALLY_WEIGHTED)) {
                    used.f32(t, k, 1f / used.cols());
                }
            }
        }
        ExpertWeights experts = !is(Fault.EXPERTS_WITHOUT_BIAS) ? e : new ExpertWeights(e.gate(),
                e.up(), e.down(), Matrix.none(e.hidden()), Matrix.none(e.hidden()),
                Matrix.none(x.cols()), e.activation());
        oracle.expertFfn(x, misplaced(experts), is(Fault.EXPERTS_OFF_BY_ONE)
                ? changed(ids, id -> (id + 1) % e.experts()) : ids, used, out);
        alone(Fault.EXPERTS_OTHER_BITS_ALONE, out);
    }

    /// The experts with a table that is read wrongly, if that is the fault.
    private ExpertWeights misplaced(ExpertWeights e) {
        if (!is(Fault.PLACES_ARE_EXPERT_IDS) && !is(Fault.COPIES_ARE_NEIGHBOURS)) {
            return e;
        }
        int[] order = new int[e.experts()];
        for (int id = 0; id < order.length; id++) {
            int place = e.table().place(id, 0);
            boolean alone = e.table().place(id, 1) == place;
            order[id] = is(Fault.PLACES_ARE_EXPERT_IDS) ? id
                    : alone ? place : (place + 1) % e.gate().size();
        }
        return e.placed(order, ExpertTable.identity(order.length));
    }

    @Override
    public void expertRows(Matrix x, ExpertWeights e, Matrix ids, Matrix out) {
        int slots = ids.cols();
        Matrix rows = is(Fault.EXPERT_ROWS_SLOT_BY_SLOT)
                ? oracle.allocate(DType.F32, out.rows(), out.cols()) : out;
        oracle.expertRows(x, e, ids, rows);
        for (int pair = 0; pair < out.rows(); pair++) {
            boolean present = e.table().isPresent(ids.i32(0, pair));
            if (is(Fault.EXPERT_ROWS_CLEAR_THE_ABSENT) && !present) {
                oracle.scale(out.rows(pair, 1), 0);
            }
            if (is(Fault.EXPERT_ROWS_SLOT_BY_SLOT) && present) {
                int to = pair % slots * x.rows() + pair / slots;
                overwrite(out.rows(to, 1), rows.rows(pair, 1));
            }
        }
    }

    @Override
    public void combineExperts(Matrix rows, Matrix weights, Matrix out) {
        oracle.combineExperts(rows, weights, out);
        int slots = weights.cols();
        for (int t = 0; is(Fault.COMBINE_LAST_SLOT_TWICE) && t < out.rows(); t++) {
            oracle.add(out.rows(t, 1), rows.rows(t * slots + slots - 1, 1),
                    weights.f32(t, slots - 1));
        }
        if (is(Fault.COMBINE_OTHER_BITS)) {
            overwrite(out, change(out, Math::nextUp));
        }
    }

    /// Experts one row at a time by this backend's own products, in floats in between.
    private void byProducts(Matrix x, ExpertWeights e, Matrix ids, Matrix weights, Matrix out) {
        overwrite(out, change(out, _ -> 0));
        Matrix gate = Matrix.host(new float[e.hidden()], 1, e.hidden());
        Matrix up = Matrix.host(new float[e.hidden()], 1, e.hidden());
        Matrix down = Matrix.host(new float[x.cols()], 1, x.cols());
        for (int t = 0; t < x.rows(); t++) {
            for (int k = 0; k < ids.cols(); k++) {
                int id = ids.i32(t, k);
                matmul(x.rows(t, 1), e.gate().get(id), gate);
                matmul(x.rows(t, 1), e.up().get(id), up);
                if (e.biased()) {
                    oracle.addBias(gate, e.gateBias().rows(id, 1));
                    oracle.addBias(up, e.upBias().rows(id, 1));
                }
                oracle.gatedActivation(e.activation(), gate, up, gate);
                matmul(gate, e.down().get(id), down);
                if (e.biased()) {
                    oracle.addBias(down, e.downBias().rows(id, 1));
                }
                oracle.add(out.rows(t, 1), down, weights.f32(t, k));
            }
        }
    }

    @Override
    public void countExperts(Matrix expertIds, Matrix counters) {
        if (is(Fault.COUNT_OVERWRITES)) {
            overwrite(counters, changed(counters, _ -> 0));
        }
        int columns = is(Fault.COUNT_ONCE_PER_ROW) ? 1 : expertIds.cols();
        for (int t = 0; t < expertIds.rows(); t++) {
            oracle.countExperts(Matrix.of(DType.I32, 1, columns, expertIds.memory(),
                    expertIds.byteOffset() + 4L * t * expertIds.cols()), counters);
        }
    }

    @Override
    public void close() {
        oracle.close();
    }

    // ---- tools of the saboteur ----------------------------------------------------------

    /// The next float up, in a batch of one row.
    private void alone(Fault planted, Matrix out) {
        if (is(planted) && out.rows() == 1) {
            overwrite(out, change(out, Math::nextUp));
        }
    }
}
