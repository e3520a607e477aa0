package dev.sluice.models.file;

import dev.sluice.models.MalformedModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The metadata of a GGUF file, in file order. Opening notes only where each value lies; a value is
/// decoded when it is asked for, so a large vocabulary costs nothing until someone wants it.
/// Immutable, any thread, readable until the file is closed.
///
/// A key that is missing, of another type or out of range is a [MalformedModelException] that names
/// the key, what was expected and what is there. Integers of any width, signed or not, are
/// the same to a caller.
public final class GgufMetadata {
    /// A template is the longest value of real files; 16 MiB leaves room and bounds one allocation.
    static final int STRING_BYTES_MAX = 16 << 20;

    /// Magic, version and two counts come first.
    private static final int VALUES_START = 24;

    private final Path path;
    private final HeaderCursor cursor;
    private final ByteBuffer bytes;
    private final Map<String, Value> values;

    /// Where a value lies: `offset` is that of a scalar, of a string's length or of an array's
    /// first element; `end` is the first byte after it. `element` and `count` describe an
    /// array; a scalar has its own type and count 1.
    record Value(GgufType type, GgufType element, int count, int offset, int end) { }

    GgufMetadata(Path path, HeaderCursor cursor, LinkedHashMap<String, Value> values) {
        this.path = path;
        this.cursor = cursor;
        this.bytes = cursor.buffer();
        this.values = Collections.unmodifiableMap(values);
    }

