package dev.sluice.models.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.Gunzipped;
import dev.sluice.models.MalformedModelException;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.json.Json;
import dev.sluice.models.tokenizer.Tokenizer.Special;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: tokenizers of the XLM-RoBERTa kind (SentencePiece's Unigram with a precompiled character
/// map) give the ids that others give. Method: a vocabulary of 257 tokens that SentencePiece
/// trained and compiled (`make_unigram.py`), as `tokenizer.json` judged by HuggingFace's tokenizers
/// and as GGUF file judged by libllama, on texts of many scripts, on odd ones and on noise; what
/// both do with a broken file.
class UnigramTest {
    private static final Path HERE = Path.of("src/test/resources/tokenizer/unigram");
    private static final int LONG = 200_000;

    @TempDir
    private Path folder;

    private static Tokenizer json() { return JsonVocabulary.read(HERE).tokenizer(); }

    private static Tokenizer gguf() throws IOException {
        return GgufVocabulary.read(GgufMetadata.read(HERE.resolve("vocab.gguf"))).tokenizer();
    }

    private static void equalTo(String judge, Tokenizer tokenizer, Special special)
            throws IOException {
        Map<String, Object> goldens = TestData.json(
                Gunzipped.file(HERE.resolve("goldens.json")));
        List<String> texts = TestData.list(goldens.get("texts"));
        List<Object> want = TestData.list(goldens.get(judge));
        int compared = 0;
        for (int i = 0; i < texts.size(); i++) {
            if (want.get(i) != null) {
                assertArrayEquals(TestData.ints(want.get(i)),
                        tokenizer.encode(texts.get(i), special), "'" + texts.get(i) + "'");
                compared++;
            }
        }
        assertTrue(compared > 450, "texts compared: " + compared);
    }

    @Test
    void a_tokenizer_json_gives_the_ids_of_huggingface() throws IOException {
        equalTo("hf", json(), Special.PARSE);
    }

    @Test
    void a_gguf_file_gives_the_ids_of_libllama() throws IOException {
        equalTo("gguf", gguf(), Special.AS_TEXT);
    }

    @Test
    void the_marks_go_around_a_text() throws IOException {
        for (Tokenizer tokenizer : List.of(json(), gguf())) {
            int[] ids = tokenizer.withBosAndEos(new int[] {9});
            assertArrayEquals(new int[] {0, 9, 2}, ids);
            assertEquals("<s>", tokenizer.bosText());
            assertEquals("</s>", tokenizer.eosText());
            String text = "hello world, Straße 東京";
            assertEquals(text, TextDecoder.decode(tokenizer,
                    tokenizer.encode(text, Special.AS_TEXT)));
        }
    }

    /// Also where the character map makes a mark's text out of something else.
    @Test
    void no_text_of_a_user_becomes_a_mark() throws IOException {
        for (Tokenizer tokenizer : List.of(json(), gguf())) {
            for (String text : List.of("<s>", "a</s>b", "<mask>", "＜ｓ＞", "<pad>")) {
                for (int id : tokenizer.encode(text, Special.AS_TEXT)) {
                    assertTrue(id > 2 && id != tokenizer.id("<mask>"), text + " gives " + id);
                }
            }
            assertEquals(0, tokenizer.encode("<s>", Special.PARSE)[0]);
        }
    }

    @Test
    void long_runs_are_quick() throws IOException {
        for (Tokenizer tokenizer : List.of(json(), gguf())) {
            for (String unit : List.of("a", " ", "東", "e\u0301", "ab ", "ﾊﾟ", "\u0301")) {
                String text = unit.repeat(LONG / unit.length());
                assertTimeoutPreemptively(Duration.ofSeconds(10),
                        () -> tokenizer.encode(text, Special.PARSE), unit);
            }
        }
    }

    // ---- broken files -------------------------------------------------------------------

    private Tokenizer changed(String from, String to) throws IOException {
        String file = Files.readString(HERE.resolve("tokenizer.json"));
        assertTrue(file.contains(from), from);
        Files.writeString(folder.resolve("tokenizer.json"), file.replace(from, to));
        return JsonVocabulary.read(folder).tokenizer();
    }

    @Test
    void what_is_wrong_is_said() throws IOException {
        for (String[] change : new String[][] {
            {"\"unk_id\":3", "\"unk_id\":300", "unk_id"},
            {"[\"<pad>\",0.0]", "[\"<s>\",0.0]", "'<s>' is there twice"},
            {"[\"<pad>\",0.0]", "[\"<pad>\",\"x\"]", "model.vocab[1]"},
            {"[\"<pad>\",0.0]", "[\"<pad>\"]", "a text and its score"},
            {"\"precompiled_charsmap\":\"", "\"precompiled_charsmap\":\"?", "not base64"}}) {
            String message = assertThrows(MalformedModelException.class,
                    () -> changed(change[0], change[1])).getMessage();
            assertTrue(message.contains(change[2]) && message.contains("tokenizer.json"),
                    message);
        }
        assertTrue(assertThrows(UnsupportedModelException.class, () -> changed(
                "\"prepend_scheme\":\"always\"", "\"prepend_scheme\":\"first\"")).getMessage()
                .contains("WhitespaceSplit"));
        GgufMetadata gguf = GgufMetadata.read(HERE.resolve("vocab.gguf"));
        assertTrue(assertThrows(MalformedModelException.class, () -> GgufVocabulary.read(
                gguf.without("tokenizer.ggml.scores"))).getMessage().contains("0 scores"));
    }

    @Test
    void no_character_map_breaks_more_than_itself() throws IOException {
        GgufMetadata gguf = GgufMetadata.read(HERE.resolve("vocab.gguf"));
        String key = "tokenizer.ggml.precompiled_charsmap";
        byte[] sound = gguf.bytes(key);
        var random = new Random(7);
        int refused = 0;
        for (int i = 0; i < 600; i++) {
            byte[] bytes = i < 200 ? Arrays.copyOf(sound, i < 100 ? i : random.nextInt(5000))
                    : sound.clone();
            for (int k = 0; k < 3 && bytes.length > 0 && i >= 200; k++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            refused += mapped(gguf, key, bytes) ? 0 : 1;
        }
        assertTrue(refused > 150 && refused < 600, "refused: " + refused);
    }

    /// Whether a file with that map was taken, as both kinds.
    private boolean mapped(GgufMetadata gguf, String key, byte[] bytes) throws IOException {
        try {
            int[] numbers = new int[bytes.length];
            Arrays.setAll(numbers, i -> bytes[i]);
            Tokenizer tokenizer = GgufVocabulary.read(gguf.with(key, numbers)).tokenizer();
            tokenizer.encode("ﾊﾟ e\u0301 ½ ①\u0000 ＦＵ", Special.PARSE);
            var map = new CharacterMap(bytes);
            map.rewriteClusters("ﾊﾟ e\u0301 ½ ①\u0000 ＦＵ");
            return true;
        } catch (MalformedModelException e) {
            assertTrue(e.getMessage().contains("precompiled_charsmap"), e.getMessage());
            return false;
        }
    }

    @Test
    void a_file_without_a_map_changes_nothing() throws IOException {
        String file = Files.readString(HERE.resolve("tokenizer.json"));
        var normalizer = (Map<?, ?>) ((Map<?, ?>) Json.parse(file.getBytes(
                java.nio.charset.StandardCharsets.UTF_8))).get("normalizer");
        String map = (String) normalizer.get("precompiled_charsmap");
        assertTrue(Base64.getDecoder().decode(map).length > 1000);
        Tokenizer without = changed("\"precompiled_charsmap\":\"" + map + "\"",
                "\"precompiled_charsmap\":null");
        assertArrayEquals(json().encode("hello", Special.PARSE),
                without.encode("hello", Special.PARSE));
        assertTrue(!Arrays.equals(json().encode("ＦＵＬＬ", Special.PARSE),
                without.encode("ＦＵＬＬ", Special.PARSE)));
    }
}
