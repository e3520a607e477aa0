package dev.sluice.models;

/// An encoder that is ready to run, and what belongs to it. Closing it closes the encoder.
///
/// @param encoder  one thread at a time
/// @param texts    any thread
/// @param memory   what the encoder takes
public record LoadedEncoder(TextEncoder encoder, EncoderTexts texts, MemoryPlan memory)
        implements AutoCloseable {

    public EncoderConfig config() { return encoder.config(); }

    @Override
    public void close() {
        encoder.close();
    }
}
