package dev.sluice.runtime.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: the same model has the same fingerprint in every process, and whatever changes a page's
/// bytes changes it. Method: a tiny model, its copies with one weight or one number of its metadata
/// changed, and other storage of keys and values.
class ModelFingerprintTest {
    private static final Path MODEL = Path.of(
            "../models/core/src/test/resources/goldens/llama/model-f32.gguf");

    private static ModelFingerprint of(Path file, DType type, int context, String backend) {
        Kernels kernels = Kernels.open("reference", BackendOptions.defaults());
        try (LoadedModel model = LoadedModel.open(
                file, kernels, new LoadOptions(type, context, 1, 8), _ -> { })) {
            return ModelFingerprint.of(model, backend);
        }
    }

    @Test
    void whatChangesPagesChangesIt(@TempDir Path folder) throws IOException {
        ModelFingerprint same = of(MODEL, DType.F16, 64, "reference");
        assertEquals(same, of(MODEL, DType.F16, 64, "reference"));
        assertEquals(same, of(MODEL, DType.F16, 96, "reference"), "the pool's size is no matter");
        Set<ModelFingerprint> seen = new HashSet<>(Set.of(same));
        seen.add(of(MODEL, DType.F32, 64, "reference"));
        seen.add(of(MODEL, DType.BF16, 64, "reference"));
        seen.add(of(MODEL, DType.F16, 64, "vector"));
        byte[] bytes = Files.readAllBytes(MODEL);
        Path copy = Files.write(folder.resolve("copy.gguf"), bytes);
        assertEquals(same, of(copy, DType.F16, 64, "reference"), "wherever it lies");
        bytes[bytes.length - 5] ^= 1;
        Files.write(copy, bytes);
        seen.add(of(copy, DType.F16, 64, "reference"));
        assertEquals(5, seen.size());
        assertNotEquals(ModelFingerprint.NONE, same);
    }
}
