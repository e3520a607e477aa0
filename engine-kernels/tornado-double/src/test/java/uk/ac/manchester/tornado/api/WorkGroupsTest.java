package uk.ac.manchester.tornado.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// Goal: the double judges kernels as a device would: barriers hold, faults about them are found,
/// and what is not transferred does not arrive. Method: small kernels, right and wrong.
class WorkGroupsTest {
    private final KernelContext context = new KernelContext();
    private final IntArray numbers = new IntArray(4);
    private final FloatArray reals = new FloatArray(1);
    private final IntArray out = new IntArray(128);
    private final FloatArray view = new FloatArray(1);

    interface Kernel {
        void run(KernelContext context, IntArray numbers, IntArray out);
    }

    private void launch(Kernel kernel, boolean back) {
        TaskGraph graph = new TaskGraph("g")
                .transferToDevice(DataTransferMode.EVERY_EXECUTION, numbers)
                .task("t", (KernelContext c, IntArray n, FloatArray r, IntArray o, FloatArray v) ->
                        kernel.run(c, n, o), context, numbers, reals, out, view)
                .persistOnDevice(reals, out, view);
        if (back) {
            graph.transferToHost(DataTransferMode.EVERY_EXECUTION, out);
        }
        var grid = new WorkerGrid2D(128, 1);
        grid.setLocalWork(64, 1, 1);
        var grids = new GridScheduler();
        grids.addWorkerGrid("g.t", grid);
        new TornadoExecutionPlan(graph.snapshot()).withGridScheduler(grids).execute();
    }

    @Test
    @DisplayName("after a barrier a work item sees what the others of its group wrote")
    void barrier() {
        launch((c, n, o) -> {
            int[] shared = c.allocateIntLocalArray(64);
            shared[c.localIdx] = c.globalIdx;
            c.localBarrier();
            o.set(c.globalIdx, shared[63 - c.localIdx]);
        }, true);
        for (int i = 0; i < 128; i++) {
            assertEquals(i / 64 * 64 + 63 - i % 64, out.get(i));
        }
    }

    @Test
    @DisplayName("work items of a group that pass different numbers of barriers are found")
    void divergence() {
        var found = assertThrows(IllegalStateException.class, () -> launch((c, n, o) -> {
            c.localBarrier();
            // Half of the first group goes on to a barrier that nobody else comes to but the same
            // half of the second group.
            if (c.localIdx < 32) {
                c.localBarrier();
                c.localBarrier();
            } else {
                c.localBarrier();
            }
        }, true));
        assertTrue(found.getMessage().contains("barrier"), found.getMessage());
    }

    @Test
    @DisplayName("a fault in one work item ends the launch")
    void fault() {
        var found = assertThrows(IllegalStateException.class, () -> launch((c, n, o) -> {
            if (c.globalIdx == 5) {
                throw new IllegalArgumentException("planted");
            }
            c.localBarrier();
        }, true));
        assertTrue(found.getMessage().contains("planted"), found.getMessage());
    }

    @Test
    @DisplayName("local arrays begin with garbage, not with zeros")
    void garbage() {
        launch((c, n, o) -> o.set(c.globalIdx, c.allocateIntLocalArray(1)[0]), true);
        assertEquals(0x55555555, out.get(0));
    }

    @Test
    @DisplayName("what is not transferred to the host stays on the device")
    void transfers() {
        numbers.set(0, 7);
        launch((c, n, o) -> o.set(c.globalIdx, n.get(0)), false);
        assertEquals(0, out.get(0));
        launch((c, n, o) -> o.set(c.globalIdx, n.get(0)), true);
        assertEquals(7, out.get(0));
    }

    @Test
    @DisplayName("an array that no transfer names is refused")
    void unnamed() {
        TaskGraph graph = new TaskGraph("g").task("t",
                (KernelContext c, IntArray n, FloatArray r, IntArray o, FloatArray v) -> { },
                context, numbers, reals, out, view);
        assertThrows(IllegalStateException.class, graph::snapshot);
    }
}
