package dev.sluice.models.onnx;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.LoadedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// Goal: a session leaks nothing: no session object, buffer or tensor outlives it. Method: sessions
/// that are opened, generate 200 tokens and are closed, one after another; the process's resident
/// memory after the first tenth and at the end.
@EnabledOnOs(OS.LINUX)
class SessionMemoryTest {
    private static final int STEPS = 200;
    /// The allocator's fragments and the compiler's code; a leaked session is 0.6 MB, the tensors
    /// of one 0.2 MB.
    private static final long GROWTH_BYTES_MAX = 24L << 20;

    @TempDir
    private static Path folder;

    @Test
    void sixty_sessions_leave_nothing() throws IOException {
        run(60);
    }

    @Test
    @Tag("soak")
    void a_thousand_sessions_leave_nothing() throws IOException {
        run(1000);
    }

    private static void run(int sessions) throws IOException {
        OnnxExport.write(Golden.root().resolve("llama").resolve("model-f32.gguf"),
                folder.resolve("llama"), WeightForm.F32, _ -> { });
        var steps = new int[STEPS];
        long early = 0;
        for (int i = 0; i < sessions; i++) {
            try (LoadedModel model = Golden.open(folder.resolve("llama"), "reference", 256, 1)) {
                Golden.run(model.lm(), new int[] {1, 2, 3, 4}, 4, steps);
            }
            if (i == sessions / 3) {
                early = residentBytes();
            }
        }
        long late = residentBytes();
        System.out.printf("SessionMemoryTest: %,d bytes resident after %d sessions, %,d after %d%n",
                early, sessions / 3 + 1, late, sessions);
        assertTrue(late - early <= GROWTH_BYTES_MAX,
                "grew by %,d bytes, allowed %,d".formatted(late - early, GROWTH_BYTES_MAX));
    }

    /// After the heap's garbage is gone.
    private static long residentBytes() throws IOException {
        System.gc();
        return Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]) * 4096;
    }
}
