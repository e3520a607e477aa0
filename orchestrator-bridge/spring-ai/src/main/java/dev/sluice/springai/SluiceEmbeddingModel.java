package dev.sluice.springai;

import dev.sluice.bridge.inprocess.InProcessException;
import dev.sluice.models.EncoderInput;
import dev.sluice.runtime.Embedder;
import dev.sluice.runtime.EncodingFailed;
import dev.sluice.runtime.RequestRejected;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.Embedding;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.embedding.EmbeddingResponseMetadata;

/// An embedding model in this process as Spring AI's. Texts of concurrent callers share batches.
/// Any thread.
///
/// ```java
/// try (var model = SluiceEmbeddingModel.open(Path.of("bge-small.gguf"))) {
///     float[] vector = model.embed("a gate that steers water");
/// }
/// ```
///
/// A text that is too long is an [InProcessException] with the numbers; nothing is cut off.
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
    public EmbeddingResponse call(EmbeddingRequest request) {
        check(request.getOptions());
        var inputs = new ArrayList<EncoderInput>();
        int tokens = 0;
        for (String text : request.getInstructions()) {
            EncoderInput input = embedder.engine().texts().text(text);
            inputs.add(input);
            tokens += input.length();
        }
        var embeddings = new ArrayList<Embedding>();
        for (float[] vector : encode(inputs)) {
            embeddings.add(new Embedding(vector, embeddings.size()));
        }
        return new EmbeddingResponse(embeddings,
                new EmbeddingResponseMetadata(name, new DefaultUsage(tokens, 0)));
    }

    private void check(EmbeddingOptions options) {
        if (options == null) {
            return;
        }
        if (options.getModel() != null && !options.getModel().equals(name)) {
            throw InProcessException.invalid("model", "the model '%s' does not exist; there is: %s"
                    .formatted(options.getModel(), name));
        }
        if (options.getDimensions() != null && options.getDimensions() != dimensions()) {
            throw InProcessException.invalid("dimensions",
                    "dimensions: %d of the model '%s', whose vectors have %d".formatted(
                            options.getDimensions(), name, dimensions()));
        }
    }

    private float[][] encode(List<EncoderInput> inputs) {
        try {
            return embedder.engine().encode(inputs);
        } catch (RequestRejected e) {
            throw InProcessException.of(e);
        } catch (EncodingFailed e) {
            throw InProcessException.of(e);
        }
    }

    @Override
    public float[] embed(Document document) {
        return embed(getEmbeddingContent(document));
    }

    @Override
    public int dimensions() { return embedder.dimensions(); }

    @Override
    public void close() {
        embedder.close();
    }
}
