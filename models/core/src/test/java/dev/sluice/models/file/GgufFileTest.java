package dev.sluice.models.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.MalformedModelException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Goal: what a GGUF file holds is what a reader sees. Method: files written here, whose every
/// value is known, and one golden model written by another program.
class GgufFileTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void tensorsAreViewsOfTheirBytes(int version) {
        Path path = new GgufWriter(version).string("general.architecture", "llama")
                .tensor("a", new long[] {3, 2}, 1, 2, 3, 4, 5, 6)
                .tensor("q", TensorType.Q8_0, new long[] {32, 2, 2}, new byte[4 * 34])
                .tensor("b", new long[] {1}, 7)
                .write(folder.resolve("m.gguf"));
        try (GgufFile file = GgufFile.open(path)) {
            assertEquals(version, file.version());
            assertEquals(List.of("a", "q", "b"),
                    file.tensors().stream().map(FileTensor::name).toList());
            Matrix a = file.tensor("a").matrix();
            assertEquals(2, a.rows());
            assertEquals(3, a.cols());
            assertEquals(6f, a.f32(1, 2));
            assertEquals(7f, file.tensor("b").matrix().f32(0, 0));
            Matrix q = file.tensor("q").matrix();
            assertEquals(DType.Q8_0, q.dtype());
            assertEquals(4, q.rows());
            assertEquals(4 * 34, file.tensor("q").byteSize());
            assertEquals(0, file.tensor("b").byteOffset() % 32);
            assertTrue(file.has("a"));
            assertFalse(file.has("c"));
            assertMessage("no tensor 'c'", () -> file.tensor("c"));
        }
    }

    @Test
    void metadataHasTypesAndOrder() {
        Path path = GgufWriter.model("llama").u32("layers", 7)
                .scalar("wide", GgufType.U64, 1L << 40).scalar("negative", GgufType.I16, -5)
                .f32("eps", 1e-5f).f64("base", 10000.0)
                .bool("flag", true)
                .strings("tokens", List.of("a", "", "\u00e9\uD83D\uDE00", "\uFFFD"))
                .integers("types", GgufType.I32, 1, -2, 3).integers("map", GgufType.U8, 0, 255)
                .floats("scores", 0.5f, -1f).integers("pattern", GgufType.BOOL, 1, 0)
                .integers("heads", GgufType.U32, 4, 8)
                .write(folder.resolve("m.gguf"));
        try (GgufFile file = GgufFile.open(path)) {
            GgufMetadata m = file.metadata();
            assertEquals(List.of("general.architecture", "layers", "wide", "negative", "eps",
                    "base", "flag", "tokens", "types", "map", "scores", "pattern", "heads"),
                    m.keys());
            assertEquals("llama", m.string("general.architecture"));
            assertEquals("no", m.string("absent", "no"));
            assertEquals(7, m.integer("layers"));
            assertEquals(1L << 40, m.wideInteger("wide"));
            assertEquals(-5, m.integer("negative"));
            assertEquals(9, m.integer("absent", 9));
            assertEquals(1e-5f, m.real("eps"));
            assertEquals(10000f, m.real("base"));
            assertEquals(2f, m.real("absent", 2f));
            assertTrue(m.bool("flag"));
            assertTrue(m.bool("absent", true));
            assertEquals(List.of("a", "", "\u00e9\uD83D\uDE00", "\uFFFD"), m.strings("tokens"));
            assertArrayEquals(new int[] {1, -2, 3}, m.integers("types"));
            assertArrayEquals(new int[] {0, 255}, m.integers("map"));
            assertArrayEquals(new float[] {0.5f, -1f}, m.reals("scores"));
            assertArrayEquals(new float[] {1, -2, 3}, m.reals("types"));
            assertArrayEquals(new boolean[] {true, false}, m.booleans("pattern"));
            assertArrayEquals(new int[] {4, 8}, m.perLayer("heads", 2));
            assertArrayEquals(new int[] {7, 7, 7}, m.perLayer("layers", 3));
            assertArrayEquals(new int[] {1, 1}, m.perLayer("absent", 2, 1));
            assertEquals("[4 x STRING]", m.preview("tokens", 60));
            assertEquals("[1, -2, 3]", m.preview("types", 60));
            assertEquals("lla...", m.preview("general.architecture", 3));
            assertEquals(4, m.count("tokens"));
            assertEquals(GgufType.ARRAY, m.type("tokens"));
        }
    }

    @Test
    void aWrongTypeNamesKeyExpectedAndGot() {
        Path path = GgufWriter.model("llama").u32("u", 1).f32("nan", Float.NaN)
                .scalar("wide", GgufType.U64, 1L << 40).scalar("huge", GgufType.U64, -1)
                .integers("two", GgufType.U32, 1, 2).integers("bools", GgufType.BOOL, 1, 2)
                .raw("bad", GgufType.STRING, new byte[] {1, 0, 0, 0, 0, 0, 0, 0, (byte) 0xC3})
                .write(folder.resolve("m.gguf"));
        try (GgufFile file = GgufFile.open(path)) {
            GgufMetadata m = file.metadata();
            assertMessage("no metadata key 'x'", () -> m.string("x"));
            assertMessage("'u': expected a string, got U32", () -> m.string("u"));
            assertMessage("'general.architecture': expected an integer, got STRING",
                    () -> m.integer("general.architecture"));
            assertMessage("'u': expected a float, got U32", () -> m.real("u"));
            assertMessage("'u': expected a bool, got U32", () -> m.bool("u"));
            assertMessage("'nan': expected a number, got NaN", () -> m.real("nan"));
            assertMessage("'wide': expected an integer of 32 bits", () -> m.integer("wide"));
            assertMessage("18446744073709551615", () -> m.wideInteger("huge"));
            assertMessage("'two': expected an array of strings, got [2 x U32]",
                    () -> m.strings("two"));
            assertMessage("'two': expected an integer, got [2 x U32]", () -> m.integer("two"));
            assertMessage("each of 3 layers, got 2 elements", () -> m.perLayer("two", 3));
            assertMessage("expected a bool of 0 or 1, got the byte 2", () -> m.booleans("bools"));
            assertMessage("the value of bad is not UTF-8", () -> m.string("bad"));
            String message = assertThrows(MalformedModelException.class, () -> m.string("u"))
                    .getMessage();
            assertTrue(message.startsWith(path + ", byte "), message);
        }
    }

    @Test
    void splitModelsAreOneModel() {
        List<Path> parts = threeTensors().writeSplit(folder, "big", 3);
        try (GgufFile file = GgufFile.open(parts.getFirst())) {
            assertEquals(3, file.parts());
            assertEquals(2f, file.tensor("t1").matrix().f32(0, 0));
            assertEquals(3f, file.tensor("t2").matrix().f32(0, 0));
            assertEquals(parts.get(2), file.tensor("t2").file());
            assertEquals("llama", file.metadata().string("general.architecture"));
        }
    }

    @Test
    void brokenSplitsAreRefused() throws IOException {
        List<Path> parts = threeTensors().writeSplit(folder, "big", 3);
        assertMessage("part 2 of a split model; open the first: big-00001-of-00003.gguf",
                () -> GgufFile.open(parts.get(1)));
        Path renamed = Files.copy(parts.get(0), folder.resolve("renamed.gguf"));
        assertMessage("not named NAME-00001-of-00003.gguf", () -> GgufFile.open(renamed));
        byte[] second = Files.readAllBytes(parts.get(1));
        Files.copy(parts.get(2), parts.get(1),
                StandardCopyOption.REPLACE_EXISTING);
        assertMessage("split.no: expected 1, got 2", () -> GgufFile.open(parts.getFirst()));
        Files.delete(parts.get(1));
        assertMessage("part 2 of 3 is missing", () -> GgufFile.open(parts.getFirst()));
        Files.write(parts.get(1), second);
        GgufFile.open(parts.getFirst()).close();
        new GgufWriter(3).scalar("split.no", GgufType.U16, 1).tensor("t0", new long[] {1}, 5)
                .write(parts.get(1));
        assertMessage("'t0' is also in big-00001-of-00003.gguf",
                () -> GgufFile.open(parts.getFirst()));
        new GgufWriter(3).scalar("split.no", GgufType.U16, 1).write(parts.get(1));
        assertMessage("split.tensors.count: expected 3, the 3 parts have 2",
                () -> GgufFile.open(parts.getFirst()));
    }

    /// The data of the second tensor begins beyond 2^31 bytes; the file is sparse.
    @Test
    void filesAboveTwoGibibytesOpen() throws IOException {
        long far = 3L << 30;
        Path path = GgufWriter.model("llama")
                .tensor("near", new long[] {1}, 1)
                .tensorAt("far", 0, new long[] {2}, new byte[0], far)
                .write(folder.resolve("m.gguf"));
        long dataStart;
        try (var file = new RandomAccessFile(path.toFile(), "rw")) {
            dataStart = file.length() - 32;
            file.setLength(dataStart + far + 8);
            file.seek(dataStart + far + 4);
            file.write(new byte[] {0, 0, (byte) 0x80, 0x3F});
        }
        try (GgufFile file = GgufFile.open(path)) {
            assertEquals(dataStart + far, file.tensor("far").byteOffset());
            assertEquals(1f, file.tensor("far").matrix().f32(0, 1));
        }
    }

    @Test
    void aLargeVocabularyIsDecodedOnDemand() {
        var tokens = new ArrayList<String>();
        for (int i = 0; i < 150_000; i++) {
            tokens.add("token" + i);
        }
        Path path = GgufWriter.model("llama").strings("tokens", tokens).u32("after", 1)
                .write(folder.resolve("m.gguf"));
        long before = AllocationMeter.bytes();
        try (GgufFile file = GgufFile.open(path)) {
            assertEquals(1, file.metadata().integer("after"));
            long opened = AllocationMeter.bytes() - before;
            assertTrue(opened < 1 << 20, "opening allocated " + opened + " bytes");
            assertEquals(tokens, file.metadata().strings("tokens"));
        }
    }

    @Test
    void aGoldenModelOpens() {
        try (GgufFile file = GgufFile.open(Goldens.file("llama/model-f32.gguf"))) {
            assertEquals("llama", file.metadata().string("general.architecture"));
            assertEquals(512, file.metadata().strings("tokenizer.ggml.tokens").size());
            assertArrayEquals(new long[] {64, 512}, file.tensor("token_embd.weight").dims());
            assertEquals(21, file.tensors().size());
        }
    }

    private static GgufWriter threeTensors() {
        return GgufWriter.model("llama").tensor("t0", new long[] {1}, 1)
                .tensor("t1", new long[] {1}, 2).tensor("t2", new long[] {1}, 3);
    }

    private static void assertMessage(String part, Executable call) {
        String message = assertThrows(MalformedModelException.class, call).getMessage();
        assertTrue(message.contains(part), message);
    }
}
