package dev.sluice.langchain4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.store.embedding.EmbeddingSearchRequest;
import dev.langchain4j.store.embedding.inmemory.InMemoryEmbeddingStore;
import dev.sluice.runtime.Embedder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Goal: LangChain4j sees the vectors that the engine makes. Method: a tiny random BERT, beside
/// [Embedder] on the same file, and LangChain4j's store in memory.
@Timeout(120)
class SluiceEmbeddingModelTest {
    private static final Path MODEL =
            Path.of("../../models/core/src/test/resources/encoders/bert-mean");

    @Test
    void vectors_are_the_engines_in_their_order() {
        try (var model = SluiceEmbeddingModel.open(MODEL);
                Embedder embedder = Embedder.open(MODEL)) {
            List<TextSegment> texts = List.of(TextSegment.from("a gate"),
                    TextSegment.from("that steers water"));
            Response<List<Embedding>> answer = model.embedAll(texts);
            for (int i = 0; i < texts.size(); i++) {
                assertArrayEquals(embedder.embed(texts.get(i).text()),
                        answer.content().get(i).vector());
            }
            assertArrayEquals(embedder.embed("a gate"), model.embed("a gate").content().vector());
            assertEquals(embedder.dimensions(), model.dimension());
            assertEquals("bert-mean", model.modelName());
            assertTrue(answer.tokenUsage().inputTokenCount() >= 6, answer.tokenUsage().toString());
        }
    }

    @Test
    void a_store_finds_the_text_itself() {
        try (var model = SluiceEmbeddingModel.open(MODEL)) {
            var store = new InMemoryEmbeddingStore<TextSegment>();
            for (String text : List.of("water", "a gate", "numbers in a row")) {
                TextSegment segment = TextSegment.from(text);
                store.add(model.embed(segment).content(), segment);
            }
            var found = store.search(EmbeddingSearchRequest.builder()
                    .queryEmbedding(model.embed("a gate").content()).maxResults(1).build());
            assertEquals("a gate", found.matches().getFirst().embedded().text());
        }
    }

    @Test
    void a_text_that_is_too_long_is_refused_with_the_numbers() {
        try (var model = SluiceEmbeddingModel.open(MODEL)) {
            var refused = assertThrows(InvalidRequestException.class,
                    () -> model.embed("water ".repeat(2000)));
            assertTrue(refused.getMessage().contains("reads at most"), refused.getMessage());
        }
    }
}
