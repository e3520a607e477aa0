package dev.sluice.models.file;

import dev.sluice.models.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Writes small safetensors files for tests. Tensors follow one another in the order of the calls.
public final class SafetensorsWriter {
    private final Map<String, Object> header = new LinkedHashMap<>();
    private byte[] data = new byte[0];

    public SafetensorsWriter() {
        header.put("__metadata__", Map.of("format", "pt"));
    }

    /// `shape` as safetensors has it, the last dimension fastest.
    public SafetensorsWriter tensor(String name, String dtype, List<Long> shape, byte[] bytes) {
        entry(name, dtype, shape, data.length, data.length + bytes.length);
        data = ByteBuffer.allocate(data.length + bytes.length).put(data).put(bytes).array();
        return this;
    }

    /// An entry with offsets as they are, true or not, and no data.
    public SafetensorsWriter entry(
            String name, String dtype, List<Long> shape, long begin, long end) {
        var entry = new LinkedHashMap<String, Object>();
        entry.put("dtype", dtype);
        entry.put("shape", shape);
        entry.put("data_offsets", List.of(begin, end));
        header.put(name, entry);
        return this;
    }

    public byte[] bytes() { return bytes(Json.write(header), data); }

    public int headerBytes() { return bytes().length - data.length; }

    /// A file of this header text and data.
    public static byte[] bytes(String header, byte[] data) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + json.length + data.length).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length).put(json).put(data).array();
    }

    public Path write(Path file) {
        try {
            return Files.write(file, bytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
