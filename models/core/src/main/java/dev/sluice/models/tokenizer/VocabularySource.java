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

    /// An array of bytes, signed or not.
    default byte[] bytes(String key) {
        int[] integers = integers(key);
        var bytes = new byte[integers.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) integers[i];
        }
        return bytes;
    }

    /// An array of floats; integers are converted.
    float[] floats(String key);
}
