package dev.sluice.models.file;

import dev.sluice.models.MalformedModelException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/// One safetensors file, checked:
///
///     0      u64 header length N
///     8      N bytes of JSON: "name": {"dtype", "shape", "data_offsets": [begin, end]}, and
///            "__metadata__" with strings
///     8 + N  data; offsets count from here, spans follow one another without gap to the end
///
/// Little-endian; the last dimension of a shape varies fastest, so dims are the shape reversed.
final class SafetensorsHeader {
    /// The limit of the format's own reader.
    private static final long HEADER_BYTES_MAX = 100_000_000;
    private static final ValueLayout.OfLong U64 =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MappedFile file;
    private final long dataStart;

    private SafetensorsHeader(MappedFile file, long headerBytes) {
        this.file = file;
        this.dataStart = 8 + headerBytes;
    }

    /// The file's tensors in the order of their data.
    static List<FileTensor> read(MappedFile file) {
        file.requireUnchanged();
        if (file.size() < 8) {
            throw malformed(file, 0,
                    "not a safetensors file: only %d bytes".formatted(file.size()));
        }
        long headerBytes = file.memory().get(U64, 0);
        long room = Math.min(HEADER_BYTES_MAX, file.size() - 8);
        if (headerBytes < 2 || headerBytes > room) {
            throw malformed(file, 0, "header of %s bytes, expected 2 to %d".formatted(
                    Long.toUnsignedString(headerBytes), room));
        }
        var json = new byte[(int) headerBytes];
        file.header().get(8, json);
        if (json[0] != '{') {
            throw malformed(file, 8, "not a safetensors file: the header begins with "
                    + Quoted.bytes(new byte[] {json[0]}));
        }
        Map<String, Object> entries = Configs.object(file.path(), 8, json);
        List<FileTensor> tensors = new SafetensorsHeader(file, headerBytes).tensors(entries);
        file.requireUnchanged();
        return tensors;
    }

    private List<FileTensor> tensors(Map<String, Object> entries) {
        var tensors = new ArrayList<FileTensor>();
        for (Map.Entry<String, Object> entry : entries.entrySet()) {
            if (entry.getKey().equals("__metadata__")) {
                requireStrings(entry.getValue());
            } else {
                tensors.add(tensor(entry.getKey(), entry.getValue()));
            }
        }
        tensors.sort(Comparator.comparingLong(FileTensor::byteOffset)
                .thenComparingLong(FileTensor::byteSize));
        long end = dataStart;
        for (FileTensor tensor : tensors) {
            if (tensor.byteOffset() != end) {
                throw malformed(file, Math.min(end, tensor.byteOffset()),
                        "tensor %s begins at data byte %d, expected %d: %s".formatted(
                                Quoted.text(tensor.name()), tensor.byteOffset() - dataStart,
                                end - dataStart,
                                tensor.byteOffset() > end ? "a gap" : "an overlap"));
            }
            end += tensor.byteSize();
        }
        if (end != file.size()) {
            throw malformed(file, end, "the tensors end here, the file has %d bytes more"
                    .formatted(file.size() - end));
        }
        return tensors;
    }

    private FileTensor tensor(String name, Object entry) {
        if (!(entry instanceof Map<?, ?> fields)) {
            throw wrong(name, "an object", entry);
        }
        if (!(fields.get("dtype") instanceof String dtype)) {
            throw wrong(name, "a dtype", fields.get("dtype"));
        }
        TensorType type = TensorType.ofSafetensors(dtype).orElseThrow(() -> malformed(file, 8,
                "tensor %s has unknown dtype %s".formatted(Quoted.text(name), Quoted.text(dtype))));
        long[] shape = counts(name, "shape", fields.get("shape"));
        long[] span = counts(name, "data_offsets", fields.get("data_offsets"));
        if (span.length != 2 || span[0] > span[1] || span[1] > file.size() - dataStart) {
            throw malformed(file, 8, "tensor %s: data_offsets %s, the data has %d bytes".formatted(
                    Quoted.text(name), fields.get("data_offsets"), file.size() - dataStart));
        }
        long[] dims = new long[shape.length];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = shape[dims.length - 1 - i];
        }
        long bytes = Shapes.byteSize(file.path(), 8, name, type, dims);
        if (bytes != span[1] - span[0]) {
            throw malformed(file, dataStart + span[0],
                    "tensor %s: %s %s needs %d bytes, data_offsets give %d".formatted(
                            Quoted.text(name), type, fields.get("shape"), bytes,
                            span[1] - span[0]));
        }
        return new FileTensor(
                name, type, dims, file.path(), file.memory(), dataStart + span[0]);
    }

    private long[] counts(String name, String what, Object value) {
        if (!(value instanceof List<?> list)) {
            throw wrong(name, what + " as an array", value);
        }
        var counts = new long[list.size()];
        for (int i = 0; i < counts.length; i++) {
            if (!(list.get(i) instanceof Long count) || count < 0) {
                throw wrong(name, what + " of integers from 0", list.get(i));
            }
            counts[i] = count;
        }
        return counts;
    }

    private void requireStrings(Object metadata) {
        boolean strings = metadata instanceof Map<?, ?> map
                && map.values().stream().allMatch(String.class::isInstance);
        if (!strings) {
            throw malformed(file, 8, "__metadata__ is not an object of strings");
        }
    }

    private MalformedModelException wrong(String name, String expected, Object got) {
        return malformed(file, 8, "tensor %s: expected %s, got %s".formatted(
                Quoted.text(name), expected, Quoted.text(String.valueOf(got))));
    }

    private static MalformedModelException malformed(MappedFile file, long offset, String reason) {
        return new MalformedModelException(file.path(), offset, reason);
    }
}
