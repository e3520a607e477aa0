package dev.sluice.benchmarks.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Goal: a profiler's table becomes the right shares. Method: a table of two steps of one layer.
final class KernelTimesTest {
    private static final List<String> STEP = List.of(
            "embed_rows 10", "rms_norm 5", "product_few 7", "route_top_k 3", "count_experts 2",
            "dispatch_experts 4", "order_rows 4", "product_grouped_few 50", "gated_activation 6",
            "product_grouped_few 30", "combine_experts 4", "product_few 75");

    private static List<String> csv() {
        var lines = new ArrayList<String>();
        lines.add("==PROF== Connected to process 12");
        lines.add("\"ID\",\"Kernel Name\",\"Block Size\",\"gpu__time_duration.sum\"");
        lines.add("\"\",\"\",\"\",\"ns\"");
        for (int step = 0; step < 2; step++) {
            for (String kernel : STEP) {
                String[] parts = kernel.split(" ");
                lines.add("\"1\",\"%s\",\"(64, 1, 1)\",\"1,%03d\"".formatted(parts[0],
                        Integer.parseInt(parts[1])));
            }
        }
        return lines;
    }

    @Test
    void the_last_step_is_taken() {
        var kernels = KernelTimes.parse(csv());
        assertEquals(24, kernels.size());
        assertEquals(new KernelTimes.Kernel("embed_rows", 1010), kernels.getFirst());
        assertEquals(12, KernelTimes.lastStep(kernels).size());
    }

    @Test
    void a_layer_goes_from_the_routers_product_to_the_sum() {
        var summary = KernelTimes.summary(KernelTimes.lastStep(KernelTimes.parse(csv())));
        assertEquals(12L, summary.get("kernels"));
        assertEquals((12_000 + 200) / 1e6, (Double) summary.get("kernelMilliseconds"), 1e-12);
        double layer = 9_000 + 7 + 3 + 2 + 4 + 4 + 50 + 6 + 30 + 4;
        double routing = 6_000 + 7 + 3 + 2 + 4 + 4 + 4;
        assertEquals(layer / 1e6, (Double) summary.get("moeLayersMilliseconds"), 1e-12);
        assertEquals(routing / layer, (Double) summary.get("routingShare"), 1e-12);
    }
}
