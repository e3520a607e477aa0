package dev.sluice.models.tokenizer;

import dev.sluice.models.Gunzipped;
import dev.sluice.models.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Where the tests' vocabularies and goldens lie: the folder `-Dgoldens` names, or what the
/// repository carries.
final class TestData {
    private TestData() { }

    static boolean complete() {
        return !System.getProperty("goldens", "").isEmpty();
    }

    /// The folder of vocabularies and goldens, laid out as `DIR/data` is.
    static Path data() {
        return complete() ? Path.of(System.getProperty("goldens"), "data")
                : Path.of("src/test/resources/tokenizer");
    }

    static Path vocabulary(String name) throws IOException {
        Path stories = Path.of("src/test/resources/stories260K").resolve(name);
        Path plain = data().resolve("vocab").resolve(name);
        return Files.exists(stories) ? stories : Gunzipped.file(plain);
    }

    static GgufMetadata metadata(String name) throws IOException {
        return GgufMetadata.read(vocabulary(name));
    }

    static Tokenizer tokenizer(String name) throws IOException {
        return GgufVocabulary.read(metadata(name)).tokenizer();
    }

    /// One tokenizer of each kind of pre-tokenizer, aliases left out, over the gpt-2 vocabulary.
    static Map<String, Tokenizer> everyPreTokenizer() throws IOException {
        GgufMetadata gpt2 = metadata("ggml-vocab-gpt-2.gguf");
        var kinds = new HashSet<NamedPreTokenizer>();
        var tokenizers = new LinkedHashMap<String, Tokenizer>();
        for (String name : NamedPreTokenizer.names()) {
            if (kinds.add(NamedPreTokenizer.named(name))) {
                tokenizers.put(name, GgufVocabulary.read(
                        gpt2.with("tokenizer.ggml.pre", name)).tokenizer());
            }
        }
        return tokenizers;
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> json(Path path) throws IOException {
        return (Map<String, Object>) Json.parse(Files.readAllBytes(Gunzipped.file(path)));
    }

    @SuppressWarnings("unchecked")
    static <T> List<T> list(Object value) {
        return (List<T>) value;
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> map(Object value) {
        return (Map<String, Object>) value;
    }

    static int[] ints(Object list) {
        return TestData.<Long>list(list).stream().mapToInt(Long::intValue).toArray();
    }
}
