package dev.sluice.models.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import dev.sluice.models.LoadedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// Goal: a run of a graph leaves nothing in the user's folders: ONNX Runtime's telemetry, which is
/// on by default, is off before its library is loaded. Method: a JVM of its own with empty HOME and
/// temporary folders, once through our door, and once past it, which shows that the test can see
/// what it looks for.
@EnabledOnOs(OS.LINUX)
class TelemetryTest {
    @TempDir
    private Path folder;

    @Test
    void nothing_is_written() throws Exception {
        assertEquals(List.of(), leftBy("ours"));
    }

    @Test
    void past_our_door_telemetry_would_write() throws Exception {
        assertFalse(leftBy("theirs").isEmpty(),
                "this ONNX Runtime writes nothing by itself: the test above shows nothing");
    }

    private List<String> leftBy(String whose) throws IOException, InterruptedException {
        Path model = folder.resolve("model");
        OnnxExport.write(Golden.root().resolve("llama").resolve("model-f32.gguf"), model,
                WeightForm.F32, _ -> { });
        Path home = Files.createDirectories(folder.resolve("home"));
        Path temporary = Files.createDirectories(folder.resolve("tmp"));
        var builder = new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
                "-Xmx256m", "-XX:-UsePerfData", "-Duser.home=" + home,
                "-Djava.io.tmpdir=" + temporary, "-cp", System.getProperty("java.class.path"),
                Run.class.getName(), whose, model.toString());
        // Telemetry keeps quiet where a variable says that this is a build.
        builder.environment().keySet().retainAll(Set.of("PATH", "LD_LIBRARY_PATH", "LANG"));
        builder.environment().put("HOME", home.toString());
        builder.environment().put("TMPDIR", temporary.toString());
        builder.redirectErrorStream(true).redirectOutput(folder.resolve("log").toFile());
        Process process = builder.start();
        assertEquals(true, process.waitFor(120, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue(), Files.readString(folder.resolve("log")));
        try (var files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .filter(f -> f.startsWith(home) || f.startsWith(temporary))
                    // The library itself, which a JVM that ends unpacks and removes.
                    .filter(f -> !f.toString().contains("onnxruntime-java"))
                    .map(f -> folder.relativize(f).toString()).sorted().toList();
        }
    }

    /// What the other JVM does.
    static final class Run {
        private Run() { }

        public static void main(String[] args) throws Exception {
            Path model = Path.of(args[1]);
            if (args[0].equals("ours")) {
                try (LoadedModel loaded = Golden.open(model, "reference", 16, 1)) {
                    Golden.step(loaded.lm(), new int[] {1, 2, 3}, 0, 0);
                }
                // Telemetry is sent by a thread of its own.
                Thread.sleep(3000);
                return;
            }
            OrtEnvironment environment = OrtEnvironment.getEnvironment();
            try (OrtSession session =
                    environment.createSession(model.resolve("model.onnx").toString())) {
                System.out.println(session.getNumInputs());
                Thread.sleep(3000);
            }
        }
    }
}
