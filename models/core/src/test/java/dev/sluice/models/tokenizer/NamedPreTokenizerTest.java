package dev.sluice.models.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.tokenizer.Tokenizer.Special;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Goal: every named pre-tokenizer divides text as libllama does. Method:
/// `pre-tokenizer-goldens.json` holds the ids that libllama gives random text of many scripts under
/// the gpt-2 vocabulary with another `tokenizer.ggml.pre`.
class NamedPreTokenizerTest {

    @Test
    void everyNameDividesAsLibllama() throws IOException {
        Map<String, Object> goldens = TestData.json(
                Path.of("src/test/resources/tokenizer/pre-tokenizer-goldens.json"));
        List<String> texts = TestData.list(goldens.get("texts"));
        Map<String, Object> models = TestData.map(goldens.get("models"));
        for (var entry : models.entrySet()) {
            Tokenizer tokenizer = GgufVocabulary.read(TestData
                    .metadata("ggml-vocab-gpt-2.gguf")
                    .with("tokenizer.ggml.pre", entry.getKey())).tokenizer();
            for (int i = 0; i < texts.size(); i++) {
                int[] want = TestData.ints(TestData.list(entry.getValue()).get(i));
                int[] got = tokenizer.encode(texts.get(i), Special.AS_TEXT);
                assertEquals("", difference(tokenizer, want, got),
                        entry.getKey() + ", text " + i);
            }
        }
        System.out.printf("%d random texts compared under %d pre-tokenizers%n",
                texts.size(), models.size());
    }

    /// The first place where two tokenisations of a text differ, as tokens.
    private static String difference(Tokenizer tokenizer, int[] want, int[] got) {
        int at = Arrays.mismatch(want, got);
        return at < 0 ? "" : "token %d: after %s want %s got %s".formatted(at,
                names(tokenizer, want, at - 3, at), names(tokenizer, want, at, at + 5),
                names(tokenizer, got, at, at + 5));
    }

    private static List<String> names(Tokenizer tokenizer, int[] ids, int from, int to) {
        return Arrays.stream(ids, Math.max(0, from), Math.min(ids.length, to))
                .mapToObj(tokenizer::name).toList();
    }

    @Test
    void anAbsentNameIsTheDefaultAndIsWarnedOf() throws IOException {
        GgufMetadata gpt2 = TestData.metadata("ggml-vocab-gpt-2.gguf");
        var unnamed = GgufVocabulary.read(gpt2.without("tokenizer.ggml.pre"));
        var byDefault = GgufVocabulary.read(gpt2.with("tokenizer.ggml.pre", "default"));
        assertEquals(List.of(), GgufVocabulary.read(gpt2).warnings());
        assertEquals(1, unnamed.warnings().size());
        assertEquals(unnamed.warnings(), byDefault.warnings());
        String text = "a=b, 12345 $x";
        assertArrayEquals(byDefault.tokenizer().encode(text, Special.PARSE),
                unnamed.tokenizer().encode(text, Special.PARSE));
    }

    @Test
    void anUnknownNameIsRefusedWithTheKnownOnes() throws IOException {
        var source = TestData.metadata("ggml-vocab-gpt-2.gguf")
                .with("tokenizer.ggml.pre", "gpt-9");
        var refused = assertThrows(UnsupportedModelException.class,
                () -> GgufVocabulary.read(source));
        for (String name : List.of("'gpt-9'", "llama-bpe", "qwen2", "qwen35", "deepseek-llm",
                "deepseek-coder", "deepseek-v3", "deepseek-r1-qwen", "gpt-2", "gpt-4o", "tekken",
                "smollm", "starcoder", "falcon", "command-r", "mpt", "refact", "olmo", "llama4",
                "chatglm-bpe", "stablelm2", "superbpe", "exaone", "kimi-k2", "bloom",
                "minimax-m2")) {
            assertTrue(refused.getMessage().contains(name), name);
        }
    }
}
