package dev.sluice.bridge.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.bridge.host.HostedEncoder;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.EncoderOptions;
import dev.sluice.models.EncoderTask;
import dev.sluice.runtime.StepTurns;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Goal: `serve -m NAME=MODEL` tells encoders from models that generate, from either format.
class EncoderOpenerTest {
    private static final Path RESOURCES = Path.of("../models/core/src/test/resources");

    private final StringWriter err = new StringWriter();

    private Optional<ModelHost.Opener> opener(String path) {
        return EncoderOpener.of("m", RESOURCES.resolve(path), EncoderOptions.defaults(),
                () -> Kernels.open("reference", BackendOptions.defaults()),
                new EncoderOpener.Sharing(4, new StepTurns(), 1), new PrintWriter(err));
    }

    @Test
    void encodersAreKnownFromTheirFiles() {
        assertEquals(EncoderTask.EMBEDDING, task("encoders/bert-mean"));
        assertEquals(EncoderTask.EMBEDDING, task("encoders/bert-mean-gguf/model.gguf"));
        assertEquals(EncoderTask.EMBEDDING, task("encoders/qwen3-last-gguf/model.gguf"));
        assertEquals(EncoderTask.EMBEDDING, task("encoders/qwen3-last"));
        assertEquals(EncoderTask.RERANKER, task("encoders/bert-rank"));
        assertEquals(EncoderTask.RERANKER, task("encoders/qwen3-rank/model.gguf"));
        assertTrue(opener("goldens/llama/model-f32.gguf").isEmpty());
        assertTrue(opener("goldens/llama/hf").isEmpty());
    }

    private EncoderTask task(String path) {
        return opener(path).flatMap(ModelHost.Opener::encodes).orElseThrow();
    }

    @Test
    void theStartLineSaysWhatItTakes() {
        ModelHost.Opener opener = opener("encoders/bert-mean").orElseThrow();
        assertTrue(opener.bytes() > 50_000, "bytes " + opener.bytes());
        try (var hosted = (HostedEncoder) opener.open()) {
            assertEquals(opener.bytes(), hosted.memory().totalBytes());
        }
        assertTrue(err.toString().startsWith(
                "model m: embedding, 24 outputs of at most 48 tokens; weights"), err.toString());
    }
}
