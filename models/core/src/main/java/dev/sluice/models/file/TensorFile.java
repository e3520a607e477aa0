package dev.sluice.models.file;

import dev.sluice.models.MalformedModelException;
import java.nio.file.Path;
import java.util.List;

/// An opened model: named tensors in mapped memory. It owns the mapping; closing it ends every
/// tensor, matrix and metadata value that came from it. Reading is safe from any thread.
public sealed interface TensorFile extends AutoCloseable
        permits GgufFile, SafetensorsFolder, ModelGraph {
    /// What was opened: the (first) GGUF file, or the folder.
    Path path();

    /// All tensors in file order, the parts of a split model one after another.
    List<FileTensor> tensors();

    boolean has(String name);

    /// The tensor of this name, or [MalformedModelException] when the model lacks it.
    FileTensor tensor(String name);

    @Override
    void close();
}