    /// Writes a GGUF file of these values and no tensors: what tokenizing needs.
    public void writeVocabulary(Path file) throws IOException {
        int end = VALUES_START;
        for (Value value : values.values()) {
            end = Math.max(end, value.end());
        }
        ByteBuffer header = ByteBuffer.allocate(VALUES_START).order(ByteOrder.LITTLE_ENDIAN)
                .put(bytes.duplicate().limit(8)).putLong(0).putLong(values.size()).flip();
        try (var channel = FileChannel.open(file, StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            channel.write(header);
            channel.write(bytes.duplicate().limit(end).position(VALUES_START));
        }
    }

    /// Keys in file order.
    public List<String> keys() { return List.copyOf(values.keySet()); }

    public boolean has(String key) { return values.containsKey(key); }

    /// The stored type of a value, [GgufType#ARRAY] for arrays.
    public GgufType type(String key) { return value(key, "a value").type(); }

    /// Elements of an array, 1 for anything else.
    public int count(String key) { return value(key, "a value").count(); }

    public String string(String key) {
        Value value = typed(key, "a string", GgufType.STRING);
        int length = (int) bytes.getLong(value.offset());
        byte[] utf8 = new byte[length];
        bytes.get(value.offset() + 8, utf8);
        return cursor.decode(utf8, 0, length, value.offset() + 8, "the value of " + key);
    }

    public String string(String key, String absent) { return has(key) ? string(key) : absent; }

    /// An integer of any stored width whose value fits an `int`.
    public int integer(String key) {
        long wide = wideInteger(key);
        if (wide != (int) wide) {
            throw wrong(value(key, "an integer"), key, "an integer of 32 bits",
                    "the value " + wide);
        }
        return (int) wide;
    }

    public int integer(String key, int absent) { return has(key) ? integer(key) : absent; }

    /// An integer of any stored width; a u64 of 2^63 or more is an error.
    public long wideInteger(String key) {
        Value value = value(key, "an integer");
        if (!value.type().integral()) {
            throw wrong(value, key, "an integer", name(value));
        }
        return integerAt(value, 0, key);
    }

    /// A stored f32 or f64 that is a number.
    public float real(String key) {
        Value value = value(key, "a float");
        if (value.type() != GgufType.F32 && value.type() != GgufType.F64) {
            throw wrong(value, key, "a float", name(value));
        }
        return realAt(value, 0, key);
    }

    public float real(String key, float absent) { return has(key) ? real(key) : absent; }

    public boolean bool(String key) {
        return booleanAt(typed(key, "a bool", GgufType.BOOL), 0, key);
    }

    public boolean bool(String key, boolean absent) { return has(key) ? bool(key) : absent; }

    /// An array of strings, decoded in one pass. The list is immutable and the caller's.
    public List<String> strings(String key) {
        Value value = array(key, "an array of strings");
        if (value.element() != GgufType.STRING) {
            throw wrong(value, key, "an array of strings", name(value));
        }
        // One bulk copy, then plain array reads: several times faster in a cold JVM than a
        // buffer read per string.
        byte[] all = new byte[value.end() - value.offset()];
        bytes.get(value.offset(), all);
        var strings = new String[value.count()];
        int at = 0;
        for (int i = 0; i < strings.length; i++) {
            int length = LittleEndian.i32(all, at);
            strings[i] = cursor.decode(all, at + 8, length, (long) value.offset() + at + 8,
                    "a string of " + key);
            at += 8 + length;
        }
        return Collections.unmodifiableList(Arrays.asList(strings));
    }

    /// Strings as the file has them: string i is `lengths[i]` bytes of UTF-8 from `starts[i]`.
    public record StringArray(byte[] utf8, int[] starts, int[] lengths) { }

    /// An array of strings without an object for each, for vocabularies. The bytes are not checked
    /// to be UTF-8.
    public StringArray stringArray(String key) {
        Value value = array(key, "an array of strings");
        if (value.element() != GgufType.STRING) {
            throw wrong(value, key, "an array of strings", name(value));
        }
        byte[] all = new byte[value.end() - value.offset()];
        bytes.get(value.offset(), all);
        var starts = new int[value.count()];
        var lengths = new int[value.count()];
        int at = 0;
        for (int i = 0; i < starts.length; i++) {
            lengths[i] = LittleEndian.i32(all, at);
            starts[i] = at + 8;
            at += 8 + lengths[i];
        }
        return new StringArray(all, starts, lengths);
    }

    /// An array of integers of any stored width, each of which fits an `int`.
    public int[] integers(String key) {
        Value value = array(key, "an array of integers");
        if (!value.element().integral()) {
            throw wrong(value, key, "an array of integers", name(value));
        }
        var out = new int[value.count()];
        for (int i = 0; i < out.length; i++) {
            long wide = integerAt(value, i, key);
            if (wide != (int) wide) {
                throw wrong(value, key, "integers of 32 bits", "the value " + wide);
            }
            out[i] = (int) wide;
        }
        return out;
    }

    /// An array of f32 or f64, or of integers (some files store token scores as i32).
    public float[] reals(String key) {
        Value value = array(key, "an array of floats");
        boolean floats = value.element() == GgufType.F32 || value.element() == GgufType.F64;
        if (!floats && !value.element().integral()) {
            throw wrong(value, key, "an array of floats", name(value));
        }
        var out = new float[value.count()];
        for (int i = 0; i < out.length; i++) {
            out[i] = floats ? realAt(value, i, key) : integerAt(value, i, key);
        }
        return out;
    }

    public boolean[] booleans(String key) {
        Value value = array(key, "an array of bools");
        if (value.element() != GgufType.BOOL) {
            throw wrong(value, key, "an array of bools", name(value));
        }
        var out = new boolean[value.count()];
        for (int i = 0; i < out.length; i++) {
            out[i] = booleanAt(value, i, key);
        }
        return out;
    }

    /// One integer per layer: an array of `layers` elements, or a single integer for all of them.
    public int[] perLayer(String key, int layers) {
        if (type(key) != GgufType.ARRAY) {
            var same = new int[layers];
            Arrays.fill(same, integer(key));
            return same;
        }
        int[] each = integers(key);
        if (each.length != layers) {
            throw wrong(value(key, ""), key, "one integer for each of %d layers".formatted(layers),
                    each.length + " elements");
        }
        return each;
    }

    public int[] perLayer(String key, int layers, int absent) {
        if (has(key)) {
            return perLayer(key, layers);
        }
        var same = new int[layers];
        Arrays.fill(same, absent);
        return same;
    }

    /// A value as one line for people, at most about `charsMax` characters, whatever its type:
    /// `llama`, `0.00001`, `[128256 x STRING]`.
    public String preview(String key, int charsMax) {
        Value value = value(key, "a value");
        String text = switch (value.type()) {
            case STRING -> string(key).replaceAll("\\p{Cntrl}", "\u00b7");
            case ARRAY -> previewArray(key, value);
            case BOOL -> String.valueOf(bool(key));
            case F32 -> String.valueOf(bytes.getFloat(value.offset()));
            case F64 -> String.valueOf(bytes.getDouble(value.offset()));
            case U64 -> Long.toUnsignedString(bytes.getLong(value.offset()));
            case U8, I8, U16, I16, U32, I32, I64 -> String.valueOf(wideInteger(key));
        };
        return text.length() <= charsMax ? text : text.substring(0, Math.max(0, charsMax)) + "...";
    }

    private String previewArray(String key, Value value) {
        boolean small = value.count() <= 64 && value.element() != GgufType.STRING;
        if (!small) {
            return name(value);
        }
        return switch (value.element()) {
            case BOOL -> Arrays.toString(booleans(key));
            case U8, I8, U16, I16, U32, I32, U64, I64 -> Arrays.toString(integers(key));
            case F32, F64 -> Arrays.toString(reals(key));
            case STRING, ARRAY -> name(value);
        };
    }

    private Value value(String key, String expected) {
        Value value = values.get(key);
        if (value == null) {
            throw new MalformedModelException(path,
                    "no metadata key %s (expected %s)".formatted(Quoted.text(key), expected));
        }
        return value;
    }

    private Value typed(String key, String expected, GgufType type) {
        Value value = value(key, expected);
        if (value.type() != type) {
            throw wrong(value, key, expected, name(value));
        }
        return value;
    }

    private Value array(String key, String expected) {
        return typed(key, expected, GgufType.ARRAY);
    }

    private long integerAt(Value value, int index, String key) {
        GgufType type = value.element();
        int at = value.offset() + index * type.bytes();
        long stored = switch (type) {
            case U8 -> Byte.toUnsignedLong(bytes.get(at));
            case I8 -> bytes.get(at);
            case U16 -> Short.toUnsignedLong(bytes.getShort(at));
            case I16 -> bytes.getShort(at);
            case U32 -> Integer.toUnsignedLong(bytes.getInt(at));
            case I32 -> bytes.getInt(at);
            case U64, I64 -> bytes.getLong(at);
            case F32, F64, BOOL, STRING, ARRAY ->
                    throw wrong(value, key, "an integer", name(value));
        };
        if (type == GgufType.U64 && stored < 0) {
            throw wrong(value, key, "an integer below 2^63",
                    "the value " + Long.toUnsignedString(stored));
        }
        return stored;
    }

    private float realAt(Value value, int index, String key) {
        int at = value.offset() + index * value.element().bytes();
        float stored = value.element() == GgufType.F32
                ? bytes.getFloat(at) : (float) bytes.getDouble(at);
        if (Float.isNaN(stored)) {
            throw wrong(value, key, "a number", "NaN");
        }
        return stored;
    }

    private boolean booleanAt(Value value, int index, String key) {
        byte stored = bytes.get(value.offset() + index);
        if (stored != 0 && stored != 1) {
            throw wrong(value, key, "a bool of 0 or 1", "the byte " + (stored & 0xFF));
        }
        return stored == 1;
    }

    private MalformedModelException wrong(Value value, String key, String expected, String got) {
        return new MalformedModelException(path, value.offset(),
                "metadata key %s: expected %s, got %s".formatted(Quoted.text(key), expected, got));
    }

    private static String name(Value value) {
        return value.type() == GgufType.ARRAY
                ? "[%d x %s]".formatted(value.count(), value.element()) : value.type().toString();
    }
}
