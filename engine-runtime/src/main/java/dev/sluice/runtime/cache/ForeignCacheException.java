package dev.sluice.runtime.cache;

import java.nio.file.Path;

/// A file of keys and values that this model can not use: another model's, another version's, torn
/// or changed. Nothing of it was used.
public final class ForeignCacheException extends Exception {
    private static final long serialVersionUID = 1;

    public ForeignCacheException(Path file, String reason) {
        super(file + ": " + reason);
    }
}
