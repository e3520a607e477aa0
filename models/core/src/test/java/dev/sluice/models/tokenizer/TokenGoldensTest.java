package dev.sluice.models.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.tokenizer.Tokenizer.Special;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Goal: the ids of libllama, every one. Method: the golden files hold ids of many texts by many
/// vocabularies, `plain` with nothing added and nothing parsed, `special` with both. Where a
/// vocabulary file is missing its golden is passed over, and the number compared is printed.
class TokenGoldensTest {

    @Test
    void everyIdOfEveryTextIsLibllamas() throws IOException {
        compare("token-goldens.json", 1);
    }

    @Test
    void everyNamedPreTokenizerIsLibllamas() throws IOException {
        if (Files.exists(TestData.vocabulary("ggml-vocab-gpt-2.gguf"))) {
            compare("token-goldens-pre.json", 6);
        } else {
            System.out.println("token-goldens-pre.json: 0 texts compared, no gpt-2 vocabulary");
        }
    }

    /// Random texts with marks in them, by libllama as the others.
    @Test
    void randomTextsWithMarksAreLibllamas() throws IOException {
        compare(Path.of("src/test/resources/tokenizer/random-goldens.json"), 1);
    }

    private static void compare(String file, int modelsMin) throws IOException {
        compare(TestData.data().resolve(file), modelsMin);
    }

    private static void compare(Path file, int modelsMin) throws IOException {
        Map<String, Object> goldens = TestData.json(file);
        List<String> texts = TestData.list(goldens.get("texts"));
        int compared = 0;
        int models = 0;
        for (var entry : TestData.map(goldens.get("models")).entrySet()) {
            Tokenizer tokenizer = tokenizer(entry.getKey());
            if (tokenizer == null) {
                continue;
            }
            models++;
            Map<String, Object> golden = TestData.map(entry.getValue());
            var wrong = new ArrayList<String>();
            for (int i = 0; i < texts.size(); i++) {
                check(wrong, "plain", texts.get(i), ids(golden, "plain", i),
                        tokenizer.encode(texts.get(i), Special.AS_TEXT));
                check(wrong, "special", texts.get(i), ids(golden, "special", i),
                        tokenizer.withBosAndEos(tokenizer.encode(texts.get(i), Special.PARSE)));
                compared += 2;
            }
            assertEquals("", String.join("\n", wrong), entry.getKey());
        }
        System.out.printf("%s: %d texts compared with %d vocabularies%n", file.getFileName(),
                compared, models);
        assertTrue(models >= modelsMin, "only " + models + " vocabularies");
    }

    private static int[] ids(Map<String, Object> golden, String mode, int text) {
        return TestData.ints(TestData.list(golden.get(mode)).get(text));
    }

    /// The vocabulary of a golden's name; `gpt-2-pre-NAME.gguf` is gpt-2 with another
    /// pre-tokenizer.
    private static Tokenizer tokenizer(String name) throws IOException {
        if (name.startsWith("gpt-2-pre-")) {
            String pre = name.substring("gpt-2-pre-".length(), name.length() - ".gguf".length());
            return GgufVocabulary.read(TestData.metadata("ggml-vocab-gpt-2.gguf")
                    .with("tokenizer.ggml.pre", pre)).tokenizer();
        }
        return Files.exists(TestData.vocabulary(name)) ? TestData.tokenizer(name) : null;
    }

    private static void check(List<String> wrong, String mode, String text, int[] want,
            int[] got) {
        if (!Arrays.equals(want, got)) {
            wrong.add("%s '%s': want %s got %s"
                    .formatted(mode, text, Arrays.toString(want), Arrays.toString(got)));
        }
    }
}
