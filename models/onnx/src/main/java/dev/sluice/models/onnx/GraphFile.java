package dev.sluice.models.onnx;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.file.FileTensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;

/// What an `.onnx` file says of its graph: inputs, outputs, nodes and where the weights lie. Read
/// without ONNX Runtime, whose session takes seconds and gigabytes, and which trusts its input more
/// than a parser should. Whatever the bytes, only a [MalformedModelException] comes out. The
/// mappings belong to the arena. Immutable.
record GraphFile(Path path, List<Value> inputs, List<Value> outputs, List<Node> nodes,
        List<FileTensor> weights) {

    /// An input or output.
    ///
    /// @param dims  -1 where only the graph's run tells
    record Value(String name, OnnxType type, long[] dims) {
        /// For messages.
        String shape() {
            return type + java.util.Arrays.toString(dims).replace("-1", "?");
        }
    }

    record Node(String operator, List<String> inputs, List<String> outputs) { }

    static GraphFile read(Path path, Arena arena) {
        return new GraphParser(path, arena).read();
    }
}
