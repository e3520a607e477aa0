package dev.sluice.bridge.openai;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.bridge.serve.RunningServer;
import dev.sluice.bridge.serve.TinyEncoder;
import dev.sluice.bridge.serve.ToolModel;
import dev.sluice.models.EncoderTask;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Goal: OpenAI's client for Node works with this server. Method: `src/test/clients/openai-node`
/// is copied under `target`, npm installs what it needs there once, and its tests run against a
/// server with a tiny random model and a tiny random encoder. Without Node or without its packages nothing is tested, and
/// the build says so.
@Timeout(300)
final class OpenAiNodeTest {
    private static final Path SOURCE = Path.of("src/test/clients/openai-node");
    private static final Path FOLDER = Path.of("target/clients/openai-node");

    @TempDir
    private Path temporary;

    private record Ran(int status, String output) {}

    @Test
    void the_client_for_node_works() throws Exception {
        assumeTrue(ran(List.of("node", "--version"), "").status == 0,
                "the client for Node did not run: there is no node");
        Files.createDirectories(FOLDER);
        for (String file : List.of("package.json", "client.test.mjs")) {
            Files.copy(SOURCE.resolve(file), FOLDER.resolve(file),
                    StandardCopyOption.REPLACE_EXISTING);
        }
        Ran install = ran(List.of("npm", "install", "--no-audit", "--no-fund", "--prefer-offline"),
                "");
        assumeTrue(install.status == 0,
                "the client for Node did not run: npm can not install it");
        Path keys = Files.writeString(temporary.resolve("keys"), "right\n");
        Path model = Files.createDirectory(temporary.resolve("model"));
        var models = new LinkedHashMap<String, ModelHost.Opener>();
        models.put("tiny", new ToolModel(model, ToolModel.HERMES));
        models.put("embedder", new TinyEncoder("embedder",
                Path.of("../models/core/src/test/resources/encoders/bert-mean"),
                EncoderTask.EMBEDDING));
        try (var server = new RunningServer(HttpOptions.defaults(), ApiKeys.read(keys), models)) {
            Ran tests = ran(List.of("npm", "test", "--silent"),
                    "http://127.0.0.1:" + server.port() + "/v1");
            assertEquals(0, tests.status, tests.output);
            assertTrue(tests.output.contains("# fail 0"), tests.output);
            System.out.println("openai for Node: " + tests.output.lines()
                    .filter(line -> line.matches("# (tests|pass|skipped) .*")).toList());
        }
    }

    /// @param url of the server; status 127 if there is no such command
    private static Ran ran(List<String> command, String url) throws InterruptedException {
        try {
            var builder = new ProcessBuilder(command).redirectErrorStream(true);
            if (Files.isDirectory(FOLDER)) {
                builder.directory(FOLDER.toFile());
            }
            builder.environment().put("SLUICE_URL", url);
            Process process = builder.start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(),
                    StandardCharsets.UTF_8);
            assertTrue(process.waitFor(200, TimeUnit.SECONDS), "not done: " + command);
            return new Ran(process.exitValue(), output);
        } catch (IOException e) {
            return new Ran(127, e.getMessage());
        }
    }
}
