package dev.sluice.models.onnx;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.sluice.models.EncoderInput;
import dev.sluice.models.EncoderTexts;
import java.util.stream.LongStream;

/// Texts by HuggingFace's own tokenizers, which read every `tokenizer.json` and know what a model
/// wants around a text and between two. They take control tokens in a text for such, other than our
/// own. Immutable, any thread; closing it frees native memory.
final class DjlTexts implements EncoderTexts, AutoCloseable {
    private final HuggingFaceTokenizer tokenizer;

    DjlTexts(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    @Override
    public EncoderInput text(String text) {
        return input(tokenizer.encode(text, true, false));
    }

    @Override
    public EncoderInput pair(String query, String document) {
        return input(tokenizer.encode(query, document, true, false));
    }

    private static EncoderInput input(Encoding encoding) {
        return new EncoderInput(ints(encoding.getIds()), ints(encoding.getTypeIds()));
    }

    private static int[] ints(long[] values) {
        return LongStream.of(values).mapToInt(Math::toIntExact).toArray();
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
