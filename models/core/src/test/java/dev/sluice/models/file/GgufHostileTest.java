package dev.sluice.models.file;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.UnsupportedModelException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: every rule that a GGUF file can break has its own message, with path, byte and reason.
/// Method: one file per rule, that breaks only this one.
class GgufHostileTest {
    private static final int F32 = 0;
    private static final GgufType ARRAY = GgufType.ARRAY;

    @TempDir
    Path folder;

    @Test
    void whatIsNotGguf() {
        assertRefused("byte 0: not a GGUF file: begins with '<!DO'",
                "<!DOCTYPE html><html></html>".getBytes(StandardCharsets.UTF_8));
        assertRefused("not a GGUF file: begins with bytes 00 01 02 03", new byte[] {0, 1, 2, 3, 4});
        assertRefused("not a GGUF file: only 3 bytes", "GGU".getBytes(StandardCharsets.UTF_8));
        assertRefused("not a GGUF file: only 0 bytes", new byte[0]);
        assertRefused("version needs 4 bytes, 0 remain: the file is truncated",
                "GGUF".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void versionsAndByteOrder() {
        assertRefused("byte 4: GGUF version 1; versions 2 and 3 are read",
                new GgufWriter(1).bytes());
        assertRefused("GGUF version 4", new GgufWriter(4).bytes());
        assertRefused("GGUF version 0", new GgufWriter(0).bytes());
        assertRefused("byte 4: a big-endian GGUF file", new GgufWriter(3 << 24).bytes());
    }

    @Test
    void countsThatTheFileCanNotHold() {
        assertRefused("byte 8: tensor count is 9223372036854775807", patched(8, Long.MAX_VALUE));
        assertRefused("tensor count is 18446744073709551615", patched(8, -1));
        assertRefused("byte 16: metadata count is 1000000", patched(16, 1_000_000));
        assertRefused("byte 24: a metadata key of 65536 bytes", patched(24, 65_536));
        assertRefused("metadata key needs 60000 bytes", patched(24, 60_000));
    }

    @Test
    void metadataRules() {
        assertRefused("an empty metadata key", new GgufWriter(3).u32("", 1).bytes());
        assertRefused("metadata key 'a': the key is there twice",
                new GgufWriter(3).u32("a", 1).u32("a", 2).bytes());
        assertRefused("metadata key 'b': a bool of 0 or 1 holds the byte 2",
                new GgufWriter(3).raw("b", GgufType.BOOL, new byte[] {2}).bytes());
        byte[] nested = new byte[24];
        nested[0] = (byte) GgufType.ARRAY.ordinal();
        assertRefused("metadata key 'n': an array of arrays",
                new GgufWriter(3).raw("n", GgufType.ARRAY, nested).bytes());
        byte[] unknown = new GgufWriter(3).u32("k", 1).bytes();
        unknown[24 + 8 + 1] = 13;
        assertRefused("metadata key 'k': unknown value type 13", unknown);
        byte[] many = new byte[12];
        many[0] = (byte) GgufType.U32.ordinal();
        many[4 + 7] = 0x40;
        assertRefused("metadata key 'a': 4611686018427387904 elements of U32",
                new GgufWriter(3).raw("a", GgufType.ARRAY, many).bytes());
        assertRefused("string 1 has 200 bytes", new GgufWriter(3).raw("a", ARRAY, new byte[] {
            8, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte) 200, 0, 0, 0, 0, 0,
            0, 0}).bytes());
        byte[] oneOfHundredBytes = {100, 0, 0, 0, 0, 0, 0, 0, 'x'};
        // The last value of a file without tensors: nothing after it would notice the end.
        assertRefused("string 0 has 100 bytes; at most 16777216 are allowed, 1 remain",
                new GgufWriter(3).raw("s", GgufType.STRING, oneOfHundredBytes)
                        .cutToHeader());
        assertRefused("metadata key is not UTF-8", replaced(
                new GgufWriter(3).u32("abc", 1).bytes(), 32, (byte) 0xFF));
    }

    @Test
    void alignmentRules() {
        assertRefused("general.alignment is 24, not a power of two",
                new GgufWriter(3).u32("general.alignment", 24).bytes());
        assertRefused("general.alignment is 0",
                new GgufWriter(3).u32("general.alignment", 0).bytes());
        assertRefused("general.alignment is 2097152",
                new GgufWriter(3).u32("general.alignment", 2 << 20).bytes());
        assertRefused("expected U32, got U64",
                new GgufWriter(3).scalar("general.alignment", GgufType.U64, 32).bytes());
    }

    @Test
    void tensorRules() {
        byte[] four = new byte[4];
        assertRefused("tensor 't': at data offset 4, not a multiple of the alignment 32",
                new GgufWriter(3).tensorAt("t", F32, new long[] {1}, four, 4).bytes());
        assertRefused("tensors 'a' and 'b' overlap", new GgufWriter(3)
                .tensorAt("a", F32, new long[] {16}, new byte[64], 0)
                .tensorAt("b", F32, new long[] {8}, new byte[32], 32).bytes());
        assertRefused("tensor 't' needs 4000 bytes at data offset 0, the data has 32",
                new GgufWriter(3).tensorAt("t", F32, new long[] {1000}, four, 0).bytes());
        assertRefused("tensor 't': the name is there twice", new GgufWriter(3)
                .tensor("t", new long[] {1}, 1).tensor("t", new long[] {1}, 2).bytes());
        assertRefused("a tensor name of 64 bytes, at most 63 are allowed",
                new GgufWriter(3).tensor("n".repeat(64), new long[] {1}, 1).bytes());
        assertRefused("tensor 't': 5 dimensions, at most 4 are allowed",
                new GgufWriter(3).tensor("t", new long[] {1, 1, 1, 1, 1}, 1).bytes());
        for (int removed : new int[] {4, 5, 31, 33, 36, 38, 43, -1}) {
            assertRefused("tensor 't': unknown type " + Integer.toUnsignedString(removed),
                    new GgufWriter(3).tensorAt("t", removed, new long[] {1}, four, 0).bytes());
        }
        assertRefused("rows of 16 elements are not whole blocks of 32 (Q4_0)", new GgufWriter(3)
                .tensor("t", TensorType.Q4_0, new long[] {16, 2}, new byte[18]).bytes());
        assertRefused("larger than 2^63 bytes", new GgufWriter(3)
                .tensorAt("t", F32, new long[] {1L << 32, 1L << 32}, four, 0).bytes());
        assertRefused("larger than 2^63 bytes", new GgufWriter(3)
                .tensorAt("t", F32, new long[] {1L << 62}, four, 0).bytes());
        assertRefused("offset is 18446744073709551584", new GgufWriter(3)
                .tensorAt("t", F32, new long[] {1}, four, 0).bytes(), -32L);
    }

    @Test
    void aTensorWithoutElementsIsNoMatrix() {
        Path path = new GgufWriter(3).tensor("t", new long[] {0, 4})
                .write(folder.resolve("m.gguf"));
        try (GgufFile file = GgufFile.open(path)) {
            String message = assertThrows(MalformedModelException.class,
                    () -> file.tensor("t").matrix()).getMessage();
            assertTrue(message.contains("tensor 't' [0, 4] has no elements"), message);
        }
    }

    @Test
    void typesThatCanNotBeMultiplied() {
        Path path = new GgufWriter(3).tensor("t", TensorType.IQ2_XS, new long[] {256}, new byte[74])
                .write(folder.resolve("m.gguf"));
        try (GgufFile file = GgufFile.open(path)) {
            String message = assertThrows(UnsupportedModelException.class,
                    () -> file.tensor("t").matrix()).getMessage();
            assertTrue(message.contains("tensor 't' has type IQ2_XS; types that can be multiplied: "
                    + "F32, F16, BF16, Q8_0"), message);
        }
    }

    @Test
    void filesThatAreNoModel() {
        for (String type : List.of("adapter", "imatrix", "mmproj")) {
            Path path = new GgufWriter(3).string("general.type", type)
                    .write(folder.resolve("m.gguf"));
            String message = assertThrows(UnsupportedModelException.class,
                    () -> GgufFile.open(path)).getMessage();
            assertTrue(message.contains("(general.type = " + type + "), not a model"), message);
        }
        GgufFile.open(GgufWriter.model("llama").write(folder.resolve("vocab.gguf"))).close();
    }

    /// A cut between mapping and reading would fault the JVM if sizes were not compared first.
    @Test
    void aFileCutAfterMapping() throws IOException {
        Path path = GgufWriter.model("llama").tensor("t", new long[] {1 << 16}, new float[1 << 16])
                .write(folder.resolve("m.gguf"));
        try (Arena arena = Arena.ofShared(); MappedFile mapped = MappedFile.open(path, arena)) {
            try (var file = new RandomAccessFile(path.toFile(), "rw")) {
                file.setLength(0);
            }
            String message = assertThrows(MalformedModelException.class,
                    () -> GgufHeader.read(mapped)).getMessage();
            assertTrue(message.contains("the file was cut from"), message);
        }
    }

    @Test
    void messagesStayShortAndPrintable() {
        byte[] bytes = new GgufWriter(3).u32("\u001b[31m" + "k".repeat(60_000), 1)
                .u32("\u001b[31m" + "k".repeat(60_000), 1).bytes();
        String message = refused(bytes);
        assertTrue(message.length() < 400 && message.indexOf('\u001b') < 0, message);
    }

    private static byte[] patched(int at, long value) {
        return patched(GgufWriter.model("llama").tensor("t", new long[] {1}, 1).bytes(), at, value);
    }

    private static byte[] patched(byte[] bytes, int at, long value) {
        for (int i = 0; i < 8; i++) {
            bytes[at + i] = (byte) (value >> 8 * i);
        }
        return bytes;
    }

    private static byte[] replaced(byte[] bytes, int at, byte value) {
        byte[] copy = Arrays.copyOf(bytes, bytes.length);
        copy[at] = value;
        return copy;
    }

    /// As below, with the offset of the only tensor of a file without metadata replaced.
    private void assertRefused(String part, byte[] bytes, long offset) {
        assertRefused(part, patched(bytes, 24 + 8 + 1 + 4 + 8 + 4, offset));
    }

    private void assertRefused(String part, byte[] bytes) {
        String message = refused(bytes);
        assertTrue(message.contains(part), message);
    }

    private String refused(byte[] bytes) {
        try {
            Path path = Files.write(folder.resolve("hostile.gguf"), bytes);
            String message = assertThrows(MalformedModelException.class,
                    () -> GgufFile.open(path)).getMessage();
            assertTrue(message.startsWith(path.toString()), message);
            return message;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
