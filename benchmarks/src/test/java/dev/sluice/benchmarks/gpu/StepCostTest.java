package dev.sluice.benchmarks.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.sluice.kernels.DType;
import dev.sluice.models.KvPlan;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Goal: the shares that the GPU results report are counted over the right bytes and operations.
/// Method: by hand for small models, and the known sizes of the large shapes.
final class StepCostTest {
    /// Pages of 32 positions; a position of one layer takes 2 heads * 64 * (key, value) * 2 bytes.
    private static KvPlan kv(int layers) {
        return new KvPlan(DType.F16, 32, List.of(
                new KvPlan.Group(layers, 8, 0, 32L * 512 * layers)));
    }

    private static StepCost cost(ModelShape shape, DType encoding, StepCost.Rows rows,
            int... touched) {
        return StepCost.of(shape, shape.tensors(encoding, shape.layers()), kv(shape.layers()),
                rows, touched);
    }

    @Test
    void a_dense_decode_step_reads_every_weight_but_the_table_once() {
        // q, o: 256*256; k, v: 256*128; three of 256*512; norms in F32.
        long layer = 2 * (2 * 65536 + 2 * 32768 + 3 * 131072) + 2 * 4 * 256;
        long head = 2 * 256 * 1024 + 4 * 256;
        var cost = cost(ModelShape.DENSE_SMALL, DType.BF16, new StepCost.Rows(1, 1, 100, 1));
        assertEquals(2 * layer + head + 2 * 256, cost.weightBytes());
        // 100 stored, one written and read.
        assertEquals(102 * 2 * 512, cost.kvBytes());
        // Products, and attention: 4 heads of 64, twice, over 101 positions.
        assertEquals(2.0 * (2 * (2 * 65536 + 2 * 32768 + 3 * 131072) + 256 * 1024)
                + 4.0 * 101 * 2 * 4 * 64, cost.operations());
    }

    @Test
    void rows_share_weights_and_not_keys() {
        var one = cost(ModelShape.DENSE_SMALL, DType.Q8_0, new StepCost.Rows(1, 1, 50, 1));
        var many = cost(ModelShape.DENSE_SMALL, DType.Q8_0, new StepCost.Rows(7, 1, 50, 7));
        assertEquals(one.weightBytes() + 6 * 256 / 32 * 34, many.weightBytes());
        assertEquals(7 * one.kvBytes(), many.kvBytes());
        assertEquals(7 * one.operations(), many.operations(), 1);
    }

    @Test
    void only_visited_experts_count() {
        var none = cost(ModelShape.MOE_SMALL, DType.Q4_0, new StepCost.Rows(1, 1, 0, 1));
        var some = cost(ModelShape.MOE_SMALL, DType.Q4_0, new StepCost.Rows(1, 1, 0, 1), 4, 3);
        long expert = 3L * 256 * 128 / 32 * 18;
        assertEquals(7 * expert, some.weightBytes() - none.weightBytes());
        // A token passes four experts of each layer, whoever else visits them.
        assertEquals(none.operations(), some.operations());
    }

    @Test
    void a_prompt_attends_to_half_a_square() {
        var cost = cost(ModelShape.DENSE_SMALL, DType.BF16, new StepCost.Rows(1, 10, 0, 1));
        double products = 2.0 * (10 * 2 * (2 * 65536 + 2 * 32768 + 3 * 131072) + 256 * 1024);
        assertEquals(products + 4.0 * 55 * 2 * 4 * 64, cost.operations());
    }

    @Test
    void the_large_shapes_have_the_sizes_of_their_models() {
        assertEquals(8.03, parameters(ModelShape.DENSE_8B), 0.005);
        assertEquals(30.53, parameters(ModelShape.MOE_30B), 0.005);
    }

    private static double parameters(ModelShape shape) {
        double elements = 0;
        for (ModelShape.Tensor tensor : shape.tensors(DType.F32, shape.layers())) {
            elements += tensor.byteSize() / 4.0;
        }
        return elements / 1e9;
    }

    @Test
    void shapes_are_found_by_name() {
        assertEquals(ModelShape.MOE_30B, ModelShape.of("moe-30b"));
        assertThrows(IllegalArgumentException.class, () -> ModelShape.of("moe"));
    }

    @Test
    void the_middle_and_the_tenths_of_repetitions() {
        var time = StepTimer.of(new double[] {9, 1, 2, 3, 4, 5, 6, 7, 8, 10, 100});
        assertEquals(new StepTimer(11, 6, 2, 10), time);
    }
}
