package dev.sluice.kernels.opencl;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: a machine without OpenCL gets a reason, not a stack trace. Method: a JVM of its own with
/// a library that does not exist, and one with an empty folder of drivers; runs everywhere.
class OpenClAbsentTest {
    /// What the other JVM runs: prints why the backend is unavailable, twice.
    static final class Asking {
        public static void main(String[] args) {
            var provider = new OpenClProvider();
            System.out.println("first: " + provider.unavailableReason());
            System.out.println("again: " + provider.unavailableReason());
        }
    }

    @TempDir
    private Path empty;

    private static String ask(List<String> flags, Map<String, String> environment)
            throws IOException, InterruptedException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow", "-Xmx64m"));
        command.addAll(flags);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"),
                Asking.class.getName()));
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(),
                StandardCharsets.UTF_8);
        process.waitFor();
        return output;
    }

    @Test
    @DisplayName("no library: the reason says so, also when asked again")
    void noLibrary() throws Exception {
        String output = ask(List.of("-Dorg.lwjgl.opencl.libname=libNoSuchOpenCL.so"), Map.of());
        assertTrue(output.contains("first: the OpenCL loader (libOpenCL) can not be loaded"),
                output);
        assertTrue(output.contains("again: the OpenCL loader (libOpenCL) can not be loaded"),
                output);
        assertTrue(output.lines().noneMatch(line -> line.startsWith("\tat ")), output);
    }

    @Test
    @DisplayName("no driver (or no library at all): the reason says so")
    void noDriver() throws Exception {
        String output = ask(List.of(), Map.of("OCL_ICD_VENDORS", empty.toString(),
                "OPENCL_VENDOR_PATH", empty.toString()));
        assertTrue(output.contains("first: the OpenCL loader is there, but no driver")
                || output.contains("first: the OpenCL loader (libOpenCL) can not"), output);
    }
}
