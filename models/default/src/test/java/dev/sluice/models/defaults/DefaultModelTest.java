package dev.sluice.models.defaults;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Goal: whatever lies in the folder, what comes out is the model that shipped. Method: extract
/// into an empty folder, then over a torn, a longer and an altered file, and from two threads.
final class DefaultModelTest {
    private static final int SIZE_MAX = 12_000_000;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource(DefaultModel.class)
    void is_extracted_once(DefaultModel model) throws IOException {
        Path file = model.extractTo(folder.resolve("new/models"));
        assertEquals("GGUF", new String(Files.readAllBytes(file), 0, 4));
        var written = Files.getLastModifiedTime(file);
        assertEquals(file, model.extractTo(folder.resolve("new/models")));
        assertEquals(written, Files.getLastModifiedTime(file));
        assertEquals(1, entries(folder.resolve("new/models")));
    }

    @Test
    void both_fit_the_limit() throws IOException {
        long bytes = 0;
        for (DefaultModel model : DefaultModel.values()) {
            bytes += Files.size(model.extractTo(folder));
        }
        assertTrue(bytes <= SIZE_MAX, bytes + " bytes, allowed " + SIZE_MAX);
    }

    @Test
    void a_torn_or_altered_file_is_replaced() throws IOException {
        Path file = DefaultModel.WORKER.extractTo(folder);
        byte[] whole = Files.readAllBytes(file);
        byte[] altered = whole.clone();
        altered[whole.length / 2] ^= 1;
        byte[][] damaged = {
            Arrays.copyOf(whole, whole.length / 2), Arrays.copyOf(whole, whole.length + 1),
            altered, {},
        };
        for (byte[] bytes : damaged) {
            Files.write(file, bytes);
            assertEquals(file, DefaultModel.WORKER.extractTo(folder));
            assertArrayEquals(whole, Files.readAllBytes(file));
        }
        assertEquals(1, entries(folder), "parts were left behind");
    }

    @Test
    void two_at_once_find_the_same() throws Exception {
        try (var threads = Executors.newFixedThreadPool(2)) {
            Callable<Path> extract = () -> DefaultModel.ORCHESTRATOR.extractTo(folder);
            var first = threads.submit(extract);
            var second = threads.submit(extract);
            assertEquals(first.get(), second.get());
        }
        assertEquals(1, entries(folder));
    }

    @Test
    void a_folder_that_can_not_be_written_is_named() throws IOException {
        Path blocked = Files.writeString(folder.resolve("file"), "not a folder");
        var error = assertThrows(UncheckedIOException.class,
                () -> DefaultModel.WORKER.extractTo(blocked));
        assertTrue(error.getMessage().contains("sluice-worker"), error.getMessage());
        assertTrue(error.getMessage().contains(blocked.toString()), error.getMessage());
    }

    private static long entries(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.count();
        }
    }
}
