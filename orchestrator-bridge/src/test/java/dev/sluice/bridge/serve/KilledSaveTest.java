package dev.sluice.bridge.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.bridge.cli.Main;
import dev.sluice.models.json.Json;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: a server that is killed while it saves a slot starts again, says what it discarded, and
/// has what was saved before. Method: `sluice serve` in a process of its own is asked for saves
/// without end and killed as soon as an unfinished file is seen, until one is left behind.
final class KilledSaveTest {
    private static final int TRIES = 8;

    private final HttpClient client = HttpClient.newHttpClient();

    /// A server in a process of its own, and what it has said until it listened.
    private record Child(Process process, int port, List<String> said) { }

    private static Child start(Path folder) throws IOException {
        Process process = new ProcessBuilder(
                System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                "-Xmx512m", "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp", System.getProperty("java.class.path"), Main.class.getName(), "serve",
                "-m", "tiny=" + RunningServer.MODEL, "--port", "0", "--threads", "1",
                "--slot-save-path", folder.toString())
                .redirectErrorStream(true).start();
        var said = new ArrayList<String>();
        BufferedReader out = process.inputReader();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            said.add(line);
            if (line.startsWith("listening on ")) {
                int port = Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
                return new Child(process, port, said);
            }
        }
        throw new IllegalStateException("the server did not start: " + said);
    }

    private Map<?, ?> post(Child child, String path, String body)
            throws IOException, InterruptedException {
        HttpResponse<String> response = client.send(HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + child.port() + path))
                .POST(HttpRequest.BodyPublishers.ofString(body)).build(),
                HttpResponse.BodyHandlers.ofString());
        assertEquals(200, response.statusCode(), response.body());
        return (Map<?, ?>) Json.parse(response.body());
    }

    @Test
    void aKilledServerStartsAgain(@TempDir Path folder) throws Exception {
        Child child = start(folder);
        post(child, "/completion", "{\"prompt\":[2,4,6,8,10],\"n_predict\":3,\"id_slot\":0,"
                + "\"ignore_eos\":true}");
        assertEquals(7L, post(child, "/slots/0?action=save", "{\"filename\":\"good.bin\"}")
                .get("n_saved"));
        killInASave(child, folder);
        for (int i = 1; i < TRIES && unfinished(folder).isEmpty(); i++) {
            child = start(folder);
            post(child, "/completion", "{\"prompt\":[2,4,6],\"n_predict\":3,\"id_slot\":0}");
            killInASave(child, folder);
        }
        assertFalse(unfinished(folder).isEmpty(), "no kill hit a save");

        Child next = start(folder);
        try {
            assertTrue(next.said().stream().anyMatch(line -> line.startsWith(
                    "discarded a slot that was not saved to its end: again.bin.tmp")),
                    next.said().toString());
            assertTrue(unfinished(folder).isEmpty());
            assertEquals(7L, post(next, "/slots/1?action=restore",
                    "{\"filename\":\"good.bin\"}").get("n_restored"));
        } finally {
            next.process().destroyForcibly().waitFor();
        }
    }

    private void killInASave(Child child, Path folder) throws Exception {
        Thread saver = Thread.ofPlatform().start(() -> {
            try {
                while (child.process().isAlive()) {
                    post(child, "/slots/0?action=save", "{\"filename\":\"again.bin\"}");
                }
            } catch (IOException e) {
                // The server is gone: that is the end of it.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        long end = System.nanoTime() + 20_000_000_000L;
        Path wanted = folder.resolve("again.bin.tmp");
        while (!Files.exists(wanted) && System.nanoTime() < end) {
            Thread.onSpinWait();
        }
        child.process().destroyForcibly().waitFor();
        saver.join();
    }

    private static List<Path> unfinished(Path folder) throws IOException {
        try (var files = Files.newDirectoryStream(folder, "*.tmp")) {
            var found = new ArrayList<Path>();
            files.forEach(found::add);
            return found;
        }
    }
}
