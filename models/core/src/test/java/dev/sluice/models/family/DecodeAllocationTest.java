package dev.sluice.models.family;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Goal: a decode step makes next to no garbage, dense or with experts, so that collections do not
/// stop the engine.
///
/// Method: bytes allocated by the engine's thread over windows of 100 steps of a tiny model, until
/// a window is cheapest; [DecodeSteps] says why in a process of its own.
class DecodeAllocationTest {
    /// `StrictMath.sin` and `cos` make an array of two numbers per call; a step calls each once
    /// per rotated pair of elements.
    private static final long BYTES_PER_ROTATED_ELEMENT = 32;
    /// In some runs the compiler leaves one vector on the heap (16 bytes and an array of 16
    /// floats) for each head's sum of exponentials; in others none.
    private static final long BYTES_PER_HEAD = 96;

    /// Both models have two layers of four heads.
    @ParameterizedTest
    @CsvSource({"llama/model-f32.gguf, 16, 8", "qwen3-moe/model-f32.gguf, 32, 8"})
    void aStepAllocatesNextToNothing(String model, long rotatedElements, long heads)
            throws Exception {
        long bytes = DecodeSteps.bytesAllocated(
                Path.of("src/test/resources/goldens", model).toAbsolutePath());
        long allowed = DecodeSteps.WINDOW_STEPS
                * (rotatedElements * BYTES_PER_ROTATED_ELEMENT + heads * BYTES_PER_HEAD);
        assertTrue(bytes <= allowed, "%d bytes for %d steps, allowed %d"
                .formatted(bytes, DecodeSteps.WINDOW_STEPS, allowed));
    }
}
