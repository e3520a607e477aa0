package dev.sluice.models.file;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;

/// JSON objects of a model folder.
final class Configs {
    /// The same limit as a safetensors header: the index of a large model is a few megabytes.
    private static final long BYTES_MAX = 100_000_000;

    private Configs() { }

    /// The object in a JSON file, unmodifiable, with the value types of [Json].
    static Map<String, Object> read(Path file) {
        try {
            long size = Files.size(file);
            if (size > BYTES_MAX) {
                throw new MalformedModelException(file,
                        "%d bytes of JSON, at most %d are allowed".formatted(size, BYTES_MAX));
            }
            return object(file, 0, Files.readAllBytes(file));
        } catch (IOException e) {
            throw MappedFile.unreadable(file, e);
        }
    }

    /// The object that is the whole of `json`, which begins at byte `offset` of the file.
    @SuppressWarnings("unchecked")
    static Map<String, Object> object(Path file, long offset, byte[] json) {
        Object value;
        try {
            value = Json.parse(json);
        } catch (Json.MalformedJsonException e) {
            throw new MalformedModelException(file, offset + e.byteOffset(), e.getMessage());
        }
        if (!(value instanceof Map<?, ?>)) {
            throw new MalformedModelException(file, offset, "JSON that is not an object");
        }
        return Collections.unmodifiableMap((Map<String, Object>) value);
    }
}
