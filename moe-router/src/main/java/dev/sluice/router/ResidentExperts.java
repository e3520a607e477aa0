package dev.sluice.router;

import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import java.util.ArrayList;
import java.util.List;

/// Every expert in the form that the backend multiplies fastest, for as long as the model is open.
public final class ResidentExperts implements ExpertStore {

    /// One store may keep the experts of one model.
    public ResidentExperts() { }

    @Override
    public ExpertDispatch add(Kernels kernels, Layer layer, ExpertWeights stored) {
        return over(prepared(kernels, stored));
    }

    static ExpertWeights prepared(Kernels kernels, ExpertWeights stored) {
        return new ExpertWeights(prepared(kernels, stored.gate()), prepared(kernels, stored.up()),
                prepared(kernels, stored.down()), stored.gateBias(), stored.upBias(),
                stored.downBias(), stored.activation(), stored.table());
    }

    private static List<Matrix> prepared(Kernels kernels, List<Matrix> weights) {
        var prepared = new ArrayList<Matrix>(weights.size());
        for (Matrix weight : weights) {
            prepared.add(kernels.prepare(weight));
        }
        return prepared;
    }

    static ExpertDispatch over(ExpertWeights experts) {
        return (kernels, x, expertIds, expertWeights, out) ->
                kernels.expertFfn(x, experts, expertIds, expertWeights, out);
    }
}
