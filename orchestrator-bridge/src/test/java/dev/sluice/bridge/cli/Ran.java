package dev.sluice.bridge.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;

/// What one command line did: its exit status and what it wrote.
record Ran(int status, String out, String err) {
    private static final Path GOLDENS = Path.of("../models/core/src/test/resources/goldens");

    /// Runs `sluice` in this process.
    static Ran sluice(String... args) {
        var out = new StringWriter();
        var err = new StringWriter();
        int status = Main.execute(
                new PrintWriter(out), new PrintWriter(err), new Interruption(), args);
        return new Ran(status, out.toString(), err.toString());
    }

    /// A tiny random model of the repository, of this family.
    static String model(String family) {
        return golden(family).resolve("model-f32.gguf").toString();
    }

    static Path golden(String family) {
        return GOLDENS.resolve(family);
    }

    List<String> lines() { return out.lines().toList(); }

    Ran succeeded() {
        assertEquals(0, status, err);
        return this;
    }

    /// Status 1, and the last line of stderr is the reason: one line, with `reason` in it.
    void failedWith(String reason) {
        assertEquals(1, status, out + err);
        String last = err.lines().reduce("", (_, line) -> line);
        assertTrue(last.startsWith("sluice: ") && last.contains(reason), err);
        assertEquals(1, err.lines().filter(line -> line.startsWith("sluice: ")).count(), err);
        assertFalse(err.contains("\tat ") || err.contains("internal error"), err);
    }

    /// Status 2: the reason, and where help is.
    void misused(String reason) {
        assertEquals(2, status, out + err);
        List<String> lines = err.lines().toList();
        assertEquals(2, lines.size(), err);
        assertTrue(lines.get(0).startsWith("sluice: ") && lines.get(0).contains(reason), err);
        assertTrue(lines.get(1).startsWith("Try 'sluice"), err);
    }
}
