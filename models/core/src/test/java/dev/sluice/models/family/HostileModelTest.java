package dev.sluice.models.family;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.InsufficientMemoryException;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.MalformedModelException;
import dev.sluice.models.UnsupportedModelException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: a model file whose numbers lie ends in one of the three named exceptions, never in an
/// array index, an overflow or an allocation of what it claims.
///
/// Method: valid tiny models with bytes of the header changed, opened on the reference backend.
class HostileModelTest {
    private static final Path GOLDENS = Path.of("src/test/resources/goldens");
    private static final int MUTATIONS = 1500;

    @TempDir
    Path folder;

    @Test
    void changedHeaders() throws IOException {
        for (String name : new String[] {"llama", "deepseek3", "gpt-oss"}) {
            byte[] valid = Files.readAllBytes(GOLDENS.resolve(name).resolve("model-f32.gguf"));
            int metadataEnd = indexOf(valid, "tokenizer.ggml.tokens");
            changed(name, valid, 24, metadataEnd);
        }
    }

    private void changed(String name, byte[] valid, int from, int to) throws IOException {
        long seed = new Random().nextLong();
        var random = new SplittableRandom(seed);
        Path file = folder.resolve(name + ".gguf");
        for (int i = 0; i < MUTATIONS; i++) {
            byte[] bytes = valid.clone();
            int at = random.nextInt(from, to);
            for (int n = random.nextInt(1, 4); n > 0; n--) {
                bytes[Math.min(to - 1, at + n)] = (byte) random.nextInt(256);
            }
            Files.write(file, bytes);
            try {
                open(file).close();
            } catch (MalformedModelException | UnsupportedModelException
                    | InsufficientMemoryException expected) {
                assertTrue(expected.getMessage() != null, "a message");
            } catch (RuntimeException | Error e) {
                throw new AssertionError("%s, seed %d, mutation %d at byte %d"
                        .formatted(name, seed, i, at), e);
            }
        }
    }

    @Test
    void unknownArchitectureListsTheKnown() throws IOException {
        byte[] bytes = Files.readAllBytes(GOLDENS.resolve("llama/model-f32.gguf"));
        int at = indexOf(bytes, "general.architecture") + "general.architecture".length() + 12;
        System.arraycopy("lamma".getBytes(StandardCharsets.UTF_8), 0, bytes, at, 5);
        Path file = Files.write(folder.resolve("unknown.gguf"), bytes);
        var e = assertThrows(UnsupportedModelException.class, () -> open(file));
        assertTrue(e.getMessage().contains("'lamma'") && e.getMessage().contains("qwen3moe"),
                e.getMessage());
    }

    private static LoadedModel open(Path file) {
        return LoadedModel.open(file, Kernels.open("reference", BackendOptions.defaults()),
                new LoadOptions(DType.F32, 64, 1, 8), _ -> { });
    }

    private static int indexOf(byte[] bytes, String text) {
        String all = new String(bytes, 0, Math.min(bytes.length, 1 << 16),
                StandardCharsets.ISO_8859_1);
        int at = all.indexOf(text);
        assertTrue(at > 0, "no " + text);
        return at;
    }
}
