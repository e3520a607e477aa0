package dev.sluice.models.tokenizer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The metadata of a GGUF file, for tests of tokenizers: just enough of a reader for well-formed
/// files. String arrays stay the file's bytes.
final class GgufMetadata implements VocabularySource {
    private static final int BYTES_READ_MAX = 16 << 20;

    private final Path path;
    private final Map<String, Object> values = new HashMap<>();

    private GgufMetadata(Path path) {
        this.path = path;
    }

    static GgufMetadata read(Path path) throws IOException {
        var metadata = new GgufMetadata(path);
        try (FileChannel channel = FileChannel.open(path)) {
            long bytes = Math.min(channel.size(), BYTES_READ_MAX);
            byte[] all = new byte[(int) bytes];
            ByteBuffer in = ByteBuffer.wrap(all);
            while (in.hasRemaining() && channel.read(in) >= 0) { }
            in.flip().order(ByteOrder.LITTLE_ENDIAN).position(16);
            long count = in.getLong();
            for (long i = 0; i < count; i++) {
                String key = string(in);
                metadata.values.put(key, value(in, in.getInt()));
            }
        }
        return metadata;
    }

    GgufMetadata with(String key, Object value) {
        var copy = new GgufMetadata(path);
        copy.values.putAll(values);
        copy.values.put(key, value);
        return copy;
    }

    GgufMetadata without(String key) {
        var copy = with(key, "");
        copy.values.remove(key);
        return copy;
    }

    private static String string(ByteBuffer in) {
        byte[] text = new byte[(int) in.getLong()];
        in.get(text);
        return new String(text, StandardCharsets.UTF_8);
    }

    private static Object value(ByteBuffer in, int type) {
        return switch (type) {
            case 0, 1 -> (long) in.get();
            case 2, 3 -> (long) in.getShort();
            case 4, 5 -> (long) in.getInt();
            case 6 -> in.getFloat();
            case 7 -> in.get() != 0;
            case 8 -> string(in);
            case 9 -> array(in, in.getInt(), (int) in.getLong());
            case 10, 11 -> in.getLong();
            default -> in.getDouble();
        };
    }

    private static Object array(ByteBuffer in, int type, int count) {
        if (type == 8) {
            int[] starts = new int[count];
            int[] lengths = new int[count];
            for (int i = 0; i < count; i++) {
                lengths[i] = (int) in.getLong();
                starts[i] = in.position();
                in.position(starts[i] + lengths[i]);
            }
            return new TextTable(in.array(), starts, lengths);
        }
        if (type == 6) {
            float[] floats = new float[count];
            in.asFloatBuffer().get(floats);
            in.position(in.position() + 4 * count);
            return floats;
        }
        if (type == 4 || type == 5) {
            int[] ints = new int[count];
            in.asIntBuffer().get(ints);
            in.position(in.position() + 4 * count);
            return ints;
        }
        if (type == 0 || type == 1) {
            int[] ints = new int[count];
            for (int i = 0; i < count; i++) {
                ints[i] = in.get();
            }
            return ints;
        }
        Object[] rest = new Object[count];
        for (int i = 0; i < count; i++) {
            rest[i] = value(in, type);
        }
        return List.of(rest);
    }

    @Override
    public Path path() { return path; }

    @Override
    public boolean has(String key) { return values.containsKey(key); }

    @Override
    public String string(String key) { return (String) values.get(key); }

    @Override
    public long integer(String key) { return (Long) values.get(key); }

    @Override
    public boolean flag(String key) { return (Boolean) values.get(key); }

    @Override
    public TextTable texts(String key) { return (TextTable) values.get(key); }

    @Override
    public int[] integers(String key) { return (int[]) values.get(key); }

    @Override
    public float[] floats(String key) { return (float[]) values.get(key); }
}
