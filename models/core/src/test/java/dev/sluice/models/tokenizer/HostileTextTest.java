package dev.sluice.models.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.tokenizer.Tokenizer.Special;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: no text takes long or much stack, and no metadata make anything but a clear error. Method:
/// texts of 200,000 of one thing under every pre-tokenizer, and metadata with one key changed.
class HostileTextTest {
    private static final int LONG = 200_000;
    /// A second on an idle core; ten on a machine that does other things.
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private static long lasts(Tokenizer tokenizer, String unit, String name) {
        String text = unit.repeat(LONG / unit.length());
        long start = System.nanoTime();
        int[] ids = assertTimeoutPreemptively(LIMIT,
                () -> tokenizer.encode(text, Special.PARSE), name + " '" + unit + "'");
        long nanos = System.nanoTime() - start;
        if (unit.equals("a") || unit.equals("é")) {
            assertEquals(text, TextDecoder.decode(tokenizer, ids), name + " '" + unit + "'");
        }
        return nanos;
    }

    @Test
    void longRunsAreQuickUnderEveryPreTokenizer() throws IOException {
        long slowest = 0;
        for (var entry : TestData.everyPreTokenizer().entrySet()) {
            for (String unit : List.of("a", "A", " ", "\n", "1", "é", "!", "東", " \n", "<")) {
                slowest = Math.max(slowest, lasts(entry.getValue(), unit, entry.getKey()));
            }
        }
        System.out.printf("200,000 of one thing took at most %.0f ms%n", slowest / 1e6);
    }

    @Test
    void longRunsAreQuickInSentencePiece() throws IOException {
        Tokenizer tokenizer = TestData.tokenizer("stories260K.gguf");
        for (String unit : List.of("a", " ", "\n", "é", "東", "ab", "<s", "<s>")) {
            String text = unit.repeat(LONG / unit.length());
            assertTimeoutPreemptively(LIMIT,
                    () -> tokenizer.encode(text, Special.PARSE), unit);
        }
    }

    /// The two ways of merging, by scanning and by a heap, must agree: a text in pieces of 40
    /// bytes and in one.
    @Test
    void longAndShortPiecesMergeAlike() throws IOException {
        var vocabulary = GgufVocabulary.read(TestData.metadata("ggml-vocab-gpt-2.gguf"));
        var model = (TokenModel.ByteLevelBpe) vocabulary.model();
        var merges = new MergeTable(vocabulary.texts(),
                new WritableTokens(vocabulary.index(), vocabulary.writable()), model.merges());
        long seed = Long.getLong("seed", 20261121);
        var random = new Random(seed);
        for (int round = 0; round < 3000; round++) {
            int[] symbols = random.ints(2 + random.nextInt(39), 0, 64 + 26).toArray();
            int[] longer = Arrays.copyOf(symbols, 100);
            Arrays.fill(longer, symbols.length, 100, -1);
            int count = merges.merge(symbols, symbols.length);
            merges.merge(longer, 100);
            assertArrayEquals(Arrays.copyOf(symbols, count), Arrays.copyOf(longer, count),
                    "seed " + seed + ", round " + round);
        }
    }

    @Test
    void brokenMetadataSayWhatIsWrong() throws IOException {
        GgufMetadata gpt2 = TestData.metadata("ggml-vocab-gpt-2.gguf");
        String key = "tokenizer.ggml.";
        for (Object[] change : new Object[][] {
            {"merges", TextTable.of(List.of("a b", "ab")), "merge 1, 'ab'"},
            {"merges", TextTable.of(List.of(" a")), "merge 0, ' a'"},
            {"merges", TextTable.of(List.of("a ")), "merge 0, 'a '"},
            {"tokens", TextTable.of(List.of("a", "b", "a")), "tokens 0 and 2 have the same"},
            {"token_type", new int[] {1, 1}, "50257 tokens, 2 token types"},
            {"scores", new float[] {1}, "50257 tokens, 1 scores"}}) {
            var refused = assertThrows(MalformedModelException.class,
                    () -> GgufVocabulary.read(gpt2.with(key + change[0], change[1])));
            assertTrue(refused.getMessage().contains((String) change[2]), refused.getMessage());
        }
        for (String missing : List.of("model", "tokens", "merges")) {
            var refused = assertThrows(MalformedModelException.class,
                    () -> GgufVocabulary.read(gpt2.without(key + missing)));
            assertTrue(refused.getMessage().contains(key + missing), refused.getMessage());
        }
        var unknown = assertThrows(UnsupportedModelException.class,
                () -> GgufVocabulary.read(gpt2.with(key + "model", "rwkv")));
        assertTrue(unknown.getMessage().contains("'rwkv'"), unknown.getMessage());
        GgufMetadata llama = TestData.metadata("stories260K.gguf");
        float[] scores = llama.floats(key + "scores").clone();
        scores[77] = Float.NaN;
        var notANumber = assertThrows(MalformedModelException.class,
                () -> GgufVocabulary.read(llama.with(key + "scores", scores)));
        assertTrue(notANumber.getMessage().contains("token 77"), notANumber.getMessage());
    }

    @Test
    void idsOutsideTheVocabularyAreAsGoodAsNone() throws IOException {
        GgufMetadata gpt2 = TestData.metadata("ggml-vocab-gpt-2.gguf");
        Tokenizer tokenizer = GgufVocabulary.read(gpt2
                .with("tokenizer.ggml.eos_token_id", 4_000_000_000L)
                .with("tokenizer.ggml.eot_token_id", -7L)).tokenizer();
        assertEquals(tokenizer.name(11), tokenizer.eosText());
        assertTrue(tokenizer.endOfGeneration().stream().allMatch(id -> id < 50257));
        assertThrows(IndexOutOfBoundsException.class, () -> tokenizer.bytes(50257));
    }

    @Test
    void emptyTextsAreNamedAndNeverWritten() throws IOException {
        var metadata = TestData.metadata("stories260K.gguf");
        var texts = new ArrayList<String>();
        TextTable table = metadata.texts("tokenizer.ggml.tokens");
        for (int i = 0; i < table.size(); i++) {
            texts.add(i == 500 || i == 501 ? "" : table.text(i));
        }
        Tokenizer tokenizer = GgufVocabulary.read(metadata
                .with("tokenizer.ggml.tokens", TextTable.of(texts))).tokenizer();
        assertEquals("[EMPTY_500]", tokenizer.name(500));
    }
}
