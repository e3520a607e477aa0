package dev.sluice.models.family;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.KvPlan;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Goal: the plan that is printed before a model is loaded is what its pages take, and a budget
/// shrinks or grows the pool. Method: tiny models with full, sliding and latent attention, on both
/// backends.
class KvGroupsTest {
    @ParameterizedTest
    @CsvSource({"llama,vector", "llama,reference", "gpt-oss,vector", "gpt-oss,reference",
            "deepseek3,vector", "deepseek3,reference"})
    void thePlanIsWhatIsAllocated(String model, String backend) {
        for (DType type : new DType[] {DType.F32, DType.F16, DType.BF16}) {
            var options = new LoadOptions(type, 256, 3, 16);
            long planned = check(model, backend, options);
            long less = check(model, backend, options.withKvBytes(planned / 3));
            long more = check(model, backend, options.withKvBytes(planned * 3));
            assertTrue(less <= planned / 3 && less > planned / 4, less + " of " + planned);
            assertTrue(more > planned * 2 && more <= planned * 3, more + " of " + planned);
        }
    }

    private static long check(String model, String backend, LoadOptions options) {
        Path path = Path.of("src/test/resources/goldens", model, "model-f32.gguf");
        Kernels kernels = Kernels.open(backend, BackendOptions.defaults());
        try (LoadedModel loaded = LoadedModel.open(path, kernels, options, _ -> { })) {
            KvPlan plan = loaded.lm().kvPlan();
            assertEquals(loaded.memory().kvBytes(), plan.byteSize(), plan.toString());
            long bytes = 0;
            for (int group = 0; group < plan.groups().size(); group++) {
                bytes += loaded.lm().pageBytes(group) * plan.groups().get(group).pages();
            }
            assertEquals(bytes, plan.byteSize());
            return bytes;
        }
    }
}
