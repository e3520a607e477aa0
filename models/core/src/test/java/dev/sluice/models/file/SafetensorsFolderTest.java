package dev.sluice.models.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.UnsupportedModelException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: a folder's tensors and configuration are seen as written, and each rule of the format that
/// a file can break has its own message. Method: files written here, and one golden folder.
class SafetensorsFolderTest {
    @TempDir
    Path folder;

    @BeforeEach
    void config() {
        text("config.json", "{\"model_type\": \"llama\", \"hidden_size\": 64}");
    }

    @Test
    void aSingleFile() {
        new SafetensorsWriter()
                .tensor("w", "F32", List.of(2L, 3L), floats(1, 2, 3, 4, 5, 6))
                .tensor("fp8", "F8_E4M3", List.of(4L), new byte[4])
                .tensor("scalar", "BF16", List.of(), new byte[2])
                .write(folder.resolve("model.safetensors"));
        text("tokenizer.json", "{}");
        try (SafetensorsFolder model = SafetensorsFolder.open(folder)) {
            FileTensor w = model.tensor("w");
            assertArrayEquals(new long[] {3, 2}, w.dims());
            assertEquals(2, w.matrix().rows());
            assertEquals(4f, w.matrix().f32(1, 0));
            assertEquals(0, model.tensor("scalar").rank());
            assertEquals(1, model.tensor("scalar").matrix().cols());
            assertEquals(4, model.tensor("fp8").bytes().byteSize());
            String message = assertThrows(UnsupportedModelException.class,
                    () -> model.tensor("fp8").matrix()).getMessage();
            assertTrue(message.contains("tensor 'fp8' has type F8_E4M3"), message);
            assertEquals(64L, model.config().get("hidden_size"));
            assertEquals(Map.of(), model.generationConfig());
            assertTrue(model.tokenizerJson().isPresent());
            assertTrue(model.chatTemplate().isEmpty());
            assertThrows(MalformedModelException.class, () -> model.tensor("absent"));
        }
    }

    @Test
    void shards() {
        writeShards();
        try (SafetensorsFolder model = SafetensorsFolder.open(folder)) {
            assertEquals(List.of("a", "b", "c"),
                    model.tensors().stream().map(FileTensor::name).toList());
            assertEquals(3f, model.tensor("c").matrix().f32(0, 0));
            assertEquals("two.safetensors", model.tensor("c").file().getFileName().toString());
        }
    }

    @Test
    void brokenIndexes() {
        writeShards();
        for (String name : List.of("../two.safetensors", "/two.safetensors", "a/../two.safetensors",
                "..", "", "two", "C:two.safetensors", "x\\\\two.safetensors",
                "t\\u0000.safetensors")) {
            text("model.safetensors.index.json",
                    "{\"weight_map\": {\"a\": \"%s\"}}".formatted(name));
            assertRefused("which is not a plain .safetensors file name");
        }
        text("model.safetensors.index.json", "{\"weight_map\": {\"a\": 1}}");
        assertRefused("which is not a plain .safetensors file name");
        text("model.safetensors.index.json", "{\"weight_map\": {\"a\": \"three.safetensors\"}}");
        assertRefused("three.safetensors: no such file");
        text("model.safetensors.index.json", "{\"weight_map\": {\"z\": \"two.safetensors\"}}");
        assertRefused("'two.safetensors' has no tensor 'z'");
        text("model.safetensors.index.json", "{\"weight_map\": {\"a\": \"one.safetensors\","
                + "\"b\": \"two.safetensors\"}}");
        assertRefused("'two.safetensors' has no tensor 'b'");
        text("model.safetensors.index.json", "{\"metadata\": {}}");
        assertRefused("no object weight_map");
        text("model.safetensors.index.json", "{\"weight_map\": {\"a\": \"one.safetensors\","
                + "\"a\": \"two.safetensors\"}}");
        assertRefused("not JSON: Duplicate field 'a'");
    }

