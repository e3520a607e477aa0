package dev.sluice.models.family;

import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.kernels.RowBuffer;
import dev.sluice.models.ModelConfig.LatentConfig;
import java.util.List;

/// Multi-head latent attention (DeepSeek-V2, section 2.1) in the absorbed form: keys and values are
/// one latent row per token, and the up-projections are applied to the query and to the result.
///
///     query   [nope | rope] per head          cached row   [latent (kvRank) | rotated key
///     (ropeDim)] absorbed query [keyUp * nope | rope]    value        the first kvRank elements of
/// the row
///
/// The absorbed form is used for every row, prefill included, because the expanded form gives other
/// bits and a row must not depend on how its prompt was cut.
final class LatentAttention implements Sublayer {
    private final Kernels kernels;
    private final AttentionSpec spec;
    private final LatentConfig shape;
    private final Weights weights;
    private final KvPages pages;
    private final int group;
    private final Scratch scratch;

    /// @param queryDown   [queryRank, D], or no rows when `query` reads x
    /// @param queryNorm   [1, queryRank], or no rows
    /// @param query       [heads*(nope+rope), D or queryRank]
    /// @param latentDown  [kvRank, D]
    /// @param keyRope     [ropeDim, D]
    /// @param latentNorm  [1, kvRank]
    /// @param keyUp       per head [kvRank, nope]
    /// @param valueUp     per head [valueDim, kvRank]
    /// @param output      [D, heads*valueDim]
    record Weights(Matrix queryDown, Matrix queryNorm, Matrix query, Matrix latentDown,
            Matrix keyRope, Matrix latentNorm, List<Matrix> keyUp, List<Matrix> valueUp,
            Matrix output, float epsilon) { }

    /// Shared by all layers.
    record Scratch(RowBuffer queryLatent, RowBuffer query, RowBuffer latent, RowBuffer keyRope,
            RowBuffer absorbed, RowBuffer attended, RowBuffer values) {
        static Scratch of(Kernels kernels, int maxRows, int heads, LatentConfig shape) {
            int head = shape.nopeDim() + shape.ropeDim();
            int row = shape.kvRank() + shape.ropeDim();
            return new Scratch(
                    new RowBuffer(kernels, DType.F32, maxRows, Math.max(1, shape.queryRank())),
                    new RowBuffer(kernels, DType.F32, maxRows, heads * head),
                    new RowBuffer(kernels, DType.F32, maxRows, shape.kvRank()),
                    new RowBuffer(kernels, DType.F32, maxRows, shape.ropeDim()),
                    new RowBuffer(kernels, DType.F32, maxRows, heads * row),
                    new RowBuffer(kernels, DType.F32, maxRows, heads * shape.kvRank()),
                    new RowBuffer(kernels, DType.F32, maxRows, heads * shape.valueDim()));
        }
    }

    LatentAttention(Kernels kernels, AttentionSpec spec, LatentConfig shape, Weights weights,
            KvPages pages, int group, Scratch scratch) {
        this.kernels = kernels;
        this.spec = spec;
        this.shape = shape;
        this.weights = weights;
        this.pages = pages;
        this.group = group;
        this.scratch = scratch;
    }

    @Override
    public void forward(Step step, Matrix x, Matrix out) {
        int rows = step.rowCount();
        int heads = spec.heads();
        projectQuery(x, rows);
        Matrix latent = scratch.latent.rows(rows);
        Matrix keyRope = scratch.keyRope.rows(rows);
        kernels.matmul(x, weights.latentDown, latent);
        kernels.rmsNorm(latent, weights.latentNorm, weights.epsilon, latent);
        kernels.matmul(x, weights.keyRope, keyRope);

        Matrix query = scratch.query.heads(rows, heads);
        Matrix absorbed = scratch.absorbed.heads(rows, heads);
        kernels.rope(keyRope, 0, step.angles(0), RopeSpec.Pairing.INTERLEAVED);
        kernels.rope(query, shape.nopeDim(), step.angles(0), RopeSpec.Pairing.INTERLEAVED);
        kernels.headMatmul(query, 0, weights.keyUp, absorbed, 0);
        kernels.copyColumns(query, shape.nopeDim(), absorbed, shape.kvRank(), shape.ropeDim());

        Matrix slots = step.rowMap(group).slots();
        kernels.storeKeys(latent, 0, pages, slots);
        kernels.storeKeys(keyRope, shape.kvRank(), pages, slots);
        Matrix attended = scratch.attended.rows(rows);
        kernels.attention(spec, scratch.absorbed.rows(rows), pages, step.rowMap(group), attended);
        kernels.headMatmul(scratch.attended.heads(rows, heads), 0, weights.valueUp,
                scratch.values.heads(rows, heads), 0);
        kernels.matmul(scratch.values.rows(rows), weights.output, out);
    }

    /// query = Wq x, or Wqb rms(Wqa x)
    private void projectQuery(Matrix x, int rows) {
        Matrix query = scratch.query.rows(rows);
        if (weights.queryDown.rows() == 0) {
            kernels.matmul(x, weights.query, query);
            return;
        }
        Matrix queryLatent = scratch.queryLatent.rows(rows);
        kernels.matmul(x, weights.queryDown, queryLatent);
        kernels.rmsNorm(queryLatent, weights.queryNorm, weights.epsilon, queryLatent);
        kernels.matmul(queryLatent, weights.query, query);
    }
}
