package dev.sluice.models.tokenizer;

import java.nio.file.Path;

/// The metadata of a model file as the tokenizer needs it. A key of another type than asked for is
/// a `MalformedModelException` of the implementation.
public interface VocabularySource {
    /// The file, for messages.
    Path path();

    boolean has(String key);

    String string(String key);

    /// Any integer width.
    long integer(String key);

    boolean flag(String key);

    /// An array of texts. Best made over the file's own bytes, see [TextTable].
    TextTable texts(String key);

    int[] integers(String key);

    /// An array of floats; integers are converted.
    float[] floats(String key);
}
