package dev.sluice.models.family;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowBuffer;
import dev.sluice.models.Batch;
import dev.sluice.models.ModelConfig;

/// Final norm and output projection, for the rows that ask for logits only. A vocabulary is wide,
/// so rows go through in small chunks and scratch stays at [#CHUNK_ROWS] rows of it.
/// Engine thread only.
final class LogitsHead {
    /// A chunk large enough for the matrix kernel to reuse weights; 16 rows of 150,000 are 10 MB.
    private static final int CHUNK_ROWS = 16;

    private final Kernels kernels;
    private final Matrix norm;
    private final Matrix output;
    private final float epsilon;
    private final ModelConfig.Scales scales;
    private final RowBuffer rowIds;
    private final RowBuffer gathered;
    private final RowBuffer logits;
    private final HostInts rowInts = new HostInts(CHUNK_ROWS, 1);

    /// @param norm    [1,D]
    /// @param output  [V,D]
    LogitsHead(Kernels kernels, ModelConfig config, Matrix norm, Matrix output) {
        this.kernels = kernels;
        this.norm = norm;
        this.output = output;
        epsilon = config.normEpsilon();
        scales = config.scales();
        rowIds = new RowBuffer(kernels, DType.I32, CHUNK_ROWS, 1);
        gathered = new RowBuffer(kernels, DType.F32, CHUNK_ROWS, config.hidden());
        logits = new RowBuffer(kernels, DType.F32, CHUNK_ROWS, output.rows());
    }

    /// out [batch.logitsRowCount(), V] = logits of the rows of x [T,D] that ask for them
    void forward(Batch batch, Matrix x, Matrix out) {
        for (int from = 0; from < batch.logitsRowCount(); from += CHUNK_ROWS) {
            int count = Math.min(CHUNK_ROWS, batch.logitsRowCount() - from);
            for (int i = 0; i < count; i++) {
                rowInts.set(i, batch.logitsRow(from + i));
            }
            rowInts.send(kernels, rowIds.rows(count));
            chunk(x, count, count == out.rows() ? out : out.rows(from, count));
        }
    }

    private void chunk(Matrix x, int count, Matrix out) {
        Matrix rows = gathered.rows(count);
        Matrix device = logits.rows(count);
        kernels.gatherRows(x, rowIds.rows(count), rows);
        kernels.rmsNorm(rows, norm, epsilon, rows);
        kernels.matmul(rows, output, device);
        if (scales.logits() != 1) {
            kernels.scale(device, scales.logits());
        }
        if (scales.logitSoftcap() > 0) {
            kernels.softcap(device, scales.logitSoftcap());
        }
        kernels.read(device, out);
    }
}
