package dev.sluice.kernels.tornado;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.gpu.GpuKernel;
import dev.sluice.kernels.gpu.KernelSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.WorkerGrid2D;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task5;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task6;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task7;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// A task graph of one task for every kernel and encoding, all over the same memory. A graph is
/// compiled when it runs for the first time. TornadoVM fixes the graphs of a plan when it is made,
/// and arrays stay on the device only between graphs of one plan, so all of them are made at once.
///
/// Numbers and reals go to the device with every launch; the memory never moves.
final class KernelGraphs {
    /// The graph that is first: filling words.
    static final int FILL = 0;
    static final int COPY = 1;
    static final int WRITE_FEW = 2;
    static final int WRITE_MANY = 3;
    static final int READ_FEW = 4;
    static final int READ_MANY = 5;

    /// More than any launch has.
    private static final int NUMBERS_MAX = 32;
    private static final int REALS_MAX = 4;
    static final int STAGED_FEW = 1 << 10;
    static final int STAGED_MANY = 1 << 18;
    /// Work items of a group that moves words.
    static final int MOVE_LANES = 128;

    private final IntArray words;
    /// The same memory; of these few floats only the device's address counts.
    private final FloatArray floats = new FloatArray(WordRooms.ALIGNMENT);
    private final IntArray numbers = new IntArray(NUMBERS_MAX);
    private final FloatArray reals = new FloatArray(REALS_MAX);
    private final IntArray few = new IntArray(STAGED_FEW);
    private final IntArray many = new IntArray(STAGED_MANY);
    private final KernelContext context = new KernelContext();
    private final GridScheduler scheduler = new GridScheduler();
    private final List<WorkerGrid2D> grids = new ArrayList<>();
    private final List<ImmutableTaskGraph> graphs = new ArrayList<>();
    private final Map<GpuKernel, int[]> indexes = new EnumMap<>(GpuKernel.class);

    KernelGraphs(IntArray words) {
        this.words = words;
        addMoves();
        for (GpuKernel kernel : GpuKernel.values()) {
            var index = new int[DType.values().length];
            indexes.put(kernel, index);
            if (isEncoded(kernel)) {
                for (DType encoding : encodings(kernel)) {
                    index[encoding.ordinal()] = graphs.size();
                    String name = kernel.symbol() + "_" + encoding;
                    add(name, encoded(launching(name), kernel, encoding.ordinal()),
                            kernel.lanes());
                }
            } else {
                java.util.Arrays.fill(index, graphs.size());
                add(kernel.symbol(), launching(kernel.symbol()).task("kernel", plain(kernel),
                        context, numbers, reals, words, floats), kernel.lanes());
            }
        }
    }

    private void addMoves() {
        add("fill_words", launching("fill_words").task("kernel", StageKernels::fillWords,
                context, numbers, reals, words, floats), MOVE_LANES);
        add("copy_words", launching("copy_words").task("kernel", StageKernels::copyWords,
                context, numbers, reals, words, floats), MOVE_LANES);
        addWrite("write_few", few);
        addWrite("write_many", many);
        addRead("read_few", few);
        addRead("read_many", many);
    }

    private void addWrite(String name, IntArray staging) {
        add(name, over(name).transferToDevice(DataTransferMode.EVERY_EXECUTION, numbers, staging)
                .task("kernel", StageKernels::writeWords, context, numbers, staging, words,
                        floats), MOVE_LANES);
    }

    private void addRead(String name, IntArray staging) {
        add(name, over(name).transferToDevice(DataTransferMode.EVERY_EXECUTION, numbers)
                .task("kernel", StageKernels::readWords, context, numbers, staging, words, floats)
                .transferToHost(DataTransferMode.EVERY_EXECUTION, staging), MOVE_LANES);
    }

    /// A graph over the memory. The first one makes it, the others find it.
    private TaskGraph over(String name) {
        var graph = new TaskGraph(name);
        return graphs.isEmpty() ? graph : graph.consumeFromDevice(words, floats);
    }

    private TaskGraph launching(String name) {
        return over(name).transferToDevice(DataTransferMode.EVERY_EXECUTION, numbers, reals);
    }

    private void add(String name, TaskGraph graph, int lanes) {
        graphs.add(graph.persistOnDevice(words, floats).snapshot());
        var grid = new WorkerGrid2D(lanes, 1);
        grid.setLocalWork(lanes, 1, 1);
        grids.add(grid);
        scheduler.addWorkerGrid(name + ".kernel", grid);
    }

    ImmutableTaskGraph[] graphs() { return graphs.toArray(ImmutableTaskGraph[]::new); }

    GridScheduler scheduler() { return scheduler; }

    WorkerGrid2D grid(int graph) { return grids.get(graph); }

    IntArray numbers() { return numbers; }

    FloatArray reals() { return reals; }

    IntArray words() { return words; }

    FloatArray floats() { return floats; }

    /// The staging array of a graph that moves many or few words.
    IntArray staging(int graph) {
        return graph == WRITE_MANY || graph == READ_MANY ? many : few;
    }

