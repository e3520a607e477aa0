package dev.sluice.models.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.LoadOptions;
import dev.sluice.models.MalformedModelException;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: what `genai_config.json` says of ends, begin, context and length is what the opened model
/// says. Method: an exported model whose config is written anew, in each of the forms that ONNX
/// Runtime GenAI takes.
class GenAiConfigTest {
    @TempDir
    private Path folder;
    private Set<Integer> own;

    @BeforeEach
    void export() throws IOException {
        OnnxExport.write(Golden.root().resolve("llama").resolve("model-f32.gguf"), folder,
                WeightForm.F32, _ -> { });
        config("", "");
        own = tokenizer().endOfGeneration();
    }

    /// @param marks   members of `model`, each followed by a comma
    /// @param search  members of `search`
    private void config(String marks, String search) throws IOException {
        Files.writeString(folder.resolve(GenAiConfig.NAME), """
                {"model": {"type": "llama", %s "context_length": 128, "vocab_size": 512,
                  "decoder": {"filename": "model.onnx", "num_hidden_layers": 2}},
                 "search": {%s}}""".formatted(marks, search));
    }

    private Tokenizer tokenizer() {
        try (OnnxFolder opened = OnnxFolder.open(folder)) {
            return opened.texts().tokenizer();
        }
    }

    private Set<Integer> ownAnd(int... ids) {
        var all = new HashSet<>(own);
        for (int id : ids) {
            all.add(id);
        }
        return all;
    }

    @Test
    void one_end_or_a_list_of_ends_joins_the_tokenizers() throws IOException {
        assertTrue(!own.contains(77) && !own.contains(78), own.toString());
        config("\"eos_token_id\": 77,", "");
        assertEquals(ownAnd(77), tokenizer().endOfGeneration());
        config("\"eos_token_id\": [77, 78],", "");
        assertEquals(ownAnd(77, 78), tokenizer().endOfGeneration());
        config("\"eos_token_id\": [77, 512, -1],", "");
        assertEquals(ownAnd(77), tokenizer().endOfGeneration(), "512 is no token, -1 none");
    }

    @Test
    void configs_of_optimum_count_where_no_generation_config_does() throws IOException {
        Files.delete(folder.resolve(GenAiConfig.NAME));
        Files.writeString(folder.resolve("config.json"), """
                {"model_type": "llama", "max_position_embeddings": 64, "vocab_size": 512,
                 "eos_token_id": 79}""");
        assertEquals(ownAnd(79), tokenizer().endOfGeneration());
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": 80}");
        assertEquals(own, tokenizer().endOfGeneration(), "its own reader takes that file");
    }

    /// The exported tokenizer has names for both, which stay; one without them takes the config's.
    @Test
    void begin_and_end_get_names_where_they_have_none() throws IOException {
        config("\"eos_token_id\": [1, 3], \"bos_token_id\": 2, \"pad_token_id\": 0,", "");
        assertEquals("<|begin_of_text|>", tokenizer().bosText());
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"model": {"type": "BPE", "vocab": {"a": 0, "END": 1, "BEGIN": 2}, "merges": []},
                 "normalizer": null, "pre_tokenizer": null, "post_processor": null}""");
        assertEquals("BEGIN", tokenizer().bosText());
        assertEquals("END", tokenizer().eosText());
        assertEquals(Set.of(1), tokenizer().endOfGeneration(), "3 is no token");
        try (OnnxFolder opened = OnnxFolder.open(folder)) {
            assertEquals("a generation ends at [1, 3]; begin 2, padding 0",
                    opened.notes().get("marks"));
        }
    }

    @Test
    void length_and_context_bound_what_is_planned() throws IOException {
        assertEquals(128, positions(0));
        config("", "\"max_length\": 96, \"temperature\": 0.7");
        assertEquals(96, positions(0), "a run that says nothing else");
        assertEquals(120, positions(120), "--context goes up to the model's own");
        config("", "\"max_length\": 4096");
        assertEquals(128, positions(0));
        assertThrows(UnsupportedModelException.class, () -> positions(129));
        config("", "\"max_length\": 96, \"temperature\": 0.7");
        try (OnnxFolder opened = OnnxFolder.open(folder)) {
            assertTrue(opened.notes().get("search").contains("\"temperature\":0.7"),
                    opened.notes().toString());
        }
    }

    private int positions(int context) {
        try (OnnxFolder opened = OnnxFolder.open(folder)) {
            var options = LoadOptions.defaults();
            return opened.plan(new LoadOptions(options.kvType(), context, 1, 16)).positions();
        }
    }

    @Test
    void an_end_that_is_no_id_is_refused() throws IOException {
        for (String wrong : new String[] {"\"</s>\"", "[1, \"2\"]", "[0.5]", "{}"}) {
            config("\"eos_token_id\": " + wrong + ",", "");
            String message = assertThrows(MalformedModelException.class, this::tokenizer)
                    .getMessage();
            assertTrue(message.contains("eos_token_id") && message.contains(GenAiConfig.NAME),
                    message);
        }
        config("", "\"max_length\": \"long\"");
        assertTrue(assertThrows(MalformedModelException.class, () -> positions(0))
                .getMessage().contains("max_length"));
    }
}
