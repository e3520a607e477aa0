package dev.sluice.models.family;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowBuffer;
import dev.sluice.models.skip.Forecast;
import dev.sluice.models.skip.LowRank;
import dev.sluice.models.skip.SkipCounts;

/// A sublayer that runs for the rows that need it and is forecast by a map of low rank for the
/// others ("informed routing", arXiv 2510.13831, with a gate and a map in closed form). The gate's
/// scores are read back on every step, because the rows to run have to be known; on a device that
/// is a wait per gated sublayer. Engine thread only.
final class InformedSublayer implements Sublayer {
    private final Kernels kernels;
    private final Sublayer inner;
    private final Weights weights;
    private final Scratch scratch;
    private final SkipCounts counts;

    /// A [Forecast] on the device.
    ///
    /// @param gate  [1,D]
    /// @param down  [R,D], no rows for a constant
    /// @param up    [D,R]
    /// @param bias  [1,D]
    private record Weights(Matrix gate, float threshold, Matrix down, Matrix up, Matrix bias) {
        static Weights of(Kernels kernels, Forecast forecast) {
            LowRank map = forecast.map();
            int hidden = map.hidden();
            Matrix gate = kernels.prepare(Matrix.host(forecast.gate(), 1, hidden));
            Matrix bias = kernels.upload(Matrix.host(map.bias(), 1, hidden));
            if (map.rank() == 0) {
                return new Weights(gate, forecast.threshold(), Matrix.none(hidden),
                        Matrix.none(hidden), bias);
            }
            return new Weights(gate, forecast.threshold(),
                    kernels.prepare(Matrix.host(map.down(), map.rank(), hidden)),
                    kernels.prepare(Matrix.host(map.up(), hidden, map.rank())), bias);
        }
    }

    /// Shared by all sublayers of a model.
    static final class Scratch {
        private final ChosenRows chosen;
        private final RowBuffer scores;
        private final Matrix hostScores;
        private final RowBuffer inputs;
        private final Matrix joined;
        private final Matrix narrow;

        Scratch(Kernels kernels, int maxRows, int hidden, int ropeDims) {
            chosen = new ChosenRows(kernels, maxRows, ropeDims);
            scores = new RowBuffer(kernels, DType.F32, maxRows, 1);
            hostScores = Matrix.host(new float[maxRows], maxRows, 1);
            inputs = new RowBuffer(kernels, DType.F32, maxRows, hidden);
            joined = kernels.allocate(DType.F32, maxRows, hidden);
            narrow = kernels.allocate(DType.F32, 1, maxRows * hidden);
        }
    }

    InformedSublayer(Kernels kernels, Sublayer inner, Forecast forecast, Scratch scratch,
            SkipCounts counts) {
        this.kernels = kernels;
        this.inner = inner;
        this.scratch = scratch;
        this.counts = counts;
        weights = Weights.of(kernels, forecast);
    }

    @Override
    public void forward(Step step, Matrix x, Matrix out) {
        int rows = step.rowCount();
        Matrix scores = scratch.scores.rows(rows);
        Matrix onHost = scratch.hostScores.rows(0, rows);
        kernels.matmul(x, weights.gate, scores);
        kernels.read(scores, onHost);
        ChosenRows chosen = scratch.chosen;
        chosen.choose(step, onHost, weights.threshold);
        counts.add(rows, chosen.otherCount());
        if (chosen.otherCount() == 0) {
            inner.forward(step, x, out);
            return;
        }
        Matrix joined = scratch.joined.rows(0, rows);
        Matrix inputs = scratch.inputs.rows(chosen.count());
        if (chosen.count() > 0) {
            chosen.gatherChosen(x, inputs);
        }
        inner.forwardChosen(step, x, chosen, inputs, joined.rows(0, chosen.count()));
        forecast(x, chosen, joined.rows(chosen.count(), chosen.otherCount()));
        chosen.restore(joined, out);
    }

    /// out [S,D] = the forecast of the rows that were not chosen
    private void forecast(Matrix x, ChosenRows chosen, Matrix out) {
        int rows = chosen.otherCount();
        Matrix inputs = scratch.inputs.rows(rows);
        chosen.gatherOthers(x, inputs);
        if (weights.down.rows() == 0) {
            kernels.copyColumns(inputs, 0, out, 0, inputs.cols());
            kernels.scale(out, 0);
        } else {
            int rank = weights.down.rows();
            Matrix narrow = Matrix.of(DType.F32, rows, rank, scratch.narrow.memory(),
                    scratch.narrow.byteOffset());
            kernels.matmul(inputs, weights.down, narrow);
            kernels.matmul(narrow, weights.up, out);
        }
        kernels.addBias(out, weights.bias);
    }
}
