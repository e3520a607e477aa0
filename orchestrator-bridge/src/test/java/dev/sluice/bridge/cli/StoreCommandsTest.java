package dev.sluice.bridge.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: list, rm and -m over a store. Method: a home folder of the test's own, with a tiny model
/// as a pull would have left it.
class StoreCommandsTest {
    private static final String HOME = "user.home";

    @TempDir
    private Path home;

    private String realHome;
    private Path file;

    @BeforeEach
    void fill() throws IOException {
        realHome = System.getProperty(HOME);
        System.setProperty(HOME, home.toString());
        Path repository = home.resolve(".sluice/models/o/n");
        file = repository.resolve("tiny-F32.gguf");
        Files.createDirectories(repository.resolve(".sluice"));
        Files.copy(Path.of(Ran.model("llama")), file);
        receipt("tiny-F32.gguf", Files.size(file), true, "F32");
    }

    @AfterEach
    void restore() {
        System.setProperty(HOME, realHome);
    }

    private void receipt(String name, long size, boolean complete, String label)
            throws IOException {
        Files.writeString(home.resolve(".sluice/models/o/n/.sluice/" + label + ".json"),
                ("{\"name\":\"o/n:%s\",\"revision\":\"main\",\"commit\":\"\",\"complete\":%b,"
                + "\"files\":[{\"path\":\"%s\",\"size\":%d,\"kind\":\"SHA256\","
                + "\"checksum\":\"\"}]}").formatted(label, complete, name, size));
    }

    @Test
    void theListShowsWhatIsThereAndWhatIsNotFinished() throws IOException {
        receipt("big-Q8_0.gguf", 4096, false, "Q8_0");
        Files.write(home.resolve(".sluice/models/o/n/big-Q8_0.gguf.part"), new byte[1024]);
        String out = Ran.sluice("list").succeeded().out();
        assertTrue(out.lines().anyMatch(line -> line.matches(
                "o/n:F32 .* F32 +llama +\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d")), out);
        assertTrue(out.contains("unfinished: 1.00 KB of 4.00 KB, 25%"), out);
        Ran.sluice("inspect", "o/n:Q8_0").failedWith("1,024 of 4,096 bytes");
    }

    @Test
    void aModelIsFoundByItsNames() {
        for (String name : new String[] {"o/n:F32", "o/n", "n", "n:f32", "tiny-f32"}) {
            assertTrue(Ran.sluice("tokenize", "-m", name, "a").succeeded().out()
                    .startsWith(Ran.sluice("tokenize", "-m", file.toString(), "a").out()), name);
        }
        Ran.sluice("tokenize", "-m", "o/other", "a").failedWith("no such file");
    }

    @Test
    void removingAsksAndStaysInTheStore() throws IOException {
        Path outside = Files.createDirectories(home.resolve("outside"));
        Path kept = Files.writeString(outside.resolve("x-Q4_0.gguf"), "x");
        Files.createSymbolicLink(home.resolve(".sluice/models/o/n/link"), outside);
        receipt("link/x-Q4_0.gguf", 1, true, "Q4_0");
        Ran.sluice("rm", "--yes", "o/n:Q4_0").failedWith("lies outside of the store");
        assertTrue(Files.exists(kept));
        receipt("../../../../outside/x-Q4_0.gguf", 1, true, "Q5_0");
        Ran.sluice("rm", "--yes", "o/n:Q5_0").failedWith("the store has no model 'o/n:Q5_0'");
        Ran.sluice("rm", "--yes", kept.toString()).failedWith("the store has no model");
        assertTrue(Files.exists(kept));
        Ran.sluice("rm", "--yes", "o/n:F32").succeeded();
        assertFalse(Files.exists(file));
    }

    @Test
    void progressHasARateAndATimeLeft() {
        var nanos = new long[1];
        var out = new StringWriter();
        var bar = new ProgressBar(new PrintWriter(out), true, () -> nanos[0]);
        bar.begin("x", 0, 100 << 20);
        nanos[0] += 1_000_000_000;
        bar.progress("x", 10 << 20);
        assertEquals("\r\u001b[K[==                      ] 10%  10.0 MB of 100 MB  10.0 MB/s, "
                + "9 s left", out.toString());
        bar.note("a note");
        assertTrue(out.toString().endsWith("\r\u001b[Ka note" + System.lineSeparator()));
        var lines = new StringWriter();
        var kept = new ProgressBar(new PrintWriter(lines), false, () -> nanos[0]);
        kept.begin("x", 0, 100);
        nanos[0] += 4_000_000_000L;
        kept.progress("x", 40);
        assertEquals("", lines.toString());
        nanos[0] += 1_000_000_000L;
        kept.progress("x", 50);
        assertEquals("x: 50%  50 bytes of 100 bytes  10 bytes/s, 5 s left"
                + System.lineSeparator(), lines.toString());
        assertEquals("3:05 min", ProgressBar.time(185));
        assertEquals("2:07 h", ProgressBar.time(7620));
    }
}
