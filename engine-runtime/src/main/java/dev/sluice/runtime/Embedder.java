package dev.sluice.runtime;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.EncoderConfig;
import dev.sluice.models.EncoderInput;
import dev.sluice.models.EncoderOptions;
import dev.sluice.models.EncoderTask;
import dev.sluice.models.LoadedEncoder;
import dev.sluice.models.UnsupportedModelException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Texts as vectors, from Java. Any thread; texts of concurrent callers share batches.
///
/// ```java
/// try (Embedder embedder = Embedder.open(Path.of("bge-small.gguf"))) {
///     float[] a = embedder.embed("a gate that steers water");
///     float[] b = embedder.embed("sluice");
///     System.out.println(Embedder.similarity(a, b));
/// }
/// ```
public final class Embedder implements AutoCloseable {
    /// Texts that may wait before callers are refused.
    private static final int WAITING_MAX = 1 << 16;

    private final EncoderEngine engine;

    private Embedder(EncoderEngine engine) {
        this.engine = engine;
    }

    /// Opens an embedding model (GGUF or a folder of safetensors) on the Vector API backend, with
    /// every processor.
    public static Embedder open(Path model) {
        return open(model, Kernels.open("vector", BackendOptions.defaults()),
                EncoderOptions.defaults());
    }

    /// Opens it on `kernels`, which belong to it from then on, also when opening fails.
    public static Embedder open(Path model, Kernels kernels, EncoderOptions options) {
        LoadedEncoder loaded = LoadedEncoder.open(model, kernels, options);
        if (loaded.config().task() != EncoderTask.EMBEDDING) {
            loaded.close();
            throw new UnsupportedModelException(model + ": a "
                    + loaded.config().task().name().toLowerCase(java.util.Locale.ROOT)
                    + ", which gives scores and no vectors");
        }
        return of(loaded);
    }

    /// Embeds with an encoder that is open already, and closes it in the end.
    public static Embedder of(LoadedEncoder loaded) {
        return new Embedder(new EncoderEngine(loaded, WAITING_MAX));
    }

    /// The token level, for whoever needs more than vectors.
    public EncoderEngine engine() { return engine; }

    public EncoderConfig config() { return engine.config(); }

    /// Elements of a vector.
    public int dimensions() { return config().outputs(); }

    /// The vector [#dimensions] of a text. One that is too long is a [RequestRejected]; nothing is
    /// cut off.
    public float[] embed(String text) {
        return embed(List.of(text)).getFirst();
    }

    /// The vectors of several texts, in their order.
    public List<float[]> embed(List<String> texts) {
        var inputs = new ArrayList<EncoderInput>(texts.size());
        for (String text : texts) {
            inputs.add(engine.texts().text(text));
        }
        return List.of(engine.encode(inputs));
    }

    /// The cosine of the angle between two vectors of one model: 1 for the same direction.
    public static double similarity(float[] a, float[] b) {
        if (a.length != b.length) {
            throw new IllegalArgumentException(
                    "vectors of %d and %d elements".formatted(a.length, b.length));
        }
        double product = 0;
        double squaresOfA = 0;
        double squaresOfB = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
            squaresOfA += (double) a[i] * a[i];
            squaresOfB += (double) b[i] * b[i];
        }
        return product / Math.sqrt(squaresOfA * squaresOfB);
    }

    @Override
    public void close() {
        engine.close();
    }
}
