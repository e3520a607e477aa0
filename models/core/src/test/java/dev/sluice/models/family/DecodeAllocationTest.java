package dev.sluice.models.family;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Goal: a decode step makes no garbage, dense or with experts, so that collections do not stop the
/// engine.
///
/// Method: bytes allocated by the engine's thread over windows of 100 steps of a tiny model, until
/// a window is cheapest; [DecodeSteps] says why in a process of its own.
class DecodeAllocationTest {
    @ParameterizedTest
    @ValueSource(strings = {"llama/model-f32.gguf", "qwen3-moe/model-f32.gguf"})
    void aStepAllocatesNothing(String model) throws Exception {
        assertEquals(0, DecodeSteps.bytesAllocated(
                Path.of("src/test/resources/goldens", model).toAbsolutePath()),
                "bytes for " + DecodeSteps.WINDOW_STEPS + " steps");
    }
}
