package dev.sluice.models.file;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.file.GgufMetadata.Value;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;

/// One GGUF file, checked (`docs/gguf.md` of ggml, versions 2 and 3; all little-endian):
///
///     0   'G' 'G' 'U' 'F'
///     4   u32 version
///     8   u64 tensors, u64 metadata values
///     24  values:  string key, u32 type, value
///         tensors: string name, u32 rank, u64 dims[rank], u32 type, u64 offset
///         zeros up to a multiple of general.alignment
///         data: tensor i begins `offset` bytes after the start of the data
///
/// A string is a u64 length and UTF-8 bytes; an array is a u32 element type, a u64 count and the
/// elements. Nothing but the data is aligned. Counts and lengths are compared with the bytes that
/// remain before anything is allocated for them. Immutable.
record GgufHeader(int version, long alignment, GgufMetadata metadata, List<FileTensor> tensors) {
    private static final int KEY_BYTES_MAX = 65_535;
    private static final int TENSOR_NAME_BYTES_MAX = 63;
    private static final int DIMS_MAX = 4;
    private static final long DEFAULT_ALIGNMENT = 32;
    /// Far above any page size; it bounds the padding that a file may claim.
    private static final long ALIGNMENT_MAX = 1 << 20;
    /// The smallest metadata value: key length, one byte of key, type, one byte of value.
    private static final int VALUE_BYTES_MIN = 8 + 1 + 4 + 1;
    /// The smallest tensor: name length, rank, type, offset.
    private static final int TENSOR_BYTES_MIN = 8 + 4 + 4 + 8;

    /// Reads and checks the header of a mapped file, whose size is compared first and last.
    static GgufHeader read(MappedFile file) {
        file.requireUnchanged();
        var cursor = new HeaderCursor(file);
        int version = readVersion(file, cursor);
        long tensorCount = counted(cursor, "tensor count", TENSOR_BYTES_MIN);
        long valueCount = counted(cursor, "metadata count", VALUE_BYTES_MIN);
        var values = new LinkedHashMap<String, Value>();
        for (long i = 0; i < valueCount; i++) {
            readValue(cursor, values);
        }
        var metadata = new GgufMetadata(file.path(), cursor, values);
        long alignment = alignment(cursor, metadata, values);
        List<FileTensor> tensors = readTensors(file, cursor, tensorCount, alignment);
        file.requireUnchanged();
        return new GgufHeader(version, alignment, metadata, List.copyOf(tensors));
    }

    private static int readVersion(MappedFile file, HeaderCursor cursor) {
        byte[] magic = new byte[(int) Math.min(4, file.size())];
        cursor.buffer().get(0, magic);
        if (magic.length < 4) {
            throw cursor.malformed(0, "not a GGUF file: only %d bytes".formatted(magic.length));
        }
        if (magic[0] != 'G' || magic[1] != 'G' || magic[2] != 'U' || magic[3] != 'F') {
            throw cursor.malformed(0, "not a GGUF file: begins with " + Quoted.bytes(magic));
        }
        cursor.skip(4, "magic");
        int version = cursor.i32("version");
        if (version != 0 && (version & 0xFFFF) == 0) {
            throw cursor.malformed(4, "a big-endian GGUF file; only little-endian files are read");
        }
        if (version != 2 && version != 3) {
            throw cursor.malformed(4, "GGUF version %s; versions 2 and 3 are read"
                    .formatted(Integer.toUnsignedString(version)));
        }
        return version;
    }

    private static long counted(HeaderCursor cursor, String what, int bytesEach) {
        int at = cursor.position();
        long count = cursor.count(what);
        if (count > cursor.remaining() / bytesEach) {
            throw cursor.malformed(at, "%s is %d, which needs at least %d bytes each, %d remain"
                    .formatted(what, count, bytesEach, cursor.remaining()));
        }
        return count;
    }

    private static void readValue(HeaderCursor cursor, LinkedHashMap<String, Value> values) {
        int keyAt = cursor.position();
        String key = cursor.string(KEY_BYTES_MAX, "metadata key");
        if (key.isEmpty()) {
            throw cursor.malformed(keyAt, "an empty metadata key");
        }
        cursor.reading("metadata key", key);
        GgufType type = readType(cursor);
        Value value = switch (type) {
            case STRING -> {
                int begin = cursor.position();
                cursor.skipStrings(1, GgufMetadata.STRING_BYTES_MAX);
                yield new Value(type, type, 1, begin, cursor.position());
            }
            case ARRAY -> readArray(cursor);
            case U8, I8, U16, I16, U32, I32, F32, BOOL, U64, I64, F64 -> {
                int begin = cursor.skip(type.bytes(), "value");
                yield new Value(type, type, 1, begin, cursor.position());
            }
        };
        if (type == GgufType.BOOL && (cursor.buffer().get(value.offset()) & ~1) != 0) {
            throw cursor.malformed(value.offset(), "a bool of 0 or 1 holds the byte %d".formatted(
                    cursor.buffer().get(value.offset()) & 0xFF));
        }
        if (values.putIfAbsent(key, value) != null) {
            throw cursor.malformed(keyAt, "the key is there twice");
        }
        cursor.reading("", "");
    }

