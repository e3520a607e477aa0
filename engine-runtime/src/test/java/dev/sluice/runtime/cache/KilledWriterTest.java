package dev.sluice.runtime.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Goal: a process that is killed in the middle of a write leaves nothing behind that is used.
/// Method: a process that writes pages of a quarter of a megabyte is killed (SIGKILL) a few times
/// at different moments; the next cache on its folder reads all that it finds, and every position
/// is compared.
@Timeout(120)
class KilledWriterTest {
    @Test
    void whatIsLeftIsWholeOrDiscarded(@TempDir Path folder) throws Exception {
        long unfinished = 0;
        long found = 0;
        for (int round = 0; round < 6; round++) {
            killAfterSomeFiles(folder, 5 + 7 * round);
            unfinished += count(folder, ".tmp");
            found += readAll(folder);
            assertEquals(0, count(folder, ".tmp"));
        }
        assertTrue(unfinished > 0, "no kill hit a write");
        assertTrue(found > 0, "nothing was left");
    }

    private static void killAfterSomeFiles(Path folder, int more) throws Exception {
        long before = count(folder, ".kv");
        Process writer = new ProcessBuilder(
                System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                "-Xmx256m", "-cp", System.getProperty("java.class.path"),
                KilledWriter.class.getName(), folder.toString()).inheritIO().start();
        // Killed with a file half written, if one is seen in time.
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (writer.isAlive() && System.nanoTime() < deadline
                && (count(folder, ".kv") < before + more || count(folder, ".tmp") == 0)) {
            Thread.onSpinWait();
        }
        assertTrue(writer.isAlive(), "the writer ended by itself");
        writer.destroyForcibly().waitFor();
    }

    private static long count(Path folder, String suffix) throws IOException {
        try (var files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(suffix)).count();
        }
    }

    /// Tokens that were there.
    private static long readAll(Path folder) throws IOException {
        PageLm model = KilledWriter.model();
        long found = 0;
        long torn = count(folder, ".tmp");
        try (var cache = new KvCache(model, KilledWriter.tiers(folder), () -> 0)) {
            assertEquals(torn, cache.stats().tiers().discards(), cache.tierNote());
            for (int seed = 0; seed < KilledWriter.TEXTS; seed++) {
                int[] text = KilledWriter.text(seed);
                KvSequence sequence = cache.open(CacheSpace.SHARED);
                while (cache.attach(sequence, text, text.length).loading()) {
                    Thread.onSpinWait();
                }
                model.verify(sequence, text, "after the kill");
                cache.checkIntegrity(List.of(sequence));
                found += sequence.length();
                cache.close(sequence);
            }
            assertEquals(torn, cache.stats().tiers().discards(), "what is named is whole");
            return found;
        }
    }
}
