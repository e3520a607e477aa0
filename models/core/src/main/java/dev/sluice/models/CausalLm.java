package dev.sluice.models;

import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;

/// A whole graph that generates: token ids in, logits out, with its keys and values in pages whose
/// numbers the caller hands out. Engine thread only.
public interface CausalLm extends AutoCloseable {

    /// Columns of the logits. May exceed the tokenizer's vocabulary.
    int vocab();

    /// Most positions of one sequence that the model was made for.
    int contextLength();

    /// Most rows of one [#forward].
    int maxRows();

    /// Most sequences of one [#forward]: one, unless a model can do more.
    default int maxSequences() { return 1; }

    KvPlan kvPlan();

    /// Runs the rows of `batch` through the model. Their keys and values are written to the
    /// batch's pages; row i of `logits` [batch.logitsRowCount(), vocab], host memory, receives the
    /// logits of the batch's i-th row that asked for them.
    void forward(Batch batch, Matrix logits);

    /// Has `pause` called between layers, on the thread that runs [#forward]: another model may use
    /// the processors there. A graph that runs in one piece does not call it.
    default void pauseBetweenLayers(Runnable pause) { }

    /// Copies every layer's page `from` of a group over page `to`.
    void copyPage(int group, int from, int to);

    /// Bytes that [#exportPage] writes for a page of a group.
    long pageBytes(int group);

    void exportPage(int group, int page, MemorySegment to);

    void importPage(int group, int page, MemorySegment from);

    @Override
    void close();
}