    @Test
    void headerLengths() {
        bytes(new byte[7]);
        assertRefused("not a safetensors file: only 7 bytes");
        bytes(new byte[16]);
        assertRefused("byte 0: header of 0 bytes, expected 2 to 8");
        bytes(new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, '{', '}'});
        assertRefused("header of 18446744073709551615 bytes, expected 2 to 2");
        bytes(new byte[] {3, 0, 0, 0, 0, 0, 0, 0, '{', '}'});
        assertRefused("header of 3 bytes, expected 2 to 2");
        bytes(SafetensorsWriter.bytes("[1]", new byte[0]));
        assertRefused("byte 8: not a safetensors file: the header begins with '['");
        bytes(SafetensorsWriter.bytes("{\"a\"", new byte[0]));
        assertRefused("not JSON");
        header("{}   ", 0);
        SafetensorsFolder.open(folder).close();
    }

    @Test
    void entryRules() {
        entry("\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]", 4,
                "tensor 'a' has unknown dtype 'F31'");
        entry("\"dtype\":\"Q4_0\",\"shape\":[32],\"data_offsets\":[0,18]", 18,
                "unknown dtype 'Q4_0'");
        entry("\"shape\":[1],\"data_offsets\":[0,4]", 4, "expected a dtype, got 'null'");
        entry("\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]", 4,
                "expected shape of integers from 0, got '-1'");
        entry("\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]", 4, "shape of integers");
        entry("\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]", 4,
                "expected shape as an array");
        entry("\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,4]", 4,
                "shape of integers");
        entry("\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,4]", 4,
                "larger than 2^63 bytes");
        entry("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]", 4,
                "F32 [2] needs 8 bytes, data_offsets give 4");
        entry("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]", 4, "data_offsets [4, 0]");
        entry("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]", 4,
                "data_offsets [0, 4, 8]");
        entry("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]", 4, "the data has 4 bytes");
        entry("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]", 8,
                "begins at data byte 4, expected 0: a gap");
        entry("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]", 8,
                "the tensors end here, the file has 4 bytes more");
        entry("\"dtype\":\"F4\",\"shape\":[1],\"data_offsets\":[0,1]", 1, "not whole blocks of 2");
        header("{\"a\":1}", 0);
        assertRefused("tensor 'a': expected an object, got '1'");
        header("{\"__metadata__\":{\"a\":1}}", 0);
        assertRefused("__metadata__ is not an object of strings");
        header("{\"a\":{},\"a\":{}}", 0);
        assertRefused("Duplicate field");
        header("{\"a\":" + "[".repeat(300) + "]".repeat(300) + "}", 0);
        assertRefused("not JSON");
    }

    @Test
    void overlaps() {
        header("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
                + "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}", 6);
        assertRefused("tensor 'b' begins at data byte 2, expected 4: an overlap");
    }

    @Test
    void missingFiles() throws IOException {
        assertRefused("a folder without model.safetensors or model.safetensors.index.json");
        new SafetensorsWriter().write(folder.resolve("model.safetensors"));
        text("config.json", "[]");
        assertRefused("JSON that is not an object");
        // Begins as UTF-32 in an odd byte order, which the JSON library refuses in its own way.
        Files.write(folder.resolve("config.json"), new byte[] {0, 0, '{', 0, '}', 0, 0, 0});
        assertRefused("not JSON");
        Files.delete(folder.resolve("config.json"));
        assertRefused("no config.json beside the weights");
    }

    @Test
    void aGoldenFolderOpens() {
        try (SafetensorsFolder model = SafetensorsFolder.open(Goldens.file("llama/hf"))) {
            assertEquals("llama", model.config().get("model_type"));
            assertArrayEquals(new long[] {64, 512},
                    model.tensor("model.embed_tokens.weight").dims());
            assertTrue(model.chatTemplate().isPresent());
            assertTrue(model.tokenizerConfig().containsKey("bos_token"));
        }
    }

    private void writeShards() {
        new SafetensorsWriter().tensor("a", "F32", List.of(1L), floats(1))
                .tensor("b", "F32", List.of(1L), floats(2))
                .write(folder.resolve("one.safetensors"));
        new SafetensorsWriter().tensor("c", "F32", List.of(1L), floats(3))
                .write(folder.resolve("two.safetensors"));
        text("model.safetensors.index.json", "{\"metadata\": {\"total_size\": 12}, \"weight_map\": "
                + "{\"a\": \"one.safetensors\", \"b\": \"one.safetensors\", "
                + "\"c\": \"two.safetensors\"}}");
    }

    private void entry(String fields, int dataBytes, String expected) {
        header("{\"a\":{" + fields + "}}", dataBytes);
        assertRefused(expected);
    }

    private void header(String json, int dataBytes) {
        bytes(SafetensorsWriter.bytes(json, new byte[dataBytes]));
    }

    private void bytes(byte[] bytes) {
        try {
            Files.write(folder.resolve("model.safetensors"), bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void text(String name, String text) {
        try {
            Files.writeString(folder.resolve(name), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void assertRefused(String part) {
        String message = assertThrows(MalformedModelException.class,
                () -> SafetensorsFolder.open(folder)).getMessage();
        assertTrue(message.contains(part), message);
        assertTrue(message.startsWith(folder.toString()), message);
    }

    private static byte[] floats(float... values) {
        var out = ByteBuffer.allocate(4 * values.length)
                .order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            out.putFloat(value);
        }
        return out.array();
    }
}
