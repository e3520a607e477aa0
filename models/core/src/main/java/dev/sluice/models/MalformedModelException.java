package dev.sluice.models;

import java.nio.file.Path;

/// A model file that does not say what its format asks for: the only thing a file parser throws,
/// whatever the bytes.
public final class MalformedModelException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public MalformedModelException(Path path, long byteOffset, String reason) {
        super("%s, byte %d: %s".formatted(path, byteOffset, reason));
    }

    /// A file that is wrong as a whole: no offset to point at.
    public MalformedModelException(Path path, String reason) {
        super("%s: %s".formatted(path, reason));
    }
}