    private static Value readArray(HeaderCursor cursor) {
        GgufType element = readType(cursor);
        int countAt = cursor.position();
        long count = cursor.count("array count");
        if (element == GgufType.ARRAY) {
            throw cursor.malformed(countAt - 4, "an array of arrays");
        }
        long bytesEach = element == GgufType.STRING ? 8 : element.bytes();
        if (count > cursor.remaining() / bytesEach) {
            throw cursor.malformed(countAt, "%d elements of %s, but only %d bytes remain"
                    .formatted(count, element, cursor.remaining()));
        }
        int begin = cursor.position();
        if (element == GgufType.STRING) {
            cursor.skipStrings(count, GgufMetadata.STRING_BYTES_MAX);
        } else {
            cursor.skip(count * bytesEach, "array");
        }
        return new Value(GgufType.ARRAY, element, (int) count, begin, cursor.position());
    }

    private static GgufType readType(HeaderCursor cursor) {
        int id = cursor.i32("value type");
        return GgufType.ofId(id).orElseThrow(() -> cursor.malformed(cursor.position() - 4,
                "unknown value type " + Integer.toUnsignedString(id)));
    }

    private static long alignment(
            HeaderCursor cursor, GgufMetadata metadata, LinkedHashMap<String, Value> values) {
        String key = "general.alignment";
        Value value = values.get(key);
        if (value == null) {
            return DEFAULT_ALIGNMENT;
        }
        if (value.type() != GgufType.U32) {
            throw cursor.malformed(value.offset(),
                    "metadata key '%s': expected U32, got %s".formatted(key, value.type()));
        }
        long alignment = metadata.wideInteger(key);
        if (Long.bitCount(alignment) != 1 || alignment > ALIGNMENT_MAX) {
            throw cursor.malformed(value.offset(),
                    "%s is %d, not a power of two up to %d".formatted(
                            key, alignment, ALIGNMENT_MAX));
        }
        return alignment;
    }

    private static List<FileTensor> readTensors(
            MappedFile file, HeaderCursor cursor, long count, long alignment) {
        var stored = new ArrayList<FileTensor>();
        Set<String> names = new HashSet<>();
        for (long i = 0; i < count; i++) {
            int at = cursor.position();
            FileTensor tensor = readTensor(file, cursor);
            if (!names.add(tensor.name())) {
                throw cursor.malformed(at, "the name is there twice");
            }
            if (tensor.byteOffset() % alignment != 0) {
                throw cursor.malformed(cursor.position() - 8,
                        "at data offset %d, not a multiple of the alignment %d".formatted(
                                tensor.byteOffset(), alignment));
            }
            stored.add(tensor);
            cursor.reading("", "");
        }
        long dataStart = (cursor.position() + alignment - 1) & -alignment;
        stored.replaceAll(tensor -> placed(tensor, dataStart, file));
        requireApart(file, stored);
        return stored;
    }

    /// A tensor whose offset still counts from the start of the data.
    private static FileTensor readTensor(MappedFile file, HeaderCursor cursor) {
        String name = cursor.string(TENSOR_NAME_BYTES_MAX, "tensor name");
        cursor.reading("tensor", name);
        int rankAt = cursor.position();
        int rank = cursor.i32("rank");
        if (rank < 0 || rank > DIMS_MAX) {
            throw cursor.malformed(rankAt, "%s dimensions, at most %d are allowed"
                    .formatted(Integer.toUnsignedString(rank), DIMS_MAX));
        }
        long[] dims = new long[rank];
        for (int i = 0; i < rank; i++) {
            dims[i] = cursor.count("dimension");
        }
        int id = cursor.i32("type");
        TensorType type = TensorType.ofGgufId(id).orElseThrow(() -> cursor.malformed(
                cursor.position() - 4, "unknown type " + Integer.toUnsignedString(id)));
        Shapes.byteSize(file.path(), rankAt, name, type, dims);
        long rowElements = rank == 0 ? 1 : dims[0];
        if (rowElements % type.blockElements() != 0) {
            throw cursor.malformed(rankAt, "rows of %d elements are not whole blocks of %d (%s)"
                    .formatted(rowElements, type.blockElements(), type));
        }
        long offset = cursor.count("offset");
        return new FileTensor(name, type, dims, file.path(), file.memory(), offset);
    }

    private static FileTensor placed(FileTensor tensor, long dataStart, MappedFile file) {
        long dataBytes = file.size() - dataStart;
        if (tensor.byteOffset() > dataBytes
                || tensor.byteSize() > dataBytes - tensor.byteOffset()) {
            throw new MalformedModelException(file.path(), file.size(),
                    "tensor %s needs %d bytes at data offset %d, the data has %d: truncated file"
                            .formatted(Quoted.text(tensor.name()), tensor.byteSize(),
                                    tensor.byteOffset(), Math.max(0, dataBytes)));
        }
        return new FileTensor(tensor.name(), tensor.type(), tensor.dims(), tensor.file(),
                tensor.memory(), dataStart + tensor.byteOffset());
    }

    private static void requireApart(MappedFile file, List<FileTensor> tensors) {
        var sorted = new ArrayList<>(tensors);
        sorted.sort(Comparator.comparingLong(FileTensor::byteOffset)
                .thenComparingLong(FileTensor::byteSize));
        for (int i = 1; i < sorted.size(); i++) {
            FileTensor before = sorted.get(i - 1);
            FileTensor after = sorted.get(i);
            if (before.byteOffset() + before.byteSize() > after.byteOffset()) {
                throw new MalformedModelException(file.path(), after.byteOffset(),
                        "tensors %s and %s overlap".formatted(
                                Quoted.text(before.name()), Quoted.text(after.name())));
            }
        }
    }
}
