package dev.sluice.models.onnx;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.sluice.models.MalformedModelException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// Reads one Protocol Buffers message in mapped memory, field by field: [#next] until it is false,
/// then one of the value methods. Whatever the bytes, the only exception is a
/// [MalformedModelException]. One thread.
final class ProtoReader {
    private static final int TEXT_BYTES_MAX = 1 << 16;

    private final Path path;
    private final MemorySegment memory;
    private final long end;
    private long at;
    private int field;
    private int type;

    /// @param memory  the whole file
    ProtoReader(Path path, MemorySegment memory) {
        this(path, memory, 0, memory.byteSize());
    }

    private ProtoReader(Path path, MemorySegment memory, long from, long end) {
        this.path = path;
        this.memory = memory;
        this.at = from;
        this.end = end;
    }

    /// Goes to the next field; its value must be taken, or skipped, before the next call.
    boolean next() {
        if (at == end) {
            return false;
        }
        long tag = varint();
        field = (int) (tag >>> 3);
        type = (int) (tag & 7);
        if (field == 0 || tag >>> 3 != field) {
            throw malformed("field number " + (tag >>> 3));
        }
        return true;
    }

    int field() { return field; }

    /// Whether the field is text, bytes, a message, or packed numbers.
    boolean isBytes() { return type == 2; }

    long integer() {
        require(0);
        return varint();
    }

    /// Where the value's bytes lie in the file.
    record Span(long offset, long bytes) { }

    Span span() {
        require(2);
        long bytes = varint();
        if (bytes < 0 || bytes > end - at) {
            throw malformed("a value of %s bytes, %d remain".formatted(
                    Long.toUnsignedString(bytes), end - at));
        }
        var span = new Span(at, bytes);
        at += bytes;
        return span;
    }

    String text() {
        Span span = span();
        if (span.bytes > TEXT_BYTES_MAX) {
            throw malformed("a name of %d bytes".formatted(span.bytes));
        }
        return new String(memory.asSlice(span.offset, span.bytes).toArray(JAVA_BYTE),
                StandardCharsets.UTF_8);
    }

    /// A reader of the value, which is a message or packed varints.
    ProtoReader message() {
        Span span = span();
        return new ProtoReader(path, memory, span.offset, span.offset + span.bytes);
    }

    /// Whether a packed field has more numbers.
    boolean more() { return at < end; }

    long packed() { return varint(); }

    void skip() {
        switch (type) {
            case 0 -> varint();
            case 1 -> advance(8);
            case 2 -> span();
            case 5 -> advance(4);
            default -> throw malformed("wire type " + type);
        }
    }

    MalformedModelException malformed(String reason) {
        return new MalformedModelException(path, at, "not an ONNX model: " + reason);
    }

    private void require(int wanted) {
        if (type != wanted) {
            throw malformed("field %d has wire type %d, expected %d".formatted(
                    field, type, wanted));
        }
    }

    private void advance(long bytes) {
        if (bytes > end - at) {
            throw malformed("truncated");
        }
        at += bytes;
    }

    private long varint() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (at >= end) {
                throw malformed("truncated");
            }
            byte b = memory.get(JAVA_BYTE, at++);
            value |= (long) (b & 0x7F) << shift;
            if (b >= 0) {
                return value;
            }
        }
        throw malformed("a number of more than ten bytes");
    }
}
