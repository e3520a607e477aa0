package dev.sluice.models.family;

import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.kernels.RowBuffer;
import dev.sluice.kernels.RowMap;

/// Grouped-query attention (Ainslie et al. 2023) over paged keys and values.
final class GroupedAttention implements Sublayer {
    private final Kernels kernels;
    private final AttentionSpec spec;
    private final Projections projections;
    private final Norms norms;
    private final Place place;
    private final Scratch scratch;

    /// A matrix and its bias; the bias has no rows where the family has none.
    record Linear(Matrix weight, Matrix bias) {
        void forward(Kernels kernels, Matrix x, Matrix out) {
            kernels.matmul(x, weight, out);
            if (bias.rows() > 0) {
                kernels.addBias(out, bias);
            }
        }
    }

    /// @param query   [heads*keyDim, D]
    /// @param key     [kvHeads*keyDim, D]
    /// @param value   [kvHeads*valueDim, D]
    /// @param output  [D, heads*valueDim]
    record Projections(Linear query, Linear key, Linear value, Linear output) { }

    /// Norms of queries and keys before the rotation: weights [1,keyDim] norm each head, longer
    /// ones the whole projection, no rows none.
    record Norms(Matrix query, Matrix key, float epsilon, float clamp) { }

    /// Where the layer's keys live and how they are rotated.
    ///
    /// @param group   KV group of the layer
    /// @param rotary  whether the layer rotates at all
    /// @param rope    index of the step's angles
    record Place(KvPages pages, int group, boolean rotary, int rope, RopeSpec.Pairing pairing) { }

    /// Shared by all layers.
    record Scratch(RowBuffer query, RowBuffer key, RowBuffer value, RowBuffer attended) {
        static Scratch of(Kernels kernels, int maxRows, AttentionShape shape) {
            return new Scratch(
                    new RowBuffer(kernels, DType.F32, maxRows, shape.heads() * shape.keyDim()),
                    new RowBuffer(kernels, DType.F32, maxRows, shape.kvHeads() * shape.keyDim()),
                    new RowBuffer(kernels, DType.F32, maxRows, shape.kvHeads() * shape.valueDim()),
                    new RowBuffer(kernels, DType.F32, maxRows, shape.heads() * shape.valueDim()));
        }
    }

    record AttentionShape(int heads, int kvHeads, int keyDim, int valueDim) { }

    GroupedAttention(Kernels kernels, AttentionSpec spec, Projections projections, Norms norms,
            Place place, Scratch scratch) {
        this.kernels = kernels;
        this.spec = spec;
        this.projections = projections;
        this.norms = norms;
        this.place = place;
        this.scratch = scratch;
    }

    @Override
    public void forward(Step step, Matrix x, Matrix out) {
        store(step, x);
        attend(x, step.rowMap(place.group), step.angles(place.rope), out);
    }

    @Override
    public void forwardChosen(Step step, Matrix x, ChosenRows chosen, Matrix inputs, Matrix out) {
        store(step, x);
        if (inputs.rows() > 0) {
            attend(inputs, chosen.map(place.group), chosen.angles(place.rope), out);
        }
    }

    /// Writes keys and values of x [T,D] to the pages.
    private void store(Step step, Matrix x) {
        int rows = step.rowCount();
        Matrix k = scratch.key.rows(rows);
        Matrix v = scratch.value.rows(rows);
        projections.key.forward(kernels, x, k);
        projections.value.forward(kernels, x, v);
        Matrix kHeads = scratch.key.heads(rows, place.pages.kvHeads());
        norm(norms.key, k, kHeads);
        if (norms.clamp > 0) {
            kernels.clamp(k, norms.clamp);
            kernels.clamp(v, norms.clamp);
        }
        if (place.rotary) {
            kernels.rope(kHeads, 0, step.angles(place.rope), place.pairing);
        }
        kernels.storeKeys(k, 0, place.pages, step.rowMap(place.group).slots());
        kernels.storeValues(v, place.pages, step.rowMap(place.group).slots());
    }

    /// out [C,D] = attention of the rows x [C,D], which stand at `rows`, over the stored keys.
    private void attend(Matrix x, RowMap rows, Matrix angles, Matrix out) {
        Matrix q = scratch.query.rows(x.rows());
        Matrix qHeads = scratch.query.heads(x.rows(), spec.heads());
        Matrix attended = scratch.attended.rows(x.rows());
        projections.query.forward(kernels, x, q);
        norm(norms.query, q, qHeads);
        if (norms.clamp > 0) {
            kernels.clamp(q, norms.clamp);
        }
        if (place.rotary) {
            kernels.rope(qHeads, 0, angles, place.pairing);
        }
        kernels.attention(spec, q, place.pages, rows, attended);
        projections.output.forward(kernels, attended, out);
    }

    private void norm(Matrix weight, Matrix whole, Matrix heads) {
        if (weight.rows() > 0) {
            Matrix target = weight.cols() == place.pages.keyDim() ? heads : whole;
            kernels.rmsNorm(target, weight, norms.epsilon, target);
        }
    }
}
