package dev.sluice.router;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RowBuffer;

/// A mixture-of-experts feed-forward layer: this is where tokens meet experts, for every family.
/// What differs between families is data: the [RouterSpec], the biases, the shared expert. Where
/// the experts are kept is the [ExpertStore]'s concern.
/// Engine thread only.
public final class MoeBlock {
    private final int layer;
    private final RouterSpec spec;
    private final RouterWeights router;
    private final ExpertDispatch experts;
    private final SharedExpert shared;
    private final RoutingObserver observer;

    /// @param weight          [E,D]
    /// @param bias            [1,E] on the logits (gpt-oss), or no rows
    /// @param correctionBias  [1,E] for selection only (DeepSeek-V3), or no rows
    public record RouterWeights(Matrix weight, Matrix bias, Matrix correctionBias) { }

    /// Scratch for one step, shared by all layers of a model.
    public static final class Scratch {
        private final RowBuffer logits;
        private final RowBuffer expertIds;
        private final RowBuffer expertWeights;

        public Scratch(Kernels kernels, RouterSpec spec, int maxRows) {
            logits = new RowBuffer(kernels, DType.F32, maxRows, spec.experts());
            expertIds = new RowBuffer(kernels, DType.I32, maxRows, spec.topK());
            expertWeights = new RowBuffer(kernels, DType.F32, maxRows, spec.topK());
        }
    }

    public MoeBlock(int layer, RouterSpec spec, RouterWeights router, ExpertDispatch experts,
            SharedExpert shared, RoutingObserver observer) {
        this.layer = layer;
        this.spec = spec;
        this.router = router;
        this.experts = experts;
        this.shared = shared;
        this.observer = observer;
    }

    /// out [T,D] = sum over the kept experts of weight * expert(x [T,D]), plus the shared expert
    public void forward(Kernels kernels, Matrix x, Scratch s, Matrix out) {
        Matrix logits = s.logits.rows(x.rows());
        Matrix expertIds = s.expertIds.rows(x.rows());
        Matrix expertWeights = s.expertWeights.rows(x.rows());
        kernels.matmul(x, router.weight, logits);
        if (router.bias.rows() > 0) {
            kernels.addBias(logits, router.bias);
        }
        kernels.routeTopK(spec, logits, router.correctionBias, expertIds, expertWeights);
        observer.onRouting(kernels, layer, logits, expertIds, expertWeights);
        experts.forward(kernels, x, expertIds, expertWeights, out);
        shared.addTo(kernels, x, out);
    }
}
