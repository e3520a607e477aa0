package dev.sluice.models.file;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Writes small GGUF files for tests: version 2 or 3, whole or split, and broken ones on purpose.
/// Metadata and tensors are written in the order of the calls. One thread.
public final class GgufWriter {
    private final int version;
    private long alignment = 32;
    private final List<byte[]> values = new ArrayList<>();
    private final List<Tensor> tensors = new ArrayList<>();

    /// `offset` from the start of the data; negative for the next aligned one.
    private record Tensor(String name, int typeId, long[] dims, byte[] data, long offset) { }

    public GgufWriter(int version) {
        this.version = version;
    }

    /// A version 3 file with the key that every model has.
    public static GgufWriter model(String architecture) {
        return new GgufWriter(3).string("general.architecture", architecture);
    }

    public GgufWriter string(String key, String value) {
        return raw(key, GgufType.STRING, bytes(value));
    }

    public GgufWriter u32(String key, long value) { return scalar(key, GgufType.U32, value); }

    public GgufWriter bool(String key, boolean value) {
        return raw(key, GgufType.BOOL, new byte[] {(byte) (value ? 1 : 0)});
    }

    public GgufWriter f32(String key, float value) {
        return raw(key, GgufType.F32, little(4).putFloat(value).array());
    }

    public GgufWriter f64(String key, double value) {
        return raw(key, GgufType.F64, little(8).putDouble(value).array());
    }

    /// One integer of the given stored type.
    public GgufWriter scalar(String key, GgufType type, long value) {
        return raw(key, type, integer(type, value));
    }

    public GgufWriter strings(String key, List<String> strings) {
        var out = arrayHead(GgufType.STRING, strings.size());
        for (String string : strings) {
            out.writeBytes(bytes(string));
        }
        return raw(key, GgufType.ARRAY, out.toByteArray());
    }

    /// An array of integers (or bools as 0 and 1) of the given stored type.
    public GgufWriter integers(String key, GgufType type, long... integers) {
        var out = arrayHead(type, integers.length);
        for (long value : integers) {
            out.writeBytes(integer(type, value));
        }
        return raw(key, GgufType.ARRAY, out.toByteArray());
    }

    public GgufWriter floats(String key, float... floats) {
        var out = arrayHead(GgufType.F32, floats.length);
        for (float value : floats) {
            out.writeBytes(little(4).putFloat(value).array());
        }
        return raw(key, GgufType.ARRAY, out.toByteArray());
    }

    /// A value whose bytes are given as they are.
    public GgufWriter raw(String key, GgufType type, byte[] value) {
        var out = new ByteArrayOutputStream();
        out.writeBytes(bytes(key));
        out.writeBytes(little(4).putInt(type.ordinal()).array());
        out.writeBytes(value);
        values.add(out.toByteArray());
        return this;
    }

    /// Sets `general.alignment` and lays the data out by it.
    public GgufWriter alignment(int bytes) {
        this.alignment = bytes;
        return u32("general.alignment", bytes);
    }

    /// dims with the fastest-varying dimension first; `data` as stored.
    public GgufWriter tensor(String name, TensorType type, long[] dims, byte[] data) {
        return tensorAt(name, type.ggufId().orElseThrow(), dims, data, -1);
    }

    public GgufWriter tensor(String name, long[] dims, float... elements) {
        ByteBuffer data = little(4 * elements.length);
        for (float element : elements) {
            data.putFloat(element);
        }
        return tensor(name, TensorType.F32, dims, data.array());
    }

    /// A tensor that claims a type id and a data offset, true or not.
    public GgufWriter tensorAt(String name, int typeId, long[] dims, byte[] data, long offset) {
        tensors.add(new Tensor(name, typeId, dims, data, offset));
        return this;
    }

    public byte[] bytes() { return bytes(values, tensors); }

    /// The file cut off where the padding before the data would begin.
    public byte[] cutToHeader() { return header(values, tensors); }

    /// Bytes before the padding of the data section.
    public int headerBytes() { return header(values, tensors).length; }

    public Path write(Path file) { return write(file, bytes()); }

    /// Writes `parts` files named as gguf-split does; the tensors are dealt out in order, the
    /// metadata is in the first. Returns the paths.
    public List<Path> writeSplit(Path folder, String prefix, int parts) {
        var paths = new ArrayList<Path>();
        int each = (tensors.size() + parts - 1) / parts;
        for (int part = 0; part < parts; part++) {
            var keys = new GgufWriter(version);
            if (part == 0) {
                keys.values.addAll(values);
            } else if (alignment != 32) {
                keys.u32("general.alignment", alignment);
            }
            keys.scalar("split.no", GgufType.U16, part).scalar("split.count", GgufType.U16, parts)
                    .scalar("split.tensors.count", GgufType.I32, tensors.size());
            int from = Math.min(tensors.size(), part * each);
            int to = Math.min(tensors.size(), from + each);
            Path file = folder.resolve("%s-%05d-of-%05d.gguf".formatted(prefix, part + 1, parts));
            paths.add(write(file, bytes(keys.values, tensors.subList(from, to))));
        }
        return paths;
    }

    private byte[] bytes(List<byte[]> keys, List<Tensor> held) {
        var out = new ByteArrayOutputStream();
        out.writeBytes(header(keys, held));
        pad(out);
        int dataStart = out.size();
        for (Tensor tensor : held) {
            pad(out);
            assert tensor.offset() >= 0 || (out.size() - dataStart) % alignment == 0;
            out.writeBytes(tensor.data());
        }
        pad(out);
        return out.toByteArray();
    }

    private byte[] header(List<byte[]> keys, List<Tensor> held) {
        var out = new ByteArrayOutputStream();
        out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(
                little(20).putInt(version).putLong(held.size()).putLong(keys.size()).array());
        keys.forEach(out::writeBytes);
        long next = 0;
        for (Tensor tensor : held) {
            out.writeBytes(bytes(tensor.name()));
            out.writeBytes(little(4).putInt(tensor.dims().length).array());
            for (long dim : tensor.dims()) {
                out.writeBytes(little(8).putLong(dim).array());
            }
            long offset = tensor.offset() >= 0 ? tensor.offset() : next;
            out.writeBytes(little(12).putInt(tensor.typeId()).putLong(offset).array());
            next += (tensor.data().length + alignment - 1) / alignment * alignment;
        }
        return out.toByteArray();
    }

    private void pad(ByteArrayOutputStream out) {
        while (out.size() % alignment != 0) {
            out.write(0);
        }
    }

    private static Path write(Path file, byte[] bytes) {
        try {
            return Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ByteArrayOutputStream arrayHead(GgufType element, long count) {
        var out = new ByteArrayOutputStream();
        out.writeBytes(little(12).putInt(element.ordinal()).putLong(count).array());
        return out;
    }

    private static byte[] integer(GgufType type, long value) {
        byte[] wide = little(8).putLong(value).array();
        return Arrays.copyOf(wide, type.bytes());
    }

    private static byte[] bytes(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return little(8 + utf8.length).putLong(utf8.length).put(utf8).array();
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
