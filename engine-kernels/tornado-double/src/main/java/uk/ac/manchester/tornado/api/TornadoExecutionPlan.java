package uk.ac.manchester.tornado.api;

import java.lang.foreign.MemorySegment;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/// Runs one graph at a time, on twins of the arrays: what is not transferred does not arrive.
public class TornadoExecutionPlan {
    private final List<ImmutableTaskGraph> graphs;
    private final Map<TornadoNativeArray, TornadoNativeArray> device = new IdentityHashMap<>();
    private GridScheduler grids = new GridScheduler();
    private int selected;

    public TornadoExecutionPlan(ImmutableTaskGraph... immutableTaskGraphs) {
        graphs = List.of(immutableTaskGraphs);
    }

    public TornadoExecutionPlan withDevice(TornadoDevice unused) {
        return this;
    }

    public TornadoExecutionPlan withGridScheduler(GridScheduler gridScheduler) {
        grids = gridScheduler;
        return this;
    }

    public TornadoExecutionPlan withGraph(int graphIndex) {
        selected = graphIndex;
        return this;
    }

    public TornadoExecutionResult execute() {
        TaskGraph graph = graphs.get(selected).graph();
        for (TornadoNativeArray array : graph.inward()) {
            MemorySegment.copy(array.getSegment(), 0, onDevice(array).getSegment(), 0,
                    array.getSegment().byteSize());
        }
        Object[] arguments = graph.arguments().clone();
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i] instanceof TornadoNativeArray array) {
                arguments[i] = onDevice(array);
            }
        }
        graph.launched(new WorkGroups(grids.get(graph.qualifiedTask()), graph.body(), arguments)
                .run(graph.together()));
        for (TornadoNativeArray array : graph.outward()) {
            MemorySegment.copy(onDevice(array).getSegment(), 0, array.getSegment(), 0,
                    array.getSegment().byteSize());
        }
        return new TornadoExecutionResult();
    }

    private TornadoNativeArray onDevice(TornadoNativeArray array) {
        return device.computeIfAbsent(array, TornadoNativeArray::twin);
    }

    /// The device memory of `dest` is that of `src` from now on.
    public void mapOnDeviceMemoryRegion(Object dest, Object src, long offset, int fromGraphIndex,
            int toGraphIndex) {
        if (offset != 0) {
            throw new UnsupportedOperationException("the double maps whole arrays only");
        }
        onDevice((TornadoNativeArray) dest).share(onDevice((TornadoNativeArray) src));
    }

    public TornadoExecutionPlan freeDeviceMemory() {
        device.clear();
        return this;
    }
}
