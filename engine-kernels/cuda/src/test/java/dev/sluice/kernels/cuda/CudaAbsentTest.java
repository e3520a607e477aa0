package dev.sluice.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.BackendUnavailableException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: a machine without an NVIDIA driver gets one line that says so, and no stack trace; nor
/// does a broken driver take more than the backend. Method: JVMs of their own, with a library that
/// does not exist, and with one that is no driver; runs everywhere.
class CudaAbsentTest {
    /// What the other JVM runs: asks for the reason twice, then opens.
    static final class Asking {
        public static void main(String[] args) {
            var provider = new CudaProvider();
            System.out.println("first: " + provider.unavailableReason());
            System.out.println("again: " + provider.unavailableReason());
            System.out.println("line: " + provider.description());
            try {
                provider.open(BackendOptions.defaults()).close();
            } catch (BackendUnavailableException e) {
                System.out.println("open: " + e.getMessage());
            }
        }
    }

    @TempDir
    private Path folder;

    private String ask(String library) throws Exception {
        Process process = new ProcessBuilder(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-Xmx64m",
                "-Djava.io.tmpdir=" + folder, "-XX:-UsePerfData",
                "-D" + JCudaLibrary.LIBRARY_PROPERTY + "=" + library,
                "-cp", System.getProperty("java.class.path"), Asking.class.getName()))
                .redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(),
                StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        return output;
    }

    @Test
    @DisplayName("no library: one line, also when asked again")
    void noLibrary() throws Exception {
        String reason = "no NVIDIA driver: its library libNoSuchCuda.so can not be loaded";
        assertEquals("first: " + reason + "\nagain: " + reason + "\nline: " + reason
                + "\nopen: backend cuda: " + reason + "\n",
                ask("libNoSuchCuda.so").replace("\r", ""));
    }

    @Test
    @DisplayName("a library without the driver's calls: one line, and no temporary file is left")
    void noDriverInIt() throws Exception {
        Path other = Path.of(System.getProperty("java.home"), "lib",
                System.mapLibraryName("verify"));
        String output = ask(other.toString());
        assertTrue(output.startsWith("first: the NVIDIA driver is there, but "), output);
        assertEquals(4, output.lines().count(), output);
        try (var left = Files.list(folder)) {
            assertEquals(List.of(), left.toList());
        }
    }
}
