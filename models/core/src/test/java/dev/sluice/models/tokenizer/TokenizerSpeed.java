package dev.sluice.models.tokenizer;

import dev.sluice.models.tokenizer.Tokenizer.Special;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// Measures loading and encoding on one thread; not a test. Arguments: the text file, then GGUF
/// files, each optionally `FILE=PRE` for another pre-tokenizer. Prints the load time of the first
/// use in this JVM and the rate of each of five passes over the text, given in 64 KB prompts, by
/// the clock and, for a busy machine, by the thread's own processor time.
final class TokenizerSpeed {
    private static final int PROMPT = 1 << 16;

    private TokenizerSpeed() { }

    public static void main(String[] arguments) throws IOException {
        String text = Files.readString(Path.of(arguments[0]));
        double megabytes = text.getBytes(StandardCharsets.UTF_8).length / 1e6;
        for (int i = 1; i < arguments.length; i++) {
            String[] parts = arguments[i].split("=");
            long start = System.nanoTime();
            long processorStart = processorNanos();
            GgufMetadata metadata = GgufMetadata.read(Path.of(parts[0]));
            long read = System.nanoTime();
            Tokenizer tokenizer = GgufVocabulary.read(parts.length == 1 ? metadata
                    : metadata.with("tokenizer.ggml.pre", parts[1])).tokenizer();
            tokenizer.encode("Hello", Special.PARSE);
            long loaded = System.nanoTime();
            System.out.printf("%s: %d tokens, metadata %.1f ms, vocabulary %.1f ms, "
                    + "together %.1f ms of processor time%n", arguments[i],
                    tokenizer.vocabSize(), (read - start) / 1e6, (loaded - read) / 1e6,
                    (processorNanos() - processorStart) / 1e6);
            for (int pass = 0; pass < 5; pass++) {
                long before = System.nanoTime();
                long processorBefore = processorNanos();
                long ids = 0;
                for (int at = 0; at < text.length(); at += PROMPT) {
                    ids += tokenizer.encode(text.substring(at,
                            Math.min(text.length(), at + PROMPT)), Special.PARSE).length;
                }
                System.out.printf("  pass %d: %.1f MB/s, by processor time %.1f, %d tokens%n", pass,
                        megabytes / ((System.nanoTime() - before) / 1e9),
                        megabytes / ((processorNanos() - processorBefore) / 1e9), ids);
            }
        }
    }

    /// Time this thread has run; Linux.
    private static long processorNanos() throws IOException {
        return Long.parseLong(
                Files.readString(Path.of("/proc/thread-self/schedstat")).split(" ")[0]);
    }
}
