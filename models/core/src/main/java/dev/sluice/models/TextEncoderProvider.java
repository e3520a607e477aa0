package dev.sluice.models;

import java.nio.file.Path;

/// A foreign runtime that opens encoders, found by [java.util.ServiceLoader]. Files that no
/// provider reads are opened on our own kernels.
public interface TextEncoderProvider {

    /// For messages: `onnx`.
    String name();

    /// Whether `path` is an encoder that this runtime opens. Looks at names and small files only.
    boolean reads(Path path);

    /// What opening it would give; nothing is loaded.
    EncoderPlan plan(Path path, EncoderOptions options);

    /// Opens it, or throws [MalformedModelException], [UnsupportedModelException] or
    /// [InsufficientMemoryException].
    LoadedEncoder open(Path path, EncoderOptions options);
}
