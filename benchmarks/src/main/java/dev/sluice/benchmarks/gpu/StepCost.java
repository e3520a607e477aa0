package dev.sluice.benchmarks.gpu;

import dev.sluice.kernels.DType;
import dev.sluice.models.KvPlan;
import java.util.List;

/// What a step has to do, whoever does it: the fewest bytes that it can move and the operations
/// that it can not avoid. Norms, activations and logits are in neither: they are small, and could
/// stay in the device's caches.
///
/// @param weightBytes  each weight that the step uses, once
/// @param kvBytes      keys and values that it reads and writes
/// @param operations   floating-point operations: two for each product of a weight and an input,
///                     and those of attention
record StepCost(long weightBytes, long kvBytes, double operations) {

    /// The rows of a step.
    ///
    /// @param sequences   how many there are, all alike
    /// @param rows        new rows of each
    /// @param before      positions of each that are stored already
    /// @param logitsRows  rows of the whole step that ask for logits
    record Rows(int sequences, int rows, int before, int logitsRows) {
        int total() { return sequences * rows; }
    }

    long bytes() { return weightBytes + kvBytes; }

    /// @param touched  distinct experts that the step used in each layer; empty for a dense model,
    ///                 and then no expert is counted
    static StepCost of(ModelShape shape, List<ModelShape.Tensor> tensors, KvPlan kv, Rows rows,
            int[] touched) {
        long weights = 0;
        double operations = 0;
        for (ModelShape.Tensor tensor : tensors) {
            weights += weightBytes(shape, tensor, rows, touched);
            operations += 2 * elementsTimesRows(shape, tensor, rows);
        }
        long perPosition = 0;
        int layers = 0;
        for (KvPlan.Group group : kv.groups()) {
            perPosition += group.bytesPerPage() / kv.pageSize();
            layers += group.layers();
        }
        // Every stored position once, and every new one written and read.
        long positions = (long) rows.sequences * (rows.before + 2L * rows.rows);
        // Row i of a sequence sees before + i + 1 positions: a product with the keys, and one with
        // the values.
        double seen = rows.sequences
                * (rows.rows * (double) rows.before + rows.rows * (rows.rows + 1.0) / 2);
        operations += 4 * seen * layers * shape.heads().query() * shape.heads().dim();
        return new StepCost(weights, positions * perPosition, operations);
    }

    private static long weightBytes(ModelShape shape, ModelShape.Tensor tensor, Rows rows,
            int[] touched) {
        if (tensor.name().equals("token_embd.weight")) {
            return rows.total() * tensor.dtype().rowBytes(Math.toIntExact(tensor.dims()[0]));
        }
        if (tensor.name().contains("_exps.")) {
            int layer = Integer.parseInt(tensor.name().split("\\.")[1]);
            return touched.length == 0 ? 0
                    : tensor.byteSize() / shape.experts().count() * touched[layer];
        }
        return tensor.byteSize();
    }

    private static double elementsTimesRows(ModelShape shape, ModelShape.Tensor tensor,
            Rows rows) {
        double elements = tensor.dtype() == DType.F32 && tensor.dims().length == 1 ? 0 : 1;
        for (long dim : tensor.dims()) {
            elements *= dim;
        }
        if (tensor.name().equals("token_embd.weight")) {
            return 0;
        }
        if (tensor.name().equals("output.weight")) {
            return elements * rows.logitsRows;
        }
        return tensor.name().contains("_exps.")
                ? elements * rows.total() * shape.experts().topK() / shape.experts().count()
                : elements * rows.total();
    }
}
