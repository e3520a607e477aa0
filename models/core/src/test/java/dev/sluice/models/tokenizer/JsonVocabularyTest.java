package dev.sluice.models.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.json.Json;
import dev.sluice.models.tokenizer.Tokenizer.Special;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: a `tokenizer.json` gives the ids its file means, and a broken one a clear error. Method:
/// the file of a golden model against the vocabulary in its GGUF twin, small files written here
/// whose ids follow from their few merges, and mutations of a valid file.
class JsonVocabularyTest {
    private static final Path HF = Path.of("src/test/resources/tokenizer/hf");
    @TempDir
    private Path folder;

    private Tokenizer written(String tokenizer, String config) throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), tokenizer);
        Files.writeString(folder.resolve("tokenizer_config.json"), config);
        return JsonVocabulary.read(folder).tokenizer();
    }

    private static List<String> names(Tokenizer tokenizer, String text) {
        return Arrays.stream(tokenizer.encode(text, Special.PARSE))
                .mapToObj(tokenizer::name).toList();
    }

    @Test
    void theGgufTwinGivesTheSameIds() throws IOException {
        if (!TestData.complete()) {
            System.out.println("tokenizer.json against its GGUF twin: not run, no -Dgoldens");
            return;
        }
        Path goldens = Path.of(System.getProperty("goldens"), "goldens", "llama");
        Tokenizer json = JsonVocabulary.read(goldens.resolve("hf")).tokenizer();
        Tokenizer gguf = GgufVocabulary.read(
                GgufMetadata.read(goldens.resolve("model-f32.gguf"))).tokenizer();
        var texts = new ArrayList<String>(TestData.list(TestData.json(
                TestData.data().resolve("token-goldens.json")).get("texts")));
        var random = new Random(20261121);
        for (int i = 0; i < 500; i++) {
            texts.add(RandomText.draw(random, 80));
        }
        texts.add("<|im_start|>user\nhi<|im_end|>");
        int compared = 0;
        for (String text : texts) {
            for (Special special : Special.values()) {
                assertArrayEquals(gguf.encode(text, special), json.encode(text, special), text);
                compared++;
            }
        }
        assertEquals(gguf.vocabSize(), json.vocabSize());
        assertEquals(gguf.endOfGeneration(), json.endOfGeneration());
        System.out.printf("tokenizer.json against its GGUF twin: %d texts compared%n", compared);
    }

    @Test
    void theCarriedFileReadsAsTrained() {
        Tokenizer tokenizer = JsonVocabulary.read(HF).tokenizer();
        assertEquals(512, tokenizer.vocabSize());
        assertEquals("<|begin_of_text|>", tokenizer.bosText());
        assertTrue(tokenizer.endOfGeneration().containsAll(Set.of(1, 3)));
        String text = "The router sends 東京 to a few experts. 😀\n";
        assertEquals(text, TextDecoder.decode(tokenizer, tokenizer.encode(text, Special.PARSE)));
        assertEquals(List.of("<|im_start|>", "The", "Ġro", "uter"),
                names(tokenizer, "<|im_start|>The router"));
    }

    /// Merges over characters with byte fallback, as Llama-2 files have it: "ab" before "bc".
    private static final String CHARACTERS = """
            {"added_tokens": [{"id": 0, "content": "<unk>", "special": true},
                {"id": 1, "content": "<s>", "special": true},
                {"id": 13, "content": "<tool>", "special": false, "lstrip": true}],
             "normalizer": {"type": "Sequence", "normalizers": [
                {"type": "Prepend", "prepend": "▁"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
             "pre_tokenizer": null,
             "post_processor": {"type": "TemplateProcessing",
                "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                           {"Sequence": {"id": "A", "type_id": 0}}],
                "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
             "model": {"type": "BPE", "unk_token": "<unk>", "byte_fallback": true,
                "fuse_unk": true,
                "vocab": {"<unk>": 0, "<s>": 1, "<0xC3>": 2, "<0xA9>": 3, "▁": 4, "a": 5, "b": 6,
                    "c": 7, "ab": 8, "bc": 9, "▁ab": 10, "▁a": 11, "<0x0A>": 12},
                "merges": %s}}""";

    @Test
    void characterMergesFallBackToBytes() throws IOException {
        for (String merges : List.of("[\"a b\", \"b c\", \"▁ ab\", \"▁ a\"]",
                "[[\"a\", \"b\"], [\"b\", \"c\"], [\"▁\", \"ab\"], [\"▁\", \"a\"]]")) {
            Tokenizer tokenizer = written(CHARACTERS.formatted(merges),
                    "{\"bos_token\": {\"content\": \"<s>\"}, \"eos_token\": null}");
            assertEquals(List.of("▁ab", "c", "▁", "bc"), names(tokenizer, "abc bc"));
            assertEquals(List.of("▁a", "<0xC3>", "<0xA9>", "<0x0A>"), names(tokenizer, "aé\n"));
            assertEquals(List.of("▁", "<unk>", "c"), names(tokenizer, "東京c"));
            assertEquals(List.of("▁a", "<tool>", "▁", "b"), names(tokenizer, "a  <tool>b"));
            assertArrayEquals(new int[] {1, 11}, tokenizer.encodePrompt("a"));
            assertEquals("<s>", tokenizer.bosText());
            assertEquals("", tokenizer.eosText());
            assertEquals("abc é", TextDecoder.decode(tokenizer, tokenizer.encode("abc é",
                    Special.PARSE)));
        }
    }

    @Test
    void aTemplateMayEndWithATokenToo() throws IOException {
        Tokenizer tokenizer = written(CHARACTERS.formatted("[\"▁ a\"]").replace(
                "{\"id\": \"A\", \"type_id\": 0}}]", "{\"id\": \"A\", \"type_id\": 0}}, "
                + "{\"SpecialToken\": {\"id\": \"<unk>\", \"type_id\": 0}}]"), "{}");
        assertArrayEquals(new int[] {1, 11, 0}, tokenizer.encodePrompt("a"));
    }

    @Test
    void metaspaceMarksOnlyTheFirstPieceIfAskedTo() throws IOException {
        String file = CHARACTERS.formatted("[\"a b\", \"▁ ab\"]")
                .replaceFirst("(?s)\"normalizer\": .*?\"pre_tokenizer\": null",
                        "\"pre_tokenizer\": {\"type\": \"Metaspace\", \"replacement\": \"▁\", "
                        + "\"prepend_scheme\": \"first\", \"split\": true}");
        Tokenizer tokenizer = written(file, "{}");
        assertEquals(List.of("▁ab", "▁ab", "<s>", "ab"), names(tokenizer, "ab ab<s>ab"));
    }

    @Test
    void wordPiecesCountFromTheWordStart() throws IOException {
        Tokenizer tokenizer = written("""
                {"added_tokens": [{"id": 0, "content": "[UNK]", "special": true},
                    {"id": 1, "content": "[CLS]", "special": true},
                    {"id": 2, "content": "[SEP]", "special": true}],
                 "normalizer": {"type": "BertNormalizer", "lowercase": true},
                 "pre_tokenizer": {"type": "BertPreTokenizer"},
                 "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2],
                    "cls": ["[CLS]", 1]},
                 "model": {"type": "WordPiece", "unk_token": "[UNK]",
                    "continuing_subword_prefix": "##", "max_input_chars_per_word": 10,
                    "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "un": 3, "##aff": 4,
                        "##able": 5, "!": 6, "aff": 7}}}""", "{}");
        assertArrayEquals(new int[] {1, 3, 4, 5, 6, 7, 2},
                tokenizer.encodePrompt("UnáFfAble! aff"));
        assertArrayEquals(new int[] {0, 0}, tokenizer.encode("unx affaffaffaff", Special.PARSE));
    }

    @Test
    void whatIsNotImplementedIsNamed() {
        for (String[] change : new String[][] {
            {"\"type\": \"BPE\"", "\"type\": \"WordLevel\"", "WordLevel"},
            {"\"type\": \"Prepend\"", "\"type\": \"Nmt\"", "Nmt"},
            {"\"pre_tokenizer\": null",
                "\"pre_tokenizer\": {\"type\": \"UnicodeScripts\"}", "UnicodeScripts"},
            {"\"pre_tokenizer\": null", "\"pre_tokenizer\": {\"type\": \"Split\", \"behavior\": "
                + "\"Isolated\", \"pattern\": {\"Regex\": \"(\"}}", "regular expression '('"},
            {"TemplateProcessing", "Other", "Other"}}) {
            String file = CHARACTERS.formatted("[]").replace(change[0], change[1]);
            var refused = assertThrows(UnsupportedModelException.class,
                    () -> written(file, "{}"));
            assertTrue(refused.getMessage().contains(change[2]), refused.getMessage());
        }
    }

    @Test
    void brokenFilesSayWhatIsWrong() {
        for (String[] change : new String[][] {
            {"%s", "[\"ab\"]", "merge 0, 'ab'"},
            {"%s", "[\"a b\", 7]", "texts only"},
            {"%s", "[[\"a\", \"b\", \"c\"]]", "expected two texts"},
            {"%s", "\"a b\"", "expected a list"},
            {"\"a\": 5", "\"a\": -5", "'a': expected an id"},
            {"\"a\": 5", "\"a\": 99999999", "'a': expected an id"},
            {"\"a\": 5", "\"a\": \"5\"", "'a': expected an id"},
            {"\"a\": 5", "\"a\": 6", "same id 6"},
            {"\"id\": 13, ", "", "<tool>"},
            {"\"content\": \"<tool>\"", "\"content\": \"a\"", "same text 'a'"},
            {"\"vocab\": {", "\"vocab\": 5, \"x\": {", "expected an object"}}) {
            String file = CHARACTERS.replace(change[0], change[1]).replace("%s", "[\"a b\"]");
            var refused = assertThrows(MalformedModelException.class,
                    () -> written(file, "{}"), Arrays.toString(change));
            assertTrue(refused.getMessage().contains(change[2]), refused.getMessage());
            assertTrue(refused.getMessage().contains("tokenizer.json"), refused.getMessage());
        }
        assertThrows(MalformedModelException.class, () -> JsonVocabulary.read(Path.of("absent")));
    }

    /// Mutated and truncated files: nothing but the two exceptions may come out.
    @Test
    void whateverTheBytesOnlyTheTwoExceptionsComeOut() throws IOException {
        byte[] valid = CHARACTERS.formatted("[\"a b\", \"b c\"]")
                .getBytes(StandardCharsets.UTF_8);
        long seed = Long.getLong("seed", 20261121);
        var random = new Random(seed);
        int refused = 0;
        for (int round = 0; round < 2000; round++) {
            byte[] bytes = round < valid.length ? Arrays.copyOf(valid, round) : valid.clone();
            for (int i = random.nextInt(4); i > 0 && bytes.length > 0; i--) {
                bytes[random.nextInt(bytes.length)] = round % 2 == 0
                        ? (byte) random.nextInt(256) : valid[random.nextInt(valid.length)];
            }
            Files.write(folder.resolve("tokenizer.json"), bytes);
            try {
                JsonVocabulary.read(folder).tokenizer().encode("abc é", Special.PARSE);
            } catch (MalformedModelException | UnsupportedModelException e) {
                refused++;
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ", round " + round, e);
            }
        }
        System.out.printf("%d of 2000 broken tokenizer.json refused, seed %d%n", refused, seed);
        assertTrue(refused > 1000 && refused < 2000);
    }

    @Test
    void jsonIsReadWithoutItsCompanions() throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"),
                Json.write(TestData.json(HF.resolve("tokenizer.json"))));
        Tokenizer tokenizer = JsonVocabulary.read(folder).tokenizer();
        assertEquals("", tokenizer.bosText());
        assertFalse(tokenizer.contains("no such token"));
        assertThrows(IllegalArgumentException.class, () -> tokenizer.id("no such token"));
        assertThrows(IndexOutOfBoundsException.class, () -> tokenizer.name(512));
        assertThrows(IndexOutOfBoundsException.class, () -> tokenizer.bytes(-1));
    }
}
