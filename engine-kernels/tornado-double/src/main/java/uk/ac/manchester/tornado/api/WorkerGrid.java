package uk.ac.manchester.tornado.api;

/// How many work items a launch has, and how many of them form a group.
public interface WorkerGrid {
    long[] getGlobalWork();

    long[] getLocalWork();
}
