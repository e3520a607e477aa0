package dev.sluice.kernels;

import java.util.List;

/// Weights of E experts, one matrix each, because files may hold them apart and a cache may move
/// them one by one: gate and up are [F,D], down is [D,F]. Biases are stacked: gateBias and upBias
/// [E,F], downBias [E,D]; all three have zero rows when the family has none.
public record ExpertWeights(List<Matrix> gate, List<Matrix> up, List<Matrix> down,
        Matrix gateBias, Matrix upBias, Matrix downBias, Activation activation) {

    public ExpertWeights {
        gate = List.copyOf(gate);
        up = List.copyOf(up);
        down = List.copyOf(down);
        if (gate.isEmpty() || up.size() != gate.size() || down.size() != gate.size()) {
            throw new IllegalArgumentException("experts: gate %d, up %d, down %d"
                    .formatted(gate.size(), up.size(), down.size()));
        }
        if (upBias.rows() != gateBias.rows() || downBias.rows() != gateBias.rows()) {
            throw new IllegalArgumentException("expert biases: gate %d, up %d, down %d rows"
                    .formatted(gateBias.rows(), upBias.rows(), downBias.rows()));
        }
    }

    public int experts() { return gate.size(); }

    /// F, the expert's inner width.
    public int hidden() { return gate.getFirst().rows(); }

    public boolean biased() { return gateBias.rows() > 0; }
}
