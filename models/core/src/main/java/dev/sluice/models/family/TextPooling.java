package dev.sluice.models.family;

import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.EncoderBatch;
import dev.sluice.models.Pooling;
import java.util.Arrays;

/// Pools the hidden states of a batch's texts on the host, in double, row by row in the order of
/// the text, so that a text's bits do not depend on its company or on how it was cut into steps.
/// One thread.
final class TextPooling {
    private final Pooling pooling;
    private final int dims;
    private final double[] sums;
    private final float[] rows;

    /// @param maxRows  of one [#add]
    TextPooling(Pooling pooling, int dims, int maxRows, int maxTexts) {
        this.pooling = pooling;
        this.dims = dims;
        sums = new double[maxTexts * dims];
        rows = new float[maxRows * dims];
    }

    void begin(EncoderBatch batch) {
        Arrays.fill(sums, 0, batch.textCount() * dims, 0);
    }

    /// Takes x [T,D], the hidden states of the batch's rows `from` to `from + T` (exclusive), all
    /// of texts from `text` on.
    void add(Kernels kernels, EncoderBatch batch, int from, int text, Matrix x) {
        kernels.read(x, Matrix.host(rows, x.rows(), dims));
        int at = text;
        for (int i = 0; i < x.rows(); i++) {
            while (from + i >= batch.start(at) + batch.length(at)) {
                at++;
            }
            if (counts(batch, at, from + i)) {
                addRow(i, at);
            }
        }
    }

    private boolean counts(EncoderBatch batch, int text, int row) {
        return switch (pooling) {
            case MEAN -> true;
            case FIRST -> row == batch.start(text);
            case LAST -> row == batch.start(text) + batch.length(text) - 1;
        };
    }

    private void addRow(int row, int text) {
        for (int c = 0; c < dims; c++) {
            sums[text * dims + c] += rows[row * dims + c];
        }
    }

    /// out [texts, D] = the pooled vectors, of length 1 if `normalized`
    void finish(EncoderBatch batch, boolean normalized, float[] out) {
        for (int text = 0; text < batch.textCount(); text++) {
            int rowsOfText = pooling == Pooling.MEAN ? batch.length(text) : 1;
            double squares = 0;
            for (int c = 0; c < dims; c++) {
                double mean = sums[text * dims + c] / rowsOfText;
                sums[text * dims + c] = mean;
                squares += mean * mean;
            }
            // A text whose vector is zero keeps it.
            double length = normalized && squares > 0 ? Math.sqrt(squares) : 1;
            for (int c = 0; c < dims; c++) {
                out[text * dims + c] = (float) (sums[text * dims + c] / length);
            }
        }
    }
}
