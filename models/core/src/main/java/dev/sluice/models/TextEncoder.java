package dev.sluice.models;

/// A whole graph that understands: the token ids of a text in, one vector or score out. Found by
/// [TextEncoderProvider], or opened on our own kernels. One thread at a time.
public interface TextEncoder extends AutoCloseable {

    EncoderConfig config();

    /// Token ids are below this.
    int vocab();

    /// Most rows of one batch; at least as many as one text may have ids.
    int maxRows();

    /// Most texts of one batch.
    int maxTexts();

    /// Encodes every text of `batch` by itself: what else is in the batch changes no bit of an
    /// output. Output `j` of text `i` goes to `out[i * config().outputs() + j]`: an embedding
    /// (normalised where the config says so), a score as the model's makers define it (the logit of
    /// a BERT cross-encoder, Qwen3's probability of yes), or a label's logit. No
    /// padding is computed. A batch with an id or a length beyond the model's is a
    /// [MalformedBatchException].
    void encode(EncoderBatch batch, float[] out);

    /// Has `pause` called between layers, on the thread that runs [#encode]: another model may use
    /// the processors there. A graph that runs in one piece does not call it.
    default void pauseBetweenLayers(Runnable pause) { }

    @Override
    void close();
}
