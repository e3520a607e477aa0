package dev.sluice.models.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.GraphOptions;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.MalformedModelException;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.file.ModelPath;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: whatever is wrong with a folder is one clear error, and never a crash. Method: an exported
/// model, spoiled in one way at a time.
class HostileGraphTest {
    @TempDir
    private Path folder;
    private Path graph;

    @BeforeEach
    void export() {
        OnnxExport.write(Golden.root().resolve("llama").resolve("model-f32.gguf"), folder,
                WeightForm.F32, _ -> { });
        graph = folder.resolve("model.onnx");
    }

    private String refused(Class<? extends RuntimeException> type) {
        return assertThrows(type, () -> {
            try (LoadedModel model = Golden.open(folder, "reference", 16, 1)) {
                assertEquals(512, model.lm().vocab());
            }
        }).getMessage();
    }

    private static void assertNames(String message, String... parts) {
        for (String part : parts) {
            assertTrue(message.contains(part), "'%s' in: %s".formatted(part, message));
        }
        assertEquals(1, message.lines().count(), message);
    }

    @Test
    void a_missing_weight_file_is_named() throws IOException {
        Files.delete(folder.resolve("model.onnx.data"));
        assertNames(refused(MalformedModelException.class), "model.onnx", "model.onnx.data",
                "missing");
    }

    @Test
    void a_short_weight_file_is_named() throws IOException {
        Path data = folder.resolve("model.onnx.data");
        byte[] bytes = Files.readAllBytes(data);
        Files.write(data, java.util.Arrays.copyOf(bytes, bytes.length / 2));
        assertNames(refused(MalformedModelException.class), "model.onnx.data", "tensor");
    }

    @Test
    void something_else_is_no_model() throws IOException {
        Files.writeString(graph, "this is not a graph at all");
        assertNames(refused(MalformedModelException.class), "model.onnx", "not an ONNX model");
    }

    @Test
    void an_input_of_unknown_purpose_is_named() throws IOException {
        byte[] bytes = Files.readAllBytes(graph);
        int at = indexOf(bytes, "attention_mask");
        while (at >= 0) {
            System.arraycopy("pixel_values_0".getBytes(), 0, bytes, at, 14);
            at = indexOf(bytes, "attention_mask");
        }
        Files.write(graph, bytes);
        assertNames(refused(UnsupportedModelException.class), "pixel_values_0", "INT64");
    }

    @Test
    void an_unknown_operator_is_the_runtimes_refusal() throws IOException {
        byte[] bytes = Files.readAllBytes(graph);
        int at = indexOf(bytes, "SimplifiedLayerNormalization");
        // In the name of the operator and in the node's.
        while (at >= 0) {
            bytes[at + 1] = 'X';
            at = indexOf(bytes, "SimplifiedLayerNormalization");
        }
        Files.write(graph, bytes);
        assertNames(refused(MalformedModelException.class), "model.onnx",
                "ONNX Runtime refuses the graph", "SXmplified");
    }

    @Test
    void weights_elsewhere_are_not_followed() throws IOException {
        byte[] bytes = Files.readAllBytes(graph);
        int at = indexOf(bytes, "model.onnx.data");
        System.arraycopy("../../etc/hosts".getBytes(), 0, bytes, at, 15);
        Files.write(graph, bytes);
        assertNames(refused(MalformedModelException.class), "../../etc/hosts", "not beside");
    }

    @Test
    void a_context_beyond_the_graphs_tables_is_refused() {
        String message = assertThrows(UnsupportedModelException.class,
                () -> Golden.open(folder, "reference", 300, 1)).getMessage();
        assertNames(message, "300", "256");
    }

    @Test
    void a_provider_that_is_not_there_is_an_error_with_the_reason() {
        var options = LoadOptions.defaults();
        try (var opened = OnnxFolder.open(folder)) {
            for (String name : new String[] {"cuda", "tensorrt", "coreml", "dml"}) {
                var asked = options.withGraph(new GraphOptions(name, 1));
                String message = assertThrows(UnsupportedModelException.class,
                        () -> opened.load(opened.plan(asked), asked)).getMessage();
                assertNames(message, "--provider " + name, "does not have it");
            }
            assertNames(assertThrows(UnsupportedModelException.class,
                    () -> opened.runner(new GraphOptions("npu", 1))).getMessage(),
                    "--provider npu", "cpu");
            assertNames(opened.runner(new GraphOptions(GraphOptions.AUTO, 1)),
                    "on cpu", "auto", "cuda: ");
        }
    }

    @Test
    void no_truncation_and_no_changed_byte_breaks_the_parser() throws IOException {
        byte[] sound = Files.readAllBytes(graph);
        for (int length = 0; length < sound.length; length += 37) {
            parse(java.util.Arrays.copyOf(sound, length));
        }
        var random = new Random(11);
        for (int i = 0; i < 400; i++) {
            byte[] bytes = sound.clone();
            for (int k = 0; k <= i % 3; k++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            parse(bytes);
        }
    }

    private void parse(byte[] bytes) throws IOException {
        Files.write(graph, bytes);
        try (Arena arena = Arena.ofConfined()) {
            DecoderSignature.of(GraphFile.read(graph, arena), GenAiConfig.read(folder));
        } catch (MalformedModelException | UnsupportedModelException e) {
            assertEquals(1, e.getMessage().lines().count(), e.getMessage());
        }
    }

    @Test
    void a_folder_without_any_of_it_is_no_graph() throws IOException {
        Files.delete(graph);
        Files.delete(folder.resolve("genai_config.json"));
        assertTrue(!ModelPath.isGraph(folder));
    }

    private static int indexOf(byte[] bytes, String text) {
        return new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1).indexOf(text);
    }
}
