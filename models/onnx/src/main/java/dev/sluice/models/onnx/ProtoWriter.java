package dev.sluice.models.onnx;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;

/// Writes one Protocol Buffers message (the encoding guide's "Message Structure"): each field is a
/// tag, which is the field's number and wire type, and a value. One thread.
///
///     tag = number << 3 | type     type 0: varint, 2: length and bytes, 5: four bytes
final class ProtoWriter {
    private static final int VARINT = 0;
    private static final int LENGTH = 2;
    private static final int FOUR_BYTES = 5;

    private byte[] bytes = new byte[256];
    private int size;

    ProtoWriter integer(int field, long value) {
        tag(field, VARINT);
        varint(value);
        return this;
    }

    ProtoWriter real(int field, float value) {
        tag(field, FOUR_BYTES);
        int bits = Float.floatToIntBits(value);
        for (int shift = 0; shift < 32; shift += 8) {
            append((byte) (bits >>> shift));
        }
        return this;
    }

    ProtoWriter text(int field, String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    ProtoWriter bytes(int field, byte[] value) {
        tag(field, LENGTH);
        varint(value.length);
        reserve(value.length);
        System.arraycopy(value, 0, bytes, size, value.length);
        size += value.length;
        return this;
    }

    ProtoWriter message(int field, Consumer<ProtoWriter> content) {
        var inner = new ProtoWriter();
        content.accept(inner);
        return bytes(field, inner.toBytes());
    }

    byte[] toBytes() {
        return Arrays.copyOf(bytes, size);
    }

    private void tag(int field, int type) {
        varint((long) field << 3 | type);
    }

    /// Seven bits a byte, the lowest first; a set high bit says that more follow.
    private void varint(long value) {
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            append((byte) (rest & 0x7F | 0x80));
            rest >>>= 7;
        }
        append((byte) rest);
    }

    private void append(byte value) {
        reserve(1);
        bytes[size++] = value;
    }

    private void reserve(int more) {
        if (size + more > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
        }
    }
}
