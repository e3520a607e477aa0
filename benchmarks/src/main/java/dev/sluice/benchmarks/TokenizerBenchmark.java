package dev.sluice.benchmarks;

import dev.sluice.models.ModelTexts;
import dev.sluice.models.file.GgufFile;
import dev.sluice.models.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/// Text to tokens and back on one thread, with the repository's two real vocabularies. The text is
/// a megabyte of sentences with the words of the licence and of this module's sources in random
/// order, so that no cache of long pieces helps.
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.SECONDS)
@State(Scope.Benchmark)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@Threads(1)
public class TokenizerBenchmark {
    static final String NAME = "TokenizerBenchmark.";
    static final int TEXT_BYTES = 1 << 20;
    private static final Path VOCABULARIES =
            Path.of("models/core/src/test/resources/tokenizer/vocab");

    @Param({"gpt-2", "llama-spm"})
    public String vocabulary;

    private String text;
    private int[] ids;
    private Tokenizer tokenizer;

    @Setup(Level.Trial)
    public void open() throws IOException {
        Path path = VOCABULARIES.resolve("ggml-vocab-" + vocabulary + ".gguf");
        try (GgufFile file = GgufFile.open(path)) {
            tokenizer = ModelTexts.of(file).tokenizer();
        }
        text = english();
        ids = tokenizer.encode(text, Tokenizer.Special.AS_TEXT);
    }

    @Benchmark
    public int[] encode() {
        return tokenizer.encode(text, Tokenizer.Special.AS_TEXT);
    }

    @Benchmark
    public long decode() {
        long bytes = 0;
        for (int id : ids) {
            bytes += tokenizer.bytes(id).length;
        }
        return bytes;
    }

    private static String english() throws IOException {
        String[] words = (Files.readString(Path.of("LICENSE")) + Files.readString(Path.of(
                "benchmarks/src/main/java/dev/sluice/benchmarks/TokenizerBenchmark.java")))
                .split("\\s+");
        var random = new Random(1);
        var text = new StringBuilder();
        while (text.length() < TEXT_BYTES) {
            text.append(words[random.nextInt(words.length)])
                    .append(random.nextInt(12) == 0 ? ".\n" : " ");
        }
        text.setLength(TEXT_BYTES);
        // The sources are ASCII, so that characters are bytes.
        if (text.toString().getBytes(StandardCharsets.UTF_8).length != TEXT_BYTES) {
            throw new IllegalStateException("the text is not ASCII");
        }
        return text.toString();
    }
}
