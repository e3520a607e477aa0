package dev.sluice.models.family;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Dequantiser;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowBuffer;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.WeightSource;

/// The head of a reranker or classifier on pooled vectors: a dense layer with tanh where the file
/// has one (BERT's pooler), then one row per label. One thread.
final class ScoreHead {
    /// Texts that go through at once.
    private static final int CHUNK = 16;

    private final Kernels kernels;
    private final GroupedAttention.Linear dense;
    private final GroupedAttention.Linear output;
    private final boolean yesNo;
    private final RowBuffer pooled;
    private final RowBuffer inner;
    private final RowBuffer scores;

    private ScoreHead(Kernels kernels, GroupedAttention.Linear dense,
            GroupedAttention.Linear output, boolean yesNo) {
        this.kernels = kernels;
        this.dense = dense;
        this.output = output;
        this.yesNo = yesNo;
        int hidden = output.weight().cols();
        pooled = new RowBuffer(kernels, DType.F32, CHUNK, hidden);
        inner = new RowBuffer(kernels, DType.F32, CHUNK, hidden);
        scores = new RowBuffer(kernels, DType.F32, CHUNK, output.weight().rows());
    }

    /// The head that `role` asks for, from `cls.*`, or from rows of the output matrix. For an
    /// embedding, one that is never run.
    static ScoreHead of(Kernels kernels, WeightSource weights, EncoderRole role, int hidden) {
        var reader = new WeightReader(kernels, weights);
        var none = new GroupedAttention.Linear(Matrix.none(hidden), Matrix.none(hidden));
        return switch (role.task()) {
            case EMBEDDING -> new ScoreHead(kernels, none, none, false);
            case RERANKER, CLASSIFIER -> {
                var dense = weights.has("cls.weight")
                        ? reader.linear("cls", hidden, hidden) : none;
                var output = role.tokens().length > 0 ? tokenRows(kernels, weights, role, hidden)
                        : reader.linear("cls.output", role.headRows(), hidden);
                yield new ScoreHead(kernels, dense, output, role.yesNo());
            }
        };
    }

    private static GroupedAttention.Linear tokenRows(Kernels kernels, WeightSource weights,
            EncoderRole role, int hidden) {
        Matrix table = weights.matrix(
                weights.has("output.weight") ? "output.weight" : "token_embd.weight");
        int count = role.tokens().length;
        var rows = new float[count * hidden];
        var row = new float[hidden];
        for (int i = 0; i < count; i++) {
            if (role.tokens()[i] < 0 || role.tokens()[i] >= table.rows()
                    || table.cols() != hidden) {
                throw new UnsupportedModelException("token %d scores, of an output matrix [%d,%d]"
                        .formatted(role.tokens()[i], table.rows(), table.cols()));
            }
            Dequantiser.row(table, role.tokens()[i], row);
            System.arraycopy(row, 0, rows, i * hidden, hidden);
        }
        return new GroupedAttention.Linear(kernels.prepare(Matrix.host(rows, count, hidden)),
                Matrix.none(count));
    }

    /// out [texts, outputs] from vectors [texts, D], both on the host.
    void forward(float[] vectors, int texts, float[] out) {
        int hidden = output.weight().cols();
        int labels = output.weight().rows();
        var host = new float[CHUNK * hidden];
        var logits = new float[CHUNK * labels];
        for (int from = 0; from < texts; from += CHUNK) {
            int count = Math.min(CHUNK, texts - from);
            System.arraycopy(vectors, from * hidden, host, 0, count * hidden);
            chunk(host, count, logits);
            if (yesNo) {
                for (int i = 0; i < count; i++) {
                    out[from + i] = (float) (1 / (1 + Math.exp(
                            (double) logits[2 * i + 1] - logits[2 * i])));
                }
            } else {
                System.arraycopy(logits, 0, out, from * labels, count * labels);
            }
        }
    }

    private void chunk(float[] host, int count, float[] logits) {
        Matrix x = pooled.rows(count);
        Matrix y = scores.rows(count);
        kernels.write(Matrix.host(host, count, x.cols()), x);
        if (dense.weight().rows() > 0) {
            Matrix z = inner.rows(count);
            dense.forward(kernels, x, z);
            kernels.softcap(z, 1);      // tanh
            x = z;
        }
        output.forward(kernels, x, y);
        kernels.read(y, Matrix.host(logits, count, y.cols()));
    }
}
