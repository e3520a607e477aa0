package dev.sluice.bridge.console;

import dev.sluice.models.json.Json;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// A headless Chromium with one page, driven by the DevTools protocol over its WebSocket. Clicks
/// and keys are the browser's own input events, so what is covered or disabled is not reached.
final class Browser implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final List<String> NAMES =
            List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");

    private final Process process;
    private final Path profile;
    private final HttpClient client = HttpClient.newHttpClient();
    private final WebSocket socket;
    private final AtomicInteger ids = new AtomicInteger();
    private final Map<Integer, CompletableFuture<Map<?, ?>>> answers = new ConcurrentHashMap<>();
    /// What the page logged as an error, and exceptions that nobody caught.
    private final List<String> errors = new ArrayList<>();
    private String session = "";

    /// Where the browser is, if this machine has one.
    static Optional<Path> installed() {
        for (String folder : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)) {
            for (String name : NAMES) {
                Path file = Path.of(folder, name);
                if (Files.isExecutable(file)) {
                    return Optional.of(file);
                }
            }
        }
        return Optional.empty();
    }

    Browser(Path program) throws IOException {
        profile = Files.createTempDirectory("sluice-browser");
        process = new ProcessBuilder(program.toString(), "--headless=new", "--no-sandbox",
                "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-extensions", "--disable-background-networking",
                "--remote-debugging-port=0", "--user-data-dir=" + profile, "about:blank")
                .redirectErrorStream(true).start();
        socket = client.newWebSocketBuilder()
                .buildAsync(URI.create(address()), new Listener()).join();
        String target = (String) call("Target.createTarget", Map.of("url", "about:blank"))
                .get("targetId");
        session = (String) call("Target.attachToTarget",
                Map.of("targetId", target, "flatten", true)).get("sessionId");
        call("Page.enable", Map.of());
        call("Runtime.enable", Map.of());
        call("Log.enable", Map.of());
    }

    /// The browser says on stderr where it listens.
    private String address() throws IOException {
        var reader = new BufferedReader(
                new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        var said = new StringBuilder();
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            if (line.startsWith("DevTools listening on ")) {
                Thread.ofVirtual().start(() -> reader.lines().forEach(_ -> { }));
                return line.substring("DevTools listening on ".length()).strip();
            }
            said.append(line).append('\n');
        }
        throw new IOException("the browser ended: " + said);
    }

    private final class Listener implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                receive((Map<?, ?>) Json.parse(text.toString()));
                text.setLength(0);
            }
            from.request(1);
            return CompletableFuture.completedFuture(true);
        }
    }

    private void receive(Map<?, ?> message) {
        if (message.get("id") instanceof Long id) {
            answers.remove(id.intValue()).complete(message);
        } else if ("Runtime.exceptionThrown".equals(message.get("method"))
                || "Log.entryAdded".equals(message.get("method"))
                && Json.write(message).contains("\"level\":\"error\"")) {
            synchronized (errors) {
                errors.add(Json.write(message.get("params")));
            }
        }
    }

    List<String> errors() {
        synchronized (errors) {
            return List.copyOf(errors);
        }
    }

    /// A refusal that a test provokes is one.
    void forgetErrors() {
        synchronized (errors) {
            errors.clear();
        }
    }

    private Map<?, ?> call(String method, Map<String, ?> params) {
        int id = ids.incrementAndGet();
        var answer = new CompletableFuture<Map<?, ?>>();
        answers.put(id, answer);
        var message = new LinkedHashMap<String, Object>();
        message.put("id", id);
        message.put("method", method);
        message.put("params", params);
        if (!session.isEmpty()) {
            message.put("sessionId", session);
        }
        socket.sendText(Json.write(message), true).join();
        Map<?, ?> reply = answer.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
        if (reply.get("error") != null) {
            throw new AssertionError(method + ": " + Json.write(reply));
        }
        return (Map<?, ?>) reply.get("result");
    }

    void open(String address) {
        call("Page.navigate", Map.of("url", address));
        await("document.readyState === 'complete'");
    }

    /// The value of a JavaScript expression.
    Object value(String expression) {
        Map<?, ?> result = call("Runtime.evaluate",
                Map.of("expression", expression, "returnByValue", true));
        if (result.get("exceptionDetails") != null) {
            throw new AssertionError(expression + ": " + Json.write(result));
        }
        return ((Map<?, ?>) result.get("result")).get("value");
    }

    String text(String selector) {
        return String.valueOf(value("document.querySelector('" + selector + "')?.textContent"));
    }

    /// Waits until an expression is true.
    void await(String expression) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!Boolean.TRUE.equals(value(expression))) {
            if (System.nanoTime() > end) {
                throw new AssertionError("it did not come to be: " + expression + "; errors "
                        + errors() + "; page " + value("document.body.innerText"));
            }
            pause(20);
        }
    }

    static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /// Presses the left button in the middle of an element.
    void click(String selector) {
        Map<?, ?> box = (Map<?, ?>) value("(() => { const r = document.querySelector('" + selector
                + "').getBoundingClientRect(); return {x: r.x + r.width / 2,"
                + " y: r.y + r.height / 2}; })()");
        for (String type : List.of("mouseMoved", "mousePressed", "mouseReleased")) {
            call("Input.dispatchMouseEvent", Map.of("type", type, "x", box.get("x"), "y",
                    box.get("y"), "button", type.equals("mouseMoved") ? "none" : "left",
                    "clickCount", type.equals("mouseMoved") ? 0 : 1));
        }
    }

    /// Types into what has the focus.
    void type(String text) {
        call("Input.insertText", Map.of("text", text));
    }

    /// Presses and releases a key by its DOM name.
    void key(String name, int code, String text) {
        for (String type : List.of("keyDown", "keyUp")) {
            call("Input.dispatchKeyEvent", Map.of("type", type, "key", name, "code", name,
                    "windowsVirtualKeyCode", code, "text", type.equals("keyDown") ? text : ""));
        }
    }

    void size(int width, int height, boolean phone) {
        call("Emulation.setDeviceMetricsOverride", Map.of("width", width, "height", height,
                "deviceScaleFactor", phone ? 2 : 1, "mobile", phone));
    }

    /// What the user's system is set to: `light` or `dark`.
    void prefer(String scheme) {
        call("Emulation.setEmulatedMedia", Map.of("features",
                List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    void screenshot(Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.write(file, Base64.getDecoder().decode((String) call("Page.captureScreenshot",
                Map.of("format", "png")).get("data")));
    }

    @Override
    public void close() {
        socket.abort();
        process.destroy();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
        client.close();
        delete(profile.toFile());
    }

    private static void delete(File file) {
        File[] children = file.listFiles();
        if (children != null) {
            for (File child : children) {
                delete(child);
            }
        }
        file.delete();
    }
}
