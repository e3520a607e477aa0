package dev.sluice.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Goal: encoders give the ids, vectors and scores of their reference implementation, from GGUF
/// and from folders, on every CPU backend, whatever else is in the batch.
///
/// Method: tiny random models with outputs computed by transformers (`make_encoders.py` beside
/// them); the GGUF files of `bert-mean-gguf` and `qwen3-last-gguf` are llama.cpp's converter's.
class EncoderGoldensTest {
    /// Outputs are of size 1; sums of floats in another order.
    private static final double ERROR_MAX = 1e-5;

    /// A case: the model and what transformers says of it.
    private record Golden(Path model, EncoderTask task, List<List<String>> texts,
            List<int[]> ids, List<int[]> segments, List<float[]> outputs) { }

    @TestFactory
    List<DynamicTest> outputs() {
        var tests = new ArrayList<DynamicTest>();
        for (Path folder : folders()) {
            for (String backend : List.of("reference", "vector")) {
                tests.add(DynamicTest.dynamicTest(folder.getFileName() + " on " + backend,
                        () -> judge(golden(folder), backend)));
            }
        }
        assertEquals(20, tests.size());
        return tests;
    }

    private static void judge(Golden golden, String backend) {
        try (LoadedEncoder loaded = open(golden.model, backend, EncoderOptions.defaults())) {
            assertEquals(golden.task, loaded.config().task());
            var inputs = new ArrayList<EncoderInput>();
            for (int i = 0; i < golden.texts.size(); i++) {
                List<String> text = golden.texts.get(i);
                EncoderInput input = text.size() == 1 ? loaded.texts().text(text.getFirst())
                        : loaded.texts().pair(text.getFirst(), text.getLast());
                assertArrayEquals(golden.ids.get(i), input.ids(), "ids of " + text);
                assertArrayEquals(golden.segments.get(i), input.segments(),
                        "segments of " + text);
                inputs.add(input);
            }
            float[] together = encode(loaded, inputs);
            int outputs = loaded.config().outputs();
            for (int i = 0; i < inputs.size(); i++) {
                float[] want = golden.outputs.get(i);
                assertEquals(want.length, outputs);
                float[] alone = encode(loaded, List.of(inputs.get(i)));
                for (int j = 0; j < outputs; j++) {
                    assertEquals(want[j], alone[j], ERROR_MAX, "text " + i + " output " + j);
                    assertEquals(alone[j], together[i * outputs + j], 0,
                            "text %d output %d in company".formatted(i, j));
                }
            }
        }
    }

    @Test
    void stepsOfADecoderDoNotShow() {
        Golden golden = golden(folder("qwen3-last"));
        var whole = EncoderOptions.defaults();
        var cut = new EncoderOptions(0, 5, 8, 0, DType.F32);
        try (LoadedEncoder a = open(golden.model, "vector", whole);
                LoadedEncoder b = open(golden.model, "vector", cut)) {
            var inputs = golden.ids.stream().limit(4).map(EncoderInput::new).toList();
            assertArrayEquals(encode(a, inputs), encode(b, inputs));
        }
    }

    @Test
    void tooLongIsRefusedWithNumbers() {
        try (LoadedEncoder loaded = open(folder("bert-mean"), "vector",
                EncoderOptions.defaults().withContext(10))) {
            assertEquals(10, loaded.config().contextTokens());
            var error = assertThrows(MalformedBatchException.class,
                    () -> encode(loaded, List.of(new EncoderInput(new int[11]))));
            assertTrue(error.getMessage().contains("11 tokens, at most 10"), error.getMessage());
            var unknown = assertThrows(MalformedBatchException.class,
                    () -> encode(loaded, List.of(new EncoderInput(new int[] {5, 5000}))));
            assertTrue(unknown.getMessage().contains("token 5000"), unknown.getMessage());
        }
    }

    /// Text of a special token stays text: the pair has exactly the separators of its layout.
    @Test
    void markersInTextAreText() {
        try (LoadedEncoder loaded = open(folder("bert-rank"), "vector",
                EncoderOptions.defaults())) {
            EncoderInput pair = loaded.texts().pair("hello [SEP] hello", "[CLS] world");
            int separators = 0;
            for (int id : pair.ids()) {
                separators += id == 3 ? 1 : 0;
            }
            assertEquals(2, separators);
        }
    }

    @Test
    void generatingModelsAreNoEncoders() {
        Path generating = Path.of("src/test/resources/goldens/llama/model-f32.gguf");
        assertTrue(Files.exists(generating));
        var error = assertThrows(UnsupportedModelException.class,
                () -> open(generating, "reference", EncoderOptions.defaults()));
        assertTrue(error.getMessage().contains("a model that generates"), error.getMessage());
    }

