package dev.sluice.models.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.EncoderBatch;
import dev.sluice.models.EncoderInput;
import dev.sluice.models.EncoderOptions;
import dev.sluice.models.EncoderTask;
import dev.sluice.models.LoadedEncoder;
import dev.sluice.models.json.Json;
import dev.sluice.models.tokenizer.JsonVocabulary;
import dev.sluice.models.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: an encoder exported elsewhere gives its makers' embeddings, and HuggingFace's tokenizers
/// and ours give the same ids. Method: a tiny BERT that torch exported, with what transformers
/// computed (`make_graphs.py`); the tokenizers of the repository over many texts.
class DjlEncoderTest {
    private static final Path BERT = Path.of("src/test/resources/dev/sluice/models/onnx/bert");
    private static final List<Path> TOKENIZERS = List.of(
            Path.of("../core/src/test/resources/tokenizer/hf"),
            Path.of("../core/src/test/resources/tokenizer/unigram"),
            Path.of("../core/src/test/resources/goldens/llama/hf"));
    private static final double ERROR_MAX = 1e-5;

    @TempDir
    private Path folder;

    /// The folder of the exported BERT with some tokenizer, since ids are given here.
    private Path bert(boolean first) throws IOException {
        for (String name : List.of("model.onnx", "config.json")) {
            Files.copy(BERT.resolve(name), folder.resolve(name),
                    StandardCopyOption.REPLACE_EXISTING);
        }
        Files.copy(TOKENIZERS.getLast().resolve("tokenizer.json"),
                folder.resolve("tokenizer.json"), StandardCopyOption.REPLACE_EXISTING);
        Files.createDirectories(folder.resolve("1_Pooling"));
        Files.writeString(folder.resolve("1_Pooling").resolve("config.json"),
                "{\"pooling_mode_cls_token\": %b, \"pooling_mode_mean_tokens\": %b}".formatted(
                        first, !first));
        return folder;
    }

    @Test
    void embeddings_are_those_of_transformers() throws IOException {
        var golden = (Map<?, ?>) Json.parse(Files.readAllBytes(BERT.resolve("golden.json")));
        for (String mode : List.of("mean", "cls")) {
            Path path = bert(mode.equals("cls"));
            try (LoadedEncoder loaded =
                    new OnnxEncoders().open(path, EncoderOptions.defaults())) {
                assertEquals(EncoderTask.EMBEDDING, loaded.config().task());
                assertEquals(32, loaded.config().outputs());
                compare(loaded, (List<?>) golden.get("cases"), mode);
            }
        }
    }

    /// All texts in one batch, which changes none of them.
    private static void compare(LoadedEncoder loaded, List<?> cases, String mode) {
        var batch = new EncoderBatch(loaded.encoder().maxRows(), loaded.encoder().maxTexts());
        batch.clear();
        for (Object each : cases) {
            batch.add(new EncoderInput(ints(((Map<?, ?>) each).get("ids"))));
        }
        int width = loaded.config().outputs();
        var out = new float[cases.size() * width];
        loaded.encoder().encode(batch, out);
        for (int i = 0; i < cases.size(); i++) {
            List<?> want = (List<?>) ((Map<?, ?>) cases.get(i)).get(mode);
            for (int k = 0; k < width; k++) {
                assertEquals(((Number) want.get(k)).doubleValue(), out[i * width + k], ERROR_MAX,
                        "%s, text %d, element %d".formatted(mode, i, k));
            }
        }
    }

    private static int[] ints(Object list) {
        return ((List<?>) list).stream().mapToInt(v -> ((Long) v).intValue()).toArray();
    }

    /// A reranker and a classifier of requests, with the tokenizer that both were trained with:
    /// texts in, logits out.
    @Test
    void scores_are_those_of_transformers() throws IOException {
        for (String name : List.of("rank", "classifier")) {
            Path graph = BERT.resolveSibling(name);
            Path path = Files.createDirectories(folder.resolve(name));
            for (String file : List.of("model.onnx", "config.json")) {
                Files.copy(graph.resolve(file), path.resolve(file));
            }
            Files.copy(Path.of("../core/src/test/resources/encoders/bert-rank/tokenizer.json"),
                    path.resolve("tokenizer.json"));
            var golden = (Map<?, ?>) Json.parse(Files.readAllBytes(graph.resolve("golden.json")));
            try (LoadedEncoder loaded =
                    new OnnxEncoders().open(path, EncoderOptions.defaults())) {
                assertEquals(name.equals("rank") ? EncoderTask.RERANKER : EncoderTask.CLASSIFIER,
                        loaded.config().task());
                assertEquals(name.equals("rank") ? List.of()
                        : List.of("worker", "orchestrator", "code"), loaded.config().labels());
                compareScores(loaded, golden);
            }
        }
    }

    private static void compareScores(LoadedEncoder loaded, Map<?, ?> golden) {
        List<?> texts = (List<?>) golden.get("texts");
        for (int i = 0; i < texts.size(); i++) {
            List<?> text = (List<?>) texts.get(i);
            EncoderInput input = text.size() == 1
                    ? loaded.texts().text((String) text.getFirst())
                    : loaded.texts().pair((String) text.getFirst(), (String) text.getLast());
            assertArrayEquals(ints(((List<?>) golden.get("ids")).get(i)), input.ids());
            var batch = new EncoderBatch(loaded.encoder().maxRows(), 1);
            batch.clear();
            batch.add(input);
            var out = new float[loaded.config().outputs()];
            loaded.encoder().encode(batch, out);
            List<?> want = (List<?>) ((List<?>) golden.get("outputs")).get(i);
            assertEquals(want.size(), out.length);
            for (int k = 0; k < out.length; k++) {
                assertEquals(((Number) want.get(k)).doubleValue(), out[k], ERROR_MAX,
                        "text %d, logit %d".formatted(i, k));
            }
        }
    }

    @Test
    void an_encoder_and_a_decoder_are_told_apart() throws IOException {
        assertTrue(new OnnxEncoders().reads(bert(true)));
        assertFalse(new OnnxEncoders().reads(
                Path.of("src/test/resources/dev/sluice/models/onnx/decoder")));
        assertFalse(new OnnxEncoders().reads(TOKENIZERS.getFirst()));
    }

    @Test
    void both_tokenizers_give_the_same_ids() {
        for (Path source : TOKENIZERS) {
            Tokenizer ours = JsonVocabulary.read(source).tokenizer();
            try (var theirs = Djl.tokenizer(source.resolve("tokenizer.json"))) {
                for (String text : texts()) {
                    long[] want = theirs.encode(text, false, false).getIds();
                    int[] got = ours.encode(text, Tokenizer.Special.PARSE);
                    assertArrayEquals(want,
                            java.util.Arrays.stream(got).asLongStream().toArray(),
                            source + ": " + Json.write(text));
                }
            }
        }
    }

    /// Words, numbers, scripts, white space, and far more than DJL's default of 512 ids.
    private static List<String> texts() {
        var texts = new ArrayList<>(List.of("Hello, world!", " two  spaces ", "1234567890",
                "naïve café", "日本語のテキスト", "Привет мир", "a\nb\r\n\tc", "I'll we've",
                "x".repeat(3000), "word ".repeat(1500), "{\"a\": [1, 2.5e-3]}", "👩‍👩‍👧 🇩🇪"));
        var random = new Random(5);
        String alphabet = "abcXYZ 019.,;'\"\n\téß中д-_/";
        for (int i = 0; i < 300; i++) {
            var text = new StringBuilder();
            for (int k = random.nextInt(40); k >= 0; k--) {
                text.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            texts.add(text.toString());
        }
        return texts;
    }
}
