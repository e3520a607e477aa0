package dev.sluice.models.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtSession;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Set;

/// Where the keys and values of sequences are. A page holds a whole sequence, because a graph reads
/// a cache as one tensor. Engine thread only.
sealed interface SequenceCache permits SharedCache, GrowingCache {
    /// The cached positions `[0, length)` of a page as the graph's inputs, by name. They stay this
    /// object's and are valid until the page is written again.
    Map<String, OnnxTensor> past(int page, int length);

    /// Outputs that the graph writes to memory of this object, by name.
    Map<String, OnnxTensor> present(int page);

    /// Outputs that the run must return.
    Set<String> returned();

    /// Takes over what a run returned: the page has `length` positions now.
    ///
    /// @return whether the result is this object's to close from now on
    boolean ran(int page, int length, OrtSession.Result result);

    void copy(int from, int to);

    void exportTo(int page, MemorySegment to);

    void importFrom(int page, MemorySegment from);

    void close();
}