    /// A query can not speak for the prompt around it, nor place the document.
    @Test
    void queriesDoNotReachTheTemplate() {
        try (LoadedEncoder loaded = open(folder("qwen3-rank/model.gguf"), "vector",
                EncoderOptions.defaults())) {
            int marks = 0;
            for (int id : loaded.texts().pair("</s> {document}", "<s>").ids()) {
                marks += id == 0 || id == 2 ? 1 : 0;
            }
            assertEquals(2, marks);
        }
    }

    /// Only a stated kind of error comes out of a broken file, and nothing stays mapped or open.
    @Test
    void brokenFilesAreRefused(@TempDir Path scratch) throws IOException {
        byte[] sound = Files.readAllBytes(folder("bert-mean-gguf/model.gguf"));
        var random = new Random(11);
        Path broken = scratch.resolve("broken.gguf");
        for (int i = 0; i < 150; i++) {
            byte[] bytes = sound.clone();
            for (int n = random.nextInt(4); n >= 0; n--) {
                // Metadata and headers, where a change can matter.
                bytes[random.nextInt(6000)] = (byte) random.nextInt(256);
            }
            Files.write(broken, bytes);
            openOrRefuse(broken);
        }
    }

    @Test
    void brokenFoldersAreRefused(@TempDir Path scratch) throws IOException {
        var random = new Random(12);
        for (String name : List.of("config.json", "modules.json", "1_Pooling/config.json",
                "tokenizer.json")) {
            Path copy = copied(folder("bert-mean"), scratch.resolve(name.replace('/', '-')));
            byte[] sound = Files.readAllBytes(copy.resolve(name));
            for (int i = 0; i < 60; i++) {
                byte[] bytes = sound.clone();
                bytes[random.nextInt(bytes.length)] = (byte) "09{}[]\",:ax".charAt(
                        random.nextInt(11));
                Files.write(copy.resolve(name), bytes);
                openOrRefuse(copy);
            }
        }
    }

    private static void openOrRefuse(Path model) {
        try (LoadedEncoder loaded = open(model, "reference",
                EncoderOptions.defaults().withContext(16))) {
            encode(loaded, List.of(new EncoderInput(new int[] {2, 3})));
        } catch (MalformedModelException | UnsupportedModelException
                | InsufficientMemoryException | MalformedBatchException e) {
            assertFalse(e.getMessage().isBlank());
        }
    }

    private static Path copied(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target);
                }
            }
        }
        return to;
    }

    // ---- reading ------------------------------------------------------------------------

    private static LoadedEncoder open(Path model, String backend, EncoderOptions options) {
        return LoadedEncoder.open(model, Kernels.open(backend, BackendOptions.defaults()),
                options.withKvType(DType.F32));
    }

    static float[] encode(LoadedEncoder loaded, List<EncoderInput> inputs) {
        var batch = new EncoderBatch(loaded.encoder().maxRows(), loaded.encoder().maxTexts());
        for (EncoderInput input : inputs) {
            batch.add(input);
        }
        var out = new float[inputs.size() * loaded.config().outputs()];
        loaded.encoder().encode(batch, out);
        return out;
    }

    private static List<Path> folders() {
        try (Stream<Path> all = Files.list(folder(""))) {
            return all.filter(Files::isDirectory).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path folder(String name) {
        try {
            return Path.of(EncoderGoldensTest.class.getResource("/encoders").toURI())
                    .resolve(name);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Golden golden(Path folder) {
        Map<?, ?> json;
        try {
            json = (Map<?, ?>) Json.parse(Files.readAllBytes(folder.resolve("golden.json")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        var texts = new ArrayList<List<String>>();
        for (Object text : (List<?>) json.get("texts")) {
            texts.add(text instanceof List<?> pair
                    ? pair.stream().map(String::valueOf).toList()
                    : List.of(String.valueOf(text)));
        }
        Path gguf = folder.resolve("model.gguf");
        return new Golden(Files.exists(gguf) ? gguf : folder,
                EncoderTask.valueOf((String) json.get("task")), texts, ints(json, "ids"),
                ints(json, "segments"), floats(json, "outputs"));
    }

    private static List<int[]> ints(Map<?, ?> json, String key) {
        return ((List<?>) json.get(key)).stream().map(row -> ((List<?>) row).stream()
                .mapToInt(n -> ((Number) n).intValue()).toArray()).toList();
    }

    private static List<float[]> floats(Map<?, ?> json, String key) {
        var rows = new ArrayList<float[]>();
        for (Object row : (List<?>) json.get(key)) {
            List<?> numbers = (List<?>) row;
            var values = new float[numbers.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = ((Number) numbers.get(i)).floatValue();
            }
            rows.add(values);
        }
        return rows;
    }
}
