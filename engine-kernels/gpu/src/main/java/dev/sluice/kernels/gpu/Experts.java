package dev.sluice.kernels.gpu;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.ExpertTable;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;

/// Routing, and the experts' feed-forward layers: (token, slot) pairs are sorted by expert on the
/// device, multiplied in tiles of one expert, and combined in slot order. Engine thread only.
///
/// Copies of an expert hold equal bits, so one device always reads the first of them.
final class Experts {
    private static final int EXPERTS_MAX = 1024;
    /// Pairs an expert, on average, up to which tiles of few rows read weights no more often.
    private static final int FEW_PAIRS = 6;

    private final Device device;
    private final Launch launch;
    private final Workspace workspace;
    private final Products products;
    private final RowOperations rows;

    Experts(Device device, Launch launch, Workspace workspace, Products products,
            RowOperations rows) {
        this.device = device;
        this.launch = launch;
        this.workspace = workspace;
        this.products = products;
        this.rows = rows;
    }

    void routeTopK(RouterSpec spec, Matrix logits, Matrix correctionBias, Matrix expertIds,
            Matrix expertWeights) {
        if (spec.experts() > EXPERTS_MAX) {
            throw new IllegalArgumentException(
                    "%d experts, the kernel's local memory holds %d".formatted(
                            spec.experts(), EXPERTS_MAX));
        }
        int scoring = switch (spec.scoring()) {
            case SOFTMAX_ALL -> 0;
            case SOFTMAX_KEPT -> 1;
            case SIGMOID -> 2;
        };
        launch.of(GpuKernel.ROUTE_TOP_K).matrix(logits).integer(spec.experts())
                .integer(spec.topK()).integer(scoring).flag(spec.normalize()).real(spec.scale())
                .integer(spec.groups()).integer(spec.groupsKept())
                .flag(spec.groupRule() == RouterSpec.GroupRule.BEST_TWO).matrix(correctionBias)
                .flag(correctionBias.rows() > 0).matrix(expertIds).matrix(expertWeights)
                .groups(logits.rows(), 1);
    }

    void countExperts(Matrix expertIds, Matrix counters) {
        long count = (long) expertIds.rows() * expertIds.cols();
        launch.of(GpuKernel.COUNT_EXPERTS).matrix(expertIds).wide(count).matrix(counters)
                .lanes(count);
    }

    void ffn(Matrix x, ExpertWeights experts, Matrix expertIds, Matrix expertWeights, Matrix out) {
        requirePresent(experts, expertIds);
        Matrix pairs = workspace.room(Workspace.Room.EXPERT_ROWS, DType.F32,
                x.rows() * expertIds.cols(), x.cols());
        expertRows(x, experts, expertIds, pairs);
        combine(pairs, expertWeights, out);
    }

    /// An absent expert is an error, not a zero. Ids are read back only where one could be absent.
    private void requirePresent(ExpertWeights experts, Matrix expertIds) {
        boolean all = true;
        for (int e = 0; e < experts.experts(); e++) {
            all &= experts.table().isPresent(e);
        }
        if (!all) {
            int count = expertIds.rows() * expertIds.cols();
            var host = Matrix.host(new int[count], expertIds.rows(), expertIds.cols());
            device.read(expertIds, host);
            for (int i = 0; i < count; i++) {
                experts.table().place(host.i32(i / host.cols(), i % host.cols()), 0);
            }
        }
    }

    void combine(Matrix pairs, Matrix expertWeights, Matrix out) {
        launch.of(GpuKernel.COMBINE_EXPERTS).matrix(pairs).matrix(expertWeights).matrix(out)
                .integer(expertWeights.cols()).integer(out.cols())
                .over((long) out.rows() * out.cols());
    }

    /// Row t*K+k of out [T*K,D] = ffn(expertIds[t,k], x[t]) where that expert is present.
    void expertRows(Matrix x, ExpertWeights experts, Matrix expertIds, Matrix out) {
        if (x.rows() == 0) {
            return;
        }
        int pairs = x.rows() * expertIds.cols();
        WeightPlaces.Table gate = places(experts, experts.gate());
        WeightPlaces.Table up = places(experts, experts.up());
        WeightPlaces.Table down = places(experts, experts.down());
        RowOrder order = dispatch(experts, gate, expertIds, pairs);
        Matrix none = Matrix.none(1);
        Matrix gated = workspace.room(Workspace.Room.GATE, DType.F32, pairs, experts.hidden());
        Matrix upped = workspace.room(Workspace.Room.UP, DType.F32, pairs, experts.hidden());
        products.staged().ordered(x, 0, x.cols(), gate.dtype(), order, expertIds.cols());
        products.grouped(gate, experts.gate().getFirst(), order,
                new Products.Target(gated, 0, none, experts.gateBias()));
        if (StagedRows.quantises(gate.dtype()) != StagedRows.quantises(up.dtype())) {
            products.staged().ordered(x, 0, x.cols(), up.dtype(), order, expertIds.cols());
        }
        products.grouped(up, experts.up().getFirst(), order,
                new Products.Target(upped, 0, none, experts.upBias()));
        rows.gatedActivation(experts.activation(), gated, upped, gated);
        products.staged().inPlace(gated, down.dtype());
        products.grouped(down, experts.down().getFirst(), order,
                new Products.Target(out, 0, order.order(), experts.downBias()));
    }

    private WeightPlaces.Table places(ExpertWeights experts, java.util.List<Matrix> weights) {
        ExpertTable table = experts.table();
        return products.places().of(weights, experts.experts(),
                e -> table.isPresent(e) ? table.place(e, 0) : -1);
    }

    private RowOrder dispatch(ExpertWeights experts, WeightPlaces.Table gate, Matrix expertIds,
            int pairs) {
        int count = experts.experts();
        boolean few = pairs <= FEW_PAIRS * count;
        int tileRows = RowOrder.tileRows(few);
        int tileMax = Math.min(pairs, pairs / tileRows + Math.min(pairs, count));
        Matrix starts = workspace.room(Workspace.Room.STARTS, DType.I32, 1, count + 1);
        Matrix order = workspace.room(Workspace.Room.ORDER, DType.I32, 1, pairs);
        Matrix tiles = workspace.room(Workspace.Room.TILES, DType.I32, 2, tileMax);
        launch.of(GpuKernel.DISPATCH_EXPERTS).matrix(expertIds).integer(pairs).integer(count)
                .matrix(gate.places()).integer(tileRows).matrix(starts).matrix(order).matrix(tiles)
                .integer(tileMax).groups(1, 1);
        return new RowOrder(starts, order, tiles, count, few);
    }
}
