package dev.sluice.models.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.UnsupportedModelException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: whatever the bytes of a model file, only [MalformedModelException] or
/// [UnsupportedModelException] comes out, and an open never allocates what a file merely claims.
/// Method: a valid file, cut at every byte of its header and at its end, every header byte replaced
/// by several values, and random mutations of several bytes whose seed is printed on failure. After
/// each open that succeeds, everything that a caller could touch is touched.
class HostileBytesTest {
    /// Opening these files, each under 3 KB, allocates less than 200 KB, most of it the buffers of
    /// the JSON parser. Only a claim that is believed costs more.
    private static final long ALLOCATED_BYTES_MAX = 256 << 10;
    /// Asking each of 20 keys for every type makes up to 100 exceptions of 3 KB.
    private static final long TOUCHED_BYTES_MAX = 1 << 20;
    private static final int RANDOM_MUTATIONS = 1_000;

    @TempDir
    Path folder;

    private long opens;
    private long accepted;
    private long allocatedMost;
    private long touchedMost;
    private boolean warm;

    @Test
    void ggufVersion2() throws IOException {
        Path file = model(2).write(folder.resolve("m.gguf"));
        attack(file, file, model(2).headerBytes());
    }

    @Test
    void ggufVersion3() throws IOException {
        Path file = model(3).write(folder.resolve("m.gguf"));
        attack(file, file, model(3).headerBytes());
    }

    @Test
    void ggufSplit() throws IOException {
        List<Path> parts = GgufWriter.model("llama").tensor("a", new long[] {2}, 1, 2)
                .tensor("b", new long[] {1}, 3).tensor("c", new long[] {1}, 4)
                .writeSplit(folder, "m", 3);
        int dataBytes = 32;     // One small tensor in each part, padded.
        for (Path part : parts.subList(0, 2)) {
            attack(parts.getFirst(), part, (int) Files.size(part) - dataBytes);
        }
    }

    @Test
    void safetensorsSingle() throws IOException {
        Files.writeString(folder.resolve("config.json"), "{\"model_type\":\"llama\"}");
        SafetensorsWriter writer = weights("a").tensor("fp8", "F8_E4M3", List.of(4L), new byte[4])
                .tensor("scalar", "I64", List.of(), new byte[8]);
        Path file = writer.write(folder.resolve("model.safetensors"));
        attack(folder, file, writer.headerBytes());
    }

    @Test
    void safetensorsShards() throws IOException {
        Path config = Files.writeString(folder.resolve("config.json"),
                "{\"model_type\":\"llama\"}");
        SafetensorsWriter first = weights("a");
        Path one = first.write(folder.resolve("one.safetensors"));
        weights("b").write(folder.resolve("two.safetensors"));
        Path index = Files.writeString(folder.resolve("model.safetensors.index.json"),
                "{\"metadata\":{\"total_size\":48},\"weight_map\":{\"a\":\"one.safetensors\","
                        + "\"b\":\"two.safetensors\"}}");
        attack(folder, one, first.headerBytes());
        attack(folder, index, (int) Files.size(index));
        attack(folder, config, (int) Files.size(config));
    }

    private static GgufWriter model(int version) {
        return new GgufWriter(version).string("general.architecture", "llama")
                .u32("llama.block_count", 2).f32("eps", 1e-5f).f64("base", 10000).bool("flag", true)
                .scalar("u64", GgufType.U64, 5).scalar("i8", GgufType.I8, -1)
                .strings("tokens", List.of("a", "bc", "", "\u00e9")).floats("scores", 1, 2)
                .integers("types", GgufType.I32, 1, 2, 3).integers("pattern", GgufType.BOOL, 0, 1)
                .alignment(64)
                .tensor("embd", new long[] {4, 3}, new float[12])
                .tensor("quant", TensorType.Q4_0, new long[] {32, 2, 2}, new byte[72])
                .tensor("odd", TensorType.IQ2_XS, new long[] {256}, new byte[74]);
    }

    private static SafetensorsWriter weights(String name) {
        return new SafetensorsWriter()
                .tensor(name, "F32", List.of(2L, 3L), new byte[24])
                .tensor(name + ".half", "F16", List.of(3L), new byte[6]);
    }

    /// Opens `model` once for every mutation of `file`, whose first `headerBytes` are its header.
    private void attack(Path model, Path file, int headerBytes) throws IOException {
        byte[] sound = Files.readAllBytes(file);
        opens = 0;
        accepted = 0;
        warm = false;           // The first opens also load classes.
        for (int i = 0; i < 50; i++) {
            open(model, "warm-up");
        }
        assertEquals(50, accepted, "the untouched file opens");
        warm = true;
        allocatedMost = 0;
        touchedMost = 0;
        for (int length = 0; length <= headerBytes; length++) {
            write(file, Arrays.copyOf(sound, length));
            open(model, "cut to %d bytes".formatted(length));
        }
        write(file, Arrays.copyOf(sound, sound.length - 1));
        open(model, "cut by one byte");
        for (int at = 0; at < headerBytes; at++) {
            for (byte value : replacements(sound[at])) {
                byte[] bytes = sound.clone();
                bytes[at] = value;
                write(file, bytes);
                open(model, "byte %d as %d".formatted(at, value & 0xFF));
            }
        }
        long seed = System.nanoTime();
        var random = new Random(seed);
        for (int i = 0; i < RANDOM_MUTATIONS; i++) {
            write(file, mutated(sound, headerBytes, random));
            open(model, "seed %d, mutation %d".formatted(seed, i));
        }
        write(file, sound);
        System.out.printf("%s: %d opens, %d accepted, at most %d bytes to open, %d to read%n",
                file.getFileName(), opens, accepted, allocatedMost, touchedMost);
    }

