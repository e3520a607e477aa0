package dev.sluice.bridge.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.json.Json;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Goal: what `serve` is told holds for the models that it serves, and a request leaves its line
/// on stderr. Method: the command itself on a free port, asked over HTTP, then told to stop.
@Timeout(120)
final class ServeCommandTest {
    private static final String DENSE = "dense=" + Ran.model("llama");
    private static final String MIXTURE = "mixture=" + Ran.model("qwen3-moe");
    private static final Pattern LISTENING = Pattern.compile("listening on (http://\\S+)");

    private final StringWriter err = new StringWriter();
    private final AtomicInteger status = new AtomicInteger(-1);

    /// Runs `serve` while something is asked of it; returns the answers.
    private List<String> serving(List<String> paths, String body, String... options)
            throws Exception {
        var interruption = new Interruption();
        var args = new ArrayList<>(List.of("serve", "--port", "0", "--backend", "reference"));
        args.addAll(List.of(options));
        Thread command = Thread.ofPlatform().start(() -> {
            status.set(Main.execute(new PrintWriter(new StringWriter()), new PrintWriter(err),
                    interruption, args.toArray(String[]::new)));
            interruption.ended();
        });
        var answers = new ArrayList<String>();
        try (HttpClient client = HttpClient.newHttpClient()) {
            Matcher address = LISTENING.matcher(err.toString());
            while (!address.find()) {
                assertTrue(command.isAlive(), err.toString());
                Thread.sleep(5);
                address = LISTENING.matcher(err.toString());
            }
            for (String path : paths) {
                var request = HttpRequest.newBuilder(URI.create(address.group(1) + path));
                boolean post = path.equals("/v1/completions");
                answers.add(client.send((post ? request.POST(
                        HttpRequest.BodyPublishers.ofString(body)) : request).build(),
                        HttpResponse.BodyHandlers.ofString()).body());
            }
        } finally {
            interruption.hook(new PrintWriter(err)).run();
            command.join();
        }
        assertEquals(0, status.get(), err.toString());
        return answers;
    }

    private static double metric(String scrape, String name) {
        return scrape.lines().filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst().orElseThrow(() -> new AssertionError(name + " in " + scrape));
    }

    @Test
    void everyModelIsLoadedWithinItsBudgets() throws Exception {
        List<String> answers = serving(List.of("/v1/completions", "/metrics"),
                "{\"model\":\"mixture\",\"prompt\":[1,5,7],\"max_tokens\":5,\"ignore_eos\":true}",
                "-m", DENSE, "-m", MIXTURE, "--context", "128", "--parallel", "2",
                "--kv-memory", "256k", "--kv-type", "f32", "--expert-memory", "200k",
                "--log-format", "json");
        String scrape = answers.get(1);
        assertTrue(metric(scrape, "sluice_expert_cache_bytes{model=\"mixture\"}") > 0);
        assertTrue(metric(scrape, "sluice_expert_cache_bytes{model=\"mixture\"}") <= 200 << 10);
        assertTrue(metric(scrape, "sluice_expert_cache_misses_total{model=\"mixture\"}") > 0);
        assertEquals(0, metric(scrape, "sluice_expert_cache_bytes{model=\"dense\"}"));
        Matcher kv = Pattern.compile("model mixture: .*keys and values ([0-9,]+)")
                .matcher(err.toString());
        assertTrue(kv.find(), err.toString());
        assertTrue(Long.parseLong(kv.group(1).replace(",", "")) <= 256 << 10, kv.group());
        String line = err.toString().lines().filter(each -> each.startsWith("{"))
                .findFirst().orElseThrow();
        Map<?, ?> fields = (Map<?, ?>) Json.parse(line);
        assertEquals("POST /v1/completions", fields.get("route"));
        assertEquals(5L, fields.get("completion_tokens"));
        assertFalse(fields.containsKey("prompt"), line);
    }

    @Test
    void budgetsThatCanNotBeMeantAreRefused() {
        Ran.sluice("serve", "-m", DENSE, "--expert-memory", "1g")
                .failedWith("--expert-memory: no model here has experts");
        Ran.sluice("serve", "-m", MIXTURE, "--expert-policy", "lfu")
                .misused("--expert-policy needs --expert-memory");
        Ran.sluice("serve", "-m", DENSE, "--kv-memory", "1k").failedWith("--kv-memory");
        Ran.sluice("serve", "-m", DENSE, "--threads", "0").misused("--threads");
        Ran.sluice("serve", "-m", DENSE, "--log-format", "xml").misused("xml");
        Ran.sluice("serve", "-m", DENSE, "--backend", "reference", "--gpu-memory", "1g")
                .misused("--gpu-memory");
    }
}
