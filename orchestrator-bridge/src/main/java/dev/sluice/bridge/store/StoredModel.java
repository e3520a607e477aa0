package dev.sluice.bridge.store;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// One model of the store. Immutable.
///
/// @param path      what is opened: a file, or a folder with safetensors
/// @param files     all that belongs to it
/// @param bytes     of all files when they are here
/// @param doneBytes that are here; less than `bytes` while it is unfinished
/// @param date      of the last change
/// @param receipt   what says so; empty for a file that was put there by hand or ships
public record StoredModel(String name, Path path, List<Path> files, long bytes, long doneBytes,
        Instant date, Optional<Path> receipt) {

    public StoredModel {
        files = List.copyOf(files);
    }

    public boolean isComplete() { return doneBytes == bytes; }
}