    private static List<Byte> replacements(byte sound) {
        var values = new ArrayList<Byte>();
        for (int value : new int[] {0, 0xFF, sound ^ 1, sound ^ 0x10, sound ^ 0x80, sound + 1}) {
            if ((byte) value != sound && !values.contains((byte) value)) {
                values.add((byte) value);
            }
        }
        return values;
    }

    /// One to eight bytes replaced, sometimes eight together by a length-like value; sometimes
    /// bytes removed.
    private static byte[] mutated(byte[] sound, int headerBytes, Random random) {
        byte[] bytes = sound.clone();
        int changes = 1 + random.nextInt(8);
        for (int i = 0; i < changes; i++) {
            int at = random.nextInt(headerBytes);
            int kind = random.nextInt(3);
            if (kind == 0) {
                bytes[at] = (byte) random.nextInt();
            } else if (kind == 1) {
                bytes[at] = bytes[random.nextInt(headerBytes)];
            } else {
                long word = random.nextLong() >> random.nextInt(64);
                for (int j = 0; j < 8 && at + j < headerBytes; j++) {
                    bytes[at + j] = (byte) (word >> 8 * j);
                }
            }
        }
        if (random.nextInt(8) > 0) {
            return bytes;
        }
        int from = random.nextInt(headerBytes);
        int to = from + random.nextInt(bytes.length - from);
        byte[] shorter = Arrays.copyOf(bytes, bytes.length - (to - from));
        System.arraycopy(bytes, to, shorter, from, bytes.length - to);
        return shorter;
    }

    private void open(Path model, String what) {
        opens++;
        long before = AllocationMeter.bytes();
        try (TensorFile file = ModelPath.open(model)) {
            allocatedMost = Math.max(allocatedMost, AllocationMeter.bytes() - before);
            before = AllocationMeter.bytes();
            touch(file);
            touchedMost = Math.max(touchedMost, AllocationMeter.bytes() - before);
            accepted++;
        } catch (MalformedModelException | UnsupportedModelException e) {
            allocatedMost = Math.max(allocatedMost, AllocationMeter.bytes() - before);
            assertTrue(e.getMessage().length() < 1000, what);
        } catch (RuntimeException | Error e) {
            throw new AssertionError(what, e);
        }
        assertTrue(!warm || allocatedMost < ALLOCATED_BYTES_MAX,
                what + ": opening allocated " + allocatedMost + " bytes");
        assertTrue(!warm || touchedMost < TOUCHED_BYTES_MAX,
                what + ": reading allocated " + touchedMost + " bytes");
    }

    private static void touch(TensorFile file) {
        for (FileTensor tensor : file.tensors()) {
            MemorySegment bytes = tensor.bytes();
            if (bytes.byteSize() > 0) {
                bytes.get(ValueLayout.JAVA_BYTE, 0);
                bytes.get(ValueLayout.JAVA_BYTE, bytes.byteSize() - 1);
            }
            refusable(tensor::matrix);
            refusable(() -> file.tensor(tensor.name()).toString());
        }
        switch (file) {
            case GgufFile gguf -> touch(gguf.metadata());
            case SafetensorsFolder folder -> folder.config().size();
            case ModelGraph graph -> graph.notes().size();
        }
    }

    private static void touch(GgufMetadata metadata) {
        for (String key : metadata.keys()) {
            List<Runnable> reads = metadata.type(key) == GgufType.ARRAY
                    ? List.of(() -> metadata.strings(key), () -> metadata.integers(key),
                            () -> metadata.reals(key), () -> metadata.booleans(key),
                            () -> metadata.perLayer(key, 2), () -> metadata.preview(key, 40))
                    : List.of(() -> metadata.string(key), () -> metadata.integer(key),
                            () -> metadata.wideInteger(key), () -> metadata.real(key),
                            () -> metadata.bool(key), () -> metadata.preview(key, 40));
            reads.forEach(HostileBytesTest::refusable);
        }
    }

    private static void refusable(Runnable read) {
        try {
            read.run();
        } catch (MalformedModelException | UnsupportedModelException _) {
            // The two that may come out.
        }
    }

    private static void write(Path file, byte[] bytes) throws IOException {
        Files.write(file, bytes);
    }
}
