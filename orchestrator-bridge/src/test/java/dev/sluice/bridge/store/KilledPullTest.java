package dev.sluice.bridge.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.bridge.cli.Main;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: a pull that is killed in the middle leaves nothing under the model's name, and the next
/// one goes on where it ended and says so. Method: `sluice pull` in a process of its own, from a
/// slow server, is killed once some bytes are on the disk; then a second and a third are run.
final class KilledPullTest {
    private static final String FILE = "m-Q4_0.gguf";

    @Test
    void aKilledPullIsGoneOnWith(@TempDir Path home) throws Exception {
        var bytes = new byte[8 << 20];
        new Random(3).nextBytes(bytes);
        try (var server = new HubServer().file(FILE, bytes)) {
            server.next(FILE, server.slowly(FILE, 1 << 15, 250));
            Path target = home.resolve(".sluice/models/o/n").resolve(FILE);
            Process child = start(home, server);
            Path part = PartFile.part(target);
            long end = System.nanoTime() + 60_000_000_000L;
            while ((!Files.exists(part) || Files.size(part) < 1 << 18)
                    && System.nanoTime() < end) {
                Thread.sleep(5);
            }
            assertTrue(child.isAlive(), "the pull was to be killed, not to end");
            Process second = start(home, server);
            String refusal = new String(second.getErrorStream().readAllBytes());
            assertEquals(1, second.waitFor(), refusal);
            assertTrue(refusal.contains("o/n:Q4_0 is being pulled by another process"), refusal);
            child.destroyForcibly().waitFor();
            assertFalse(Files.exists(target));
            long left = Files.size(part);
            assertTrue(left >= 1 << 18 && left < bytes.length, left + " bytes");

            Process next = start(home, server);
            String said = new String(next.getErrorStream().readAllBytes());
            assertEquals(0, next.waitFor(), said);
            assertTrue(said.contains("%s: found %,d of %,d bytes of an earlier pull".formatted(
                    FILE, left, bytes.length)), said);
            assertEquals(left, server.requestsOf(FILE).getLast().from());
            assertArrayEquals(bytes, Files.readAllBytes(target));
            assertFalse(Files.exists(part) || Files.exists(PartFile.state(target)));
        }
    }

    private static Process start(Path home, HubServer server) throws IOException {
        var builder = new ProcessBuilder(
                System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                "-Xmx256m", "-Duser.home=" + home, "-cp", System.getProperty("java.class.path"),
                Main.class.getName(), "pull", HubServer.REPOSITORY);
        builder.environment().put("HF_ENDPOINT", server.address().toString());
        builder.environment().remove("HF_TOKEN");
        builder.environment().put("NO_PROXY", "*");
        return builder.start();
    }
}
