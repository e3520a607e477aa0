package uk.ac.manchester.tornado.api;

/// A grid of two dimensions.
public class WorkerGrid2D implements WorkerGrid {
    private long[] globalWork;
    private long[] localWork = {1, 1, 1};

    public WorkerGrid2D(int x, int y) {
        globalWork = new long[] {x, y, 1};
    }

    public void setGlobalWork(long x, long y, long z) {
        globalWork = new long[] {x, y, z};
    }

    public void setLocalWork(long x, long y, long z) {
        localWork = new long[] {x, y, z};
    }

    @Override
    public long[] getGlobalWork() {
        return globalWork;
    }

    @Override
    public long[] getLocalWork() {
        return localWork;
    }
}
