package dev.sluice.kernels;

import java.util.List;

/// Weights of experts, one matrix each, because files may hold them apart and a cache moves them
/// one by one: gate and up are [F,D], down is [D,F], one of each a *place*. `table` says which
/// places serve which of E experts. Biases are stacked by expert: gateBias and upBias [E,F],
/// downBias [E,D]; all three have zero rows when the family has none.
public record ExpertWeights(List<Matrix> gate, List<Matrix> up, List<Matrix> down,
        Matrix gateBias, Matrix upBias, Matrix downBias, Activation activation,
        ExpertTable table) {

    public ExpertWeights {
        gate = List.copyOf(gate);
        up = List.copyOf(up);
        down = List.copyOf(down);
        if (gate.isEmpty() || up.size() != gate.size() || down.size() != gate.size()
                || table.placeCount() != gate.size()) {
            throw new IllegalArgumentException("experts: gate %d, up %d, down %d, places %d"
                    .formatted(gate.size(), up.size(), down.size(), table.placeCount()));
        }
        if (upBias.rows() != gateBias.rows() || downBias.rows() != gateBias.rows()
                || (gateBias.rows() != 0 && gateBias.rows() != table.experts())) {
            throw new IllegalArgumentException(
                    "expert biases: gate %d, up %d, down %d rows for %d experts".formatted(
                            gateBias.rows(), upBias.rows(), downBias.rows(), table.experts()));
        }
    }

    /// Every expert once, in order.
    public ExpertWeights(List<Matrix> gate, List<Matrix> up, List<Matrix> down, Matrix gateBias,
            Matrix upBias, Matrix downBias, Activation activation) {
        this(gate, up, down, gateBias, upBias, downBias, activation,
                ExpertTable.identity(gate.size()));
    }

    /// E, the experts that ids name.
    public int experts() { return table.experts(); }

    /// F, the expert's inner width.
    public int hidden() { return gate.getFirst().rows(); }

    public boolean biased() { return gateBias.rows() > 0; }

    /// The same experts at other places: place p of the result is what `order[p]` is here, with
    /// `placed` saying whom it serves. Nothing is copied: copies of an expert share their bytes.
    public ExpertWeights placed(int[] order, ExpertTable placed) {
        return new ExpertWeights(reordered(gate, order), reordered(up, order),
                reordered(down, order), gateBias, upBias, downBias, activation, placed);
    }

    private static List<Matrix> reordered(List<Matrix> matrices, int[] order) {
        var out = new java.util.ArrayList<Matrix>(order.length);
        for (int place : order) {
            out.add(matrices.get(place));
        }
        return out;
    }
}
