package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// What a kernel knows of its work item. Each work item of the double gets one of its own, in
/// place of the one that the task was given.
public class KernelContext {
    public final Integer globalIdx;
    public final Integer localIdx;
    public final Integer groupIdx;
    public final Integer groupIdy;
    public final Integer localGroupSizeX;

    private final WorkGroup group;
    private int arrays;
    private int barriers;

    public KernelContext() {
        this(WorkGroup.NONE, 0);
    }

    KernelContext(WorkGroup group, int lane) {
        this.group = group;
        localIdx = lane;
        groupIdx = group.x();
        groupIdy = group.y();
        localGroupSizeX = group.lanes();
        globalIdx = group.x() * group.lanes() + lane;
    }

    public void localBarrier() {
        barriers++;
        group.await();
    }

    public void globalBarrier() {
        localBarrier();
    }

    public float[] allocateFloatLocalArray(int size) {
        return (float[]) group.array(arrays++, () -> new float[size]);
    }

    public int[] allocateIntLocalArray(int size) {
        return (int[]) group.array(arrays++, () -> new int[size]);
    }

    public long[] allocateLongLocalArray(int size) {
        return (long[]) group.array(arrays++, () -> new long[size]);
    }

    public void atomicAdd(IntArray array, int index, int val) {
        synchronized (array) {
            array.set(index, array.get(index) + val);
        }
    }

    int barriers() { return barriers; }

    /// Whether the work item shared anything with its group.
    boolean usedGroup() { return barriers + arrays > 0; }
}
