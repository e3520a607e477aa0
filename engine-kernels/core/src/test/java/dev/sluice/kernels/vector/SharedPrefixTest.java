package dev.sluice.kernels.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowMap;
import dev.sluice.kernels.vector.SharedPrefixScene.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Goal: pages that sequences share are read once for all of them, and nobody sees it in the bits.
/// Method: the same rows with shared pages and with a copy each; tiles are counted where they are
/// decoded.
class SharedPrefixTest {
    private static void sameBits(Shape shape) {
        for (int threads = 1; threads <= 3; threads++) {
            try (var scene = new SharedPrefixScene(shape, threads)) {
                assertArrayEquals(scene.run(false), scene.run(true), 0f,
                        shape + " on " + threads + " threads");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16", "Q8_0"})
    void bitsOfEveryStorage(DType dtype) {
        sameBits(new Shape(dtype, 2, 6, 64, 64, false, 7, 1056, 45));
        sameBits(new Shape(dtype, 1, 5, 96, 64, true, 7, 544, 45));
    }

    /// More queries than a group takes, and so few KV heads that splits are spread over threads.
    @Test
    void bitsOfManyQueries() {
        sameBits(new Shape(DType.F16, 1, 16, 32, 32, false, 40, 1024, 3));
        sameBits(new Shape(DType.F16, 1, 40, 64, 32, true, 20, 768, 300));
    }

    /// 32 rows over a prefix of 8,192 positions: the prefix once, and each row's tail.
    @Test
    void sharedPagesAreReadOnce() {
        int tail = 64;
        int position = 2 * 2 * 64 * 2; // keys and values of two KV heads of 64 halves
        try (var scene = new SharedPrefixScene(
                new Shape(DType.F16, 2, 8, 64, 64, false, 32, 8192, tail), 2)) {
            scene.attend(true);
            assertEquals((8192L + 32 * tail) * position, scene.bytesRead());
            scene.attend(false);
            assertEquals((8192L + 32 * tail + 32 * (8192L + tail)) * position, scene.bytesRead());
        }
    }

    /// Sequences 0, 2 and 3 share three splits, 1 and 4 one split of their own, 5 nothing whole.
    @Test
    void groupsOfThePlan() {
        int splits = 4;
        int[] table = {
            0, 1, 2, 3,
            9, 10, 11, 12,
            0, 1, 2, 4,
            0, 1, 2, 5,
            9, 13, 14, 15,
            16, 1, 2, 3};
        int[] positions = {1023, 1000, 900, 901, 1023, 400, 900};
        int[] sequences = {0, 1, 2, 2, 3, 4, 5};
        var rows = new RowMap(Matrix.host(positions, 7, 1), Matrix.host(sequences, 7, 1),
                Matrix.host(positions, 7, 1), Matrix.host(table, 6, splits));
        var pages = new KvPages(DType.F32, 17, 256, 1, 32, 32, false, Matrix.none(0),
                Matrix.none(0));
        var plan = new AttentionPlan();
        plan.plan(rows, 7, pages, 0, 2, 100);
        assertEquals(3, plan.groups());
        int[] order = java.util.Arrays.copyOf(plan.order(), 7);
        assertArrayEquals(new int[] {0, 2, 3, 4, 1, 5, 6}, order);
        assertEquals(4, plan.rowCount(0));
        assertEquals(3, plan.sharedSplits(0));
        assertEquals(1, plan.sharedSplits(1));
        assertEquals(AttentionPlan.ALL, plan.sharedSplits(2));
        plan.plan(rows, 7, pages, 300, 2, 100);
        assertEquals(6, plan.groups(), "with a window every sequence is alone");
    }
}
