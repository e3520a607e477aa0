package dev.sluice.runtime;

import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.CausalLm;

/// The rows of one step and the logits that come of them. Rows of a sequence are neighbours, and
/// only the last of a history and the guesses behind it ask for logits, so nothing is padded and
/// nothing computed that is not read. Buffers for one engine; engine thread only.
final class StepRows {
    /// A vocabulary of 150k is 600 kB a row.
    private static final long LOGITS_BYTES_MAX = 64 << 20;
    /// Logits rows for each sequence, as far as the bytes allow: its own and its guesses'.
    private static final int ROWS_PER_SEQUENCE = 9;

    private final CausalLm model;
    private final Batch batch;
    private final Matrix logits;
    /// Views of the first n rows, so that a step makes none.
    private final Matrix[] views;
    private final Generation[] generations;
    private int count;

    StepRows(CausalLm model, int parallel) {
        this.model = model;
        batch = new Batch(model.maxRows(), parallel);
        int rows = Math.clamp(LOGITS_BYTES_MAX / (4L * model.vocab()), parallel,
                Math.max(parallel, Math.min(model.maxRows(), ROWS_PER_SEQUENCE * parallel)));
        logits = Matrix.host(new float[rows * model.vocab()], rows, model.vocab());
        views = new Matrix[rows + 1];
        for (int i = 0; i <= rows; i++) {
            views[i] = logits.rows(0, i);
        }
        generations = new Generation[parallel];
    }

    /// Most rows of a step that may ask for logits.
    int logitsRowsMax() { return logits.rows(); }

    void clear() {
        batch.clear();
        count = 0;
    }

    /// Adds the rows that a generation's plan asks for.
    void add(Generation generation) {
        Generation.Plan plan = generation.plan();
        TokenHistory history = generation.history();
        int from = generation.sequence().length();
        int end = from + plan.rows;
        plan.logitsRow = batch.logitsRowCount();
        batch.sequence(generation.sequence().pages());
        for (int position = from; position < end; position++) {
            batch.row(history.get(position), position, position == history.size() - 1);
        }
        for (int i = 0; i < plan.guesses; i++) {
            batch.row(plan.guessed[i], end + i, true);
        }
        generations[count++] = generation;
    }

    /// Generations that have rows.
    int count() { return count; }

    Generation generation(int index) { return generations[index]; }

    int rowCount() { return batch.rowCount(); }

    /// Runs the rows through the model.
    void forward() {
        model.forward(batch, views[batch.logitsRowCount()]);
    }

    Matrix logits() { return logits; }
}
