package dev.sluice.models;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.contract.RequiredBackend;
import dev.sluice.models.file.Goldens;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// Goal: a model that does not fit into a device's budget is refused with the numbers and with
/// what would fit. Method: tiny models on an OpenCL device with half a megabyte.
class DeviceBudgetTest {
    private static String refusal(String family) {
        RequiredBackend.open("opencl").close();
        Path model = Goldens.carried().resolve(family).resolve("model-f32.gguf");
        Kernels kernels = Kernels.open("opencl", new BackendOptions(0, 1, 500_000));
        return assertThrows(InsufficientMemoryException.class, () -> LoadedModel.open(model,
                kernels, new LoadOptions(DType.F32, 64, 1, 64), _ -> { })).getMessage();
    }

    @Test
    @DisplayName("a dense model is told about its context, an MoE also about its experts")
    void remedies() {
        String dense = refusal("llama");
        assertTrue(dense.contains("budget of 500,000 bytes"), dense);
        assertTrue(dense.contains("--kv-memory") && !dense.contains("--expert-memory"), dense);
        String experts = refusal("qwen3-moe");
        assertTrue(experts.contains("--expert-memory, at least"), experts);
    }
}
