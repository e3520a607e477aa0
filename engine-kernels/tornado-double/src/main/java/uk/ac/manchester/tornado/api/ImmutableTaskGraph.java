package uk.ac.manchester.tornado.api;

/// A task graph that will not change any more.
public final class ImmutableTaskGraph {
    private final TaskGraph graph;

    ImmutableTaskGraph(TaskGraph graph) {
        this.graph = graph;
    }

    TaskGraph graph() { return graph; }
}
