package dev.sluice.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import dev.sluice.bridge.inprocess.InProcessException;
import dev.sluice.models.EncoderInput;
import dev.sluice.runtime.Embedder;
import dev.sluice.runtime.EncodingFailed;
import dev.sluice.runtime.RequestRejected;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// An embedding model in this process as LangChain4j's. Texts of concurrent callers share batches.
/// Any thread.
///
/// ```java
/// try (var model = SluiceEmbeddingModel.open(Path.of("bge-small.gguf"))) {
///     Embedding vector = model.embed("a gate that steers water").content();
/// }
/// ```
///
/// A text that is too long is an `InvalidRequestException` with the numbers; nothing is cut off.
public final class SluiceEmbeddingModel implements EmbeddingModel, AutoCloseable {
    private final String name;
    private final Embedder embedder;

    private SluiceEmbeddingModel(String name, Embedder embedder) {
        this.name = name;
        this.embedder = embedder;
    }

    /// Opens an embedding model (GGUF or a folder of safetensors).
    public static SluiceEmbeddingModel open(Path model) {
        return of(model.toAbsolutePath().getFileName().toString(), Embedder.open(model));
    }

    /// Over an embedder that is open already, which is closed with this.
    public static SluiceEmbeddingModel of(String name, Embedder embedder) {
        return new SluiceEmbeddingModel(name, embedder);
    }

    @Override
    public Response<List<Embedding>> embedAll(List<TextSegment> segments) {
        var inputs = new ArrayList<EncoderInput>(segments.size());
        int tokens = 0;
        for (TextSegment segment : segments) {
            EncoderInput input = embedder.engine().texts().text(segment.text());
            inputs.add(input);
            tokens += input.length();
        }
        var embeddings = new ArrayList<Embedding>(segments.size());
        for (float[] vector : encode(inputs)) {
            embeddings.add(Embedding.from(vector));
        }
        return Response.from(embeddings, new TokenUsage(tokens));
    }

    private float[][] encode(List<EncoderInput> inputs) {
        try {
            return embedder.engine().encode(inputs);
        } catch (RequestRejected e) {
            throw Replies.exception(InProcessException.of(e));
        } catch (EncodingFailed e) {
            throw Replies.exception(InProcessException.of(e));
        }
    }

    @Override
    public int dimension() { return embedder.dimensions(); }

    @Override
    public String modelName() { return name; }

    @Override
    public void close() {
        embedder.close();
    }
}