    int index(GpuKernel kernel, DType encoding) {
        return indexes.get(kernel)[encoding.ordinal()];
    }

    /// Whether a kernel is compiled once for each encoding. The merge of attention is not: it reads
    /// no rows.
    private static boolean isEncoded(GpuKernel kernel) {
        return kernel.source().encoded() && kernel != GpuKernel.ATTENTION_MERGE;
    }

    private static List<DType> encodings(GpuKernel kernel) {
        if (kernel.source() == KernelSource.ATTENTION) {
            return List.of(DType.F32, DType.F16, DType.BF16, DType.Q8_0);
        }
        var all = new ArrayList<>(List.of(DType.values()));
        all.remove(DType.I32);
        return all;
    }

    private static Task5<KernelContext, IntArray, FloatArray, IntArray, FloatArray> plain(
            GpuKernel kernel) {
        return switch (kernel) {
            case GATHER_ROWS -> RowKernels::gatherRows;
            case COPY_COLUMNS -> RowKernels::copyColumns;
            case RMS_NORM -> RowKernels::rmsNorm;
            case LAYER_NORM -> RowKernels::layerNorm;
            case GELU_ROWS -> RowKernels::geluRows;
            case ADD_BIAS -> RowKernels::addBias;
            case ADD_ROWS -> RowKernels::addRows;
            case ADD_GATED -> RowKernels::addGated;
            case SCALE_ROWS -> RowKernels::scaleRows;
            case SOFTCAP_ROWS -> RowKernels::softcapRows;
            case CLAMP_ROWS -> RowKernels::clampRows;
            case GATED_ACTIVATION -> RowKernels::gatedActivation;
            case ROTARY_ANGLES -> RowKernels::rotaryAngles;
            case ROPE_ROWS -> RowKernels::ropeRows;
            case QUANTISE_ROWS -> StageKernels::quantiseRows;
            case ORDER_ROWS -> StageKernels::orderRows;
            case ORDER_HEADS -> StageKernels::orderHeads;
            case ATTENTION_MERGE -> AttentionKernels::attentionMerge;
            case ROUTE_TOP_K -> ExpertKernels::routeTopK;
            case COUNT_EXPERTS -> ExpertKernels::countExperts;
            case DISPATCH_EXPERTS -> ExpertKernels::dispatchExperts;
            case COMBINE_EXPERTS -> ExpertKernels::combineExperts;
            case EMBED_ROWS, PRODUCT_FEW, PRODUCT_TILES, PRODUCT_GROUPED_FEW,
                    PRODUCT_GROUPED_TILES, STORE_ROWS, ATTENTION_ROWS, ATTENTION_SPLITS ->
                    throw new IllegalArgumentException(kernel + " reads encoded rows");
        };
    }

    private TaskGraph encoded(TaskGraph graph, GpuKernel kernel, int encoding) {
        return switch (kernel) {
            case EMBED_ROWS -> of(graph, ProductKernels::embedRows, encoding);
            case STORE_ROWS -> of(graph, AttentionKernels::storeRows, encoding);
            case ATTENTION_ROWS -> of(graph, AttentionKernels::attentionRows, encoding);
            case ATTENTION_SPLITS -> of(graph, AttentionKernels::attentionSplits, encoding);
            case PRODUCT_FEW -> of(graph, ProductKernels::productFew, encoding, 0);
            case PRODUCT_TILES -> of(graph, ProductKernels::productTiles, encoding, 0);
            case PRODUCT_GROUPED_FEW -> of(graph, ProductKernels::productFew, encoding, 1);
            case PRODUCT_GROUPED_TILES -> of(graph, ProductKernels::productTiles, encoding, 1);
            case GATHER_ROWS, COPY_COLUMNS, RMS_NORM, LAYER_NORM, GELU_ROWS, ADD_BIAS, ADD_ROWS,
                    ADD_GATED, SCALE_ROWS, SOFTCAP_ROWS, CLAMP_ROWS, GATED_ACTIVATION,
                    QUANTISE_ROWS, ORDER_ROWS, ORDER_HEADS, ROTARY_ANGLES, ROPE_ROWS,
                    ATTENTION_MERGE, ROUTE_TOP_K, COUNT_EXPERTS, DISPATCH_EXPERTS,
                    COMBINE_EXPERTS ->
                    throw new IllegalArgumentException(kernel + " reads no encoded rows");
        };
    }

    private TaskGraph of(TaskGraph graph,
            Task6<KernelContext, IntArray, FloatArray, IntArray, FloatArray, Integer> kernel,
            int encoding) {
        return graph.task("kernel", kernel, context, numbers, reals, words, floats, encoding);
    }

    private TaskGraph of(TaskGraph graph, Task7<KernelContext, IntArray, FloatArray, IntArray,
            FloatArray, Integer, Integer> kernel, int encoding, int grouped) {
        return graph.task("kernel", kernel, context, numbers, reals, words, floats, encoding,
                grouped);
    }
}
