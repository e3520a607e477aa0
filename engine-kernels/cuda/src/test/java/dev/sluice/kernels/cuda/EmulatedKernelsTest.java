package dev.sluice.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Goal: the fast CUDA kernels compute what the shared kernels compute. Method: `check-emulated`
/// builds them for the CPU with g++ and runs them thread by thread beside the shared kernels, for
/// every encoding; it stops at the first element that differs.
final class EmulatedKernelsTest {
    private static final Path SCRIPT = Path.of("check-emulated");
    /// The checks, a line for each: six packed encodings, two of 16 bits in two forms, BF16 with
    /// float rows in two, three caches, routing, sampling.
    private static final int CHECKS = 17;

    @TempDir
    private Path folder;

    @Test
    @Timeout(300)
    void fast_kernels_agree_with_shared_ones() throws IOException, InterruptedException {
        assumeTrue(isInstalled("g++") && isInstalled("bash"),
                "no g++ or no bash on the PATH, so no fast kernel was run (apt-get install g++)");
        Path log = folder.resolve("log");
        Process process = new ProcessBuilder("bash", SCRIPT.toAbsolutePath().toString())
                .redirectErrorStream(true).redirectOutput(log.toFile()).start();
        assertTrue(process.waitFor(290, TimeUnit.SECONDS), "check-emulated takes too long");
        String text = Files.readString(log, StandardCharsets.UTF_8);
        assertEquals(0, process.exitValue(), text);
        assertEquals(CHECKS, text.lines().filter(line -> line.contains("comparisons")).count(),
                text);
    }

    private static boolean isInstalled(String program) {
        return Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(place -> Files.isExecutable(Path.of(place, program)));
    }
}
