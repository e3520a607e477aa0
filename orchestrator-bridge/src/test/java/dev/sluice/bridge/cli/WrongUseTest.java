package dev.sluice.bridge.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Goal: whatever a new user does wrong ends in one line that says what, and in the right exit
/// status. Method: do it, in this process.
final class WrongUseTest {
    private static final String LLAMA = Ran.model("llama");

    @TempDir
    private Path folder;

    @Test
    void options_and_commands_that_do_not_exist() {
        Ran.sluice("run", "-m", LLAMA, "--tempp", "0", "hi").misused("'--tempp'");
        Ran.sluice("doctor", "--frob").misused("'--frob'");
        Ran.sluice("frob").misused("unknown command 'frob'");
        Ran.sluice().misused("no command");
        Ran.sluice("export").misused("'--onnx=DIR'");
        Ran.sluice("pull").misused("REPO");
        Ran.sluice("rm").misused("NAME");
    }

    @Test
    void servers_that_can_not_start() {
        Ran.sluice("serve", "-m", LLAMA, "--parallel", "0").misused("--parallel");
        Ran.sluice("serve", "-m", LLAMA, "--tls-key", "k").misused("--tls-certificate");
        Ran.sluice("serve", "-m", LLAMA, "-m", LLAMA).misused("two models are named");
        Ran.sluice("serve", "-m", "no.gguf").failedWith("no.gguf: no such file");
    }

    @Test
    void values_that_are_not_allowed() {
        Ran.sluice("run", "-m", LLAMA, "--temp", "warm", "hi").misused("warm");
        Ran.sluice("run", "-m", LLAMA, "--temp", "-1", "hi").misused("temperature=-1");
        Ran.sluice("run", "-m", LLAMA, "--kv-type", "q4_0", "hi").misused("q4_0");
        Ran.sluice("run", "-m", LLAMA, "--kv-memory", "much", "hi").misused("much");
        Ran.sluice("run", "-m", LLAMA, "--threads", "0", "hi").misused("--threads");
        Ran.sluice("run", "-m", LLAMA, "--backend", "reference", "--gpu-memory", "1g", "hi")
                .misused("--gpu-memory");
        Ran.sluice("run", "-m", LLAMA, "-n", "0", "hi").misused("maxTokens=0");
        Ran.sluice("run", "-m", LLAMA, "").misused("the prompt is empty");
        Ran.sluice("run", "-m", LLAMA).misused("PROMPT");
        Ran.sluice("bench", "-m", LLAMA, "-p", "0").misused("-p");
        Ran.sluice("logits", "-m", LLAMA, "--tokens", "1,x", "--out", "o").misused("x");
        Ran.sluice("tokenize", "-m", LLAMA).misused("TEXT");
    }

    @Test
    void models_that_are_none() throws IOException {
        String missing = folder.resolve("no.gguf").toString();
        Ran.sluice("run", "-m", missing, "hi").failedWith("no.gguf: no such file");
        Ran.sluice("inspect", folder.toString()).failedWith("a folder without model files");
        Path page = Files.writeString(folder.resolve("page.gguf"),
                "<!DOCTYPE html>\n<html><body>Not found</body></html>\n".repeat(9));
        Ran.sluice("run", "-m", page.toString(), "hi").failedWith("page.gguf");
        Path half = folder.resolve("half.gguf");
        byte[] whole = Files.readAllBytes(Path.of(LLAMA));
        Files.write(half, java.util.Arrays.copyOf(whole, whole.length / 2));
        Ran.sluice("run", "-m", half.toString(), "hi").failedWith("half.gguf");
        Path empty = Files.createFile(folder.resolve("empty.gguf"));
        Ran.sluice("tokenize", "-m", empty.toString(), "hi").failedWith("empty.gguf");
    }

    @Test
    void backends_that_are_not_there() {
        Ran.sluice("run", "-m", LLAMA, "--backend", "abacus", "hi").failedWith("'abacus'");
        Ran.sluice("run", "-m", LLAMA, "--backend", "reference:x", "hi")
                .failedWith("device number");
    }

    @Test
    void what_does_not_fit() {
        Ran.sluice("run", "-m", LLAMA, "--backend", "reference", "--context", "2000000000", "hi")
                .failedWith("are available");
        Ran.sluice("run", "-m", LLAMA, "--backend", "reference", "--kv-memory", "1k", "hi")
                .failedWith("one page of 32 positions takes");
        Ran.sluice("run", "-m", LLAMA, "--backend", "reference", "--context", "8", "--raw",
                "a prompt that has many more tokens than eight").failedWith("the context holds 8");
        Ran.sluice("logits", "-m", LLAMA, "--backend", "reference", "--tokens", "1,512",
                "--out", folder.resolve("o").toString()).failedWith("token 512");
    }

    @Test
    void texts_that_are_none() throws IOException {
        Path latin = Files.write(folder.resolve("latin.txt"), new byte[] {'a', (byte) 0xE9, 'b'});
        Ran.sluice("tokenize", "-m", LLAMA, "--file", latin.toString())
                .failedWith("latin.txt: not UTF-8");
        Ran.sluice("perplexity", "-m", LLAMA, "--file", latin.toString())
                .failedWith("latin.txt: not UTF-8");
        Ran.sluice("tokenize", "-m", LLAMA, "--jsonl", latin.toString())
                .failedWith("latin.txt: not UTF-8");
        Ran.sluice("tokenize", "-m", LLAMA, "--file", folder.toString()).failedWith("a folder");
        Ran.sluice("tokenize", "-m", LLAMA, "--file", "no.txt").failedWith("no.txt");
        Path lines = Files.writeString(folder.resolve("l.jsonl"), "\"a\"\n{\"a\":\n");
        Ran.sluice("tokenize", "-m", LLAMA, "--jsonl", lines.toString()).failedWith("line 2");
    }

    /// Names that are not paths on every system must not become an internal error either.
    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a\nb"})
    void odd_paths(String path) {
        Ran ran = Ran.sluice("inspect", path);
        assertEquals(1, ran.status(), ran.err());
        assertEquals(1, ran.err().lines().count(), ran.err());
    }

    @Test
    void a_stack_trace_only_when_asked_for() {
        assertTrue(Ran.sluice("inspect", "no.gguf", "--verbose").err().contains("\tat "));
        assertTrue(!Ran.sluice("inspect", "no.gguf").err().contains("\tat "));
    }

    @Test
    void stdout_that_nobody_reads() {
        var closed = new PrintWriter(new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        });
        var err = new StringWriter();
        int status = Main.execute(closed, new PrintWriter(err), new Interruption(), "run",
                "-m", LLAMA, "--backend", "reference", "--raw", "--temp", "0", "some words");
        new Ran(status, "", err.toString()).failedWith("stdout was closed");
    }
}
