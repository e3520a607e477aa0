package dev.sluice.bridge.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.bridge.http.HttpServer;
import dev.sluice.bridge.llama.SlotFolder;
import dev.sluice.bridge.observe.LogFormat;
import dev.sluice.bridge.observe.RequestLog;
import dev.sluice.bridge.observe.Telemetry;
import dev.sluice.bridge.serve.ApiServer;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.defaults.DefaultModel;
import dev.sluice.runtime.EngineOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Goal: a person can use the console. Method: a headless Chromium clicks and types on the page of
/// a real server with the orchestrator that ships, a mixture of experts, and a tiny model of
/// random weights that goes on until it is stopped. Pictures are left in `target/console`.
@Timeout(240)
final class ConsoleTest {
    private static final Path RANDOM =
            Path.of("../models/core/src/test/resources/goldens/llama/model-f32.gguf");
    private static final Path PICTURES = Path.of("target/console");
    private static final String LAST = "[...document.querySelectorAll(\".assistant\")].at(-1)";

    @TempDir
    private static Path folder;
    private static Browser browser;

    private final StringWriter log = new StringWriter();
    private ModelHost host;
    private HttpServer server;

    /// Before each test and not before all, so that the reason is in every test's report.
    @BeforeEach
    void start() throws IOException {
        Optional<Path> program = Browser.installed();
        assumeTrue(program.isPresent(), "no chromium on the PATH, so nobody clicked in the console"
                + " (apt-get install chromium)");
        if (browser == null) {
            browser = new Browser(program.get());
        }
    }

    @AfterAll
    static void stop() {
        if (browser != null) {
            browser.close();
        }
    }

    @AfterEach
    void close() {
        if (server != null) {
            server.close();
            host.close();
        }
    }

    private record Opener(String name, Path path) implements ModelHost.Opener {
        @Override
        public HostedModel open() {
            var options = new LoadOptions(DType.F32, 256, 4, 64);
            LoadedModel model = LoadedModel.open(path,
                    Kernels.open("vector", BackendOptions.defaults()), options, _ -> { });
            return new HostedModel(name, model, EngineOptions.defaults().withParallel(4),
                    Clock.systemUTC());
        }

        @Override
        public long bytes() { return 20 << 20; }
    }

    private String serve(ApiKeys keys, ScriptedAnswer answer) throws IOException {
        var models = new LinkedHashMap<String, ModelHost.Opener>();
        models.put("orchestrator", new Opener("orchestrator",
                DefaultModel.ORCHESTRATOR.extractTo(folder)));
        models.put("babbler", new Opener("babbler", RANDOM));
        host = new ModelHost(models, 1L << 30);
        var telemetry = new Telemetry(host, new RequestLog(
                new PrintWriter(log), LogFormat.JSON, false, Clock.systemUTC()));
        server = HttpServer.start(HttpOptions.defaults(),
                answer.before(new ApiServer(host, keys, SlotFolder.NONE, telemetry)));
        return "http://127.0.0.1:" + server.port() + "/";
    }

    private static void open(String address) {
        browser.forgetErrors();
        browser.prefer("light");
        browser.size(1280, 860, false);
        browser.open(address);
        browser.await("document.getElementById('status-text').textContent === 'live'");
    }

    private static String answer() {
        return String.valueOf(browser.value(LAST + "?.querySelector('.body').textContent"));
    }

    private static void awaitEnd() {
        browser.await("document.getElementById('send').textContent === 'Send' && !!" + LAST
                + "?.querySelector('.note').textContent");
    }

    @Test
    void anAnswerIsStreamedAndTheEngineIsSeen() throws Exception {
        open(serve(ApiKeys.OPEN, ScriptedAnswer.none()));
        browser.click("#prompt");
        browser.type("Sort: 42, 7, 19");
        browser.click("#send");
        awaitEnd();
        assertFalse(answer().isBlank(), "an answer");
        assertTrue(browser.text(".assistant .note").contains("tokens"),
                browser.text(".assistant .note"));
        String card = "[data-model=orchestrator]";
        browser.await("document.querySelector('" + card + " .chip').textContent === 'loaded'");
        browser.await("!document.querySelector('" + card + " .experts').hidden");
        browser.await("document.querySelector('" + card + " .experts canvas').width > 0");
        assertTrue(browser.text(card + " .experts .legend-note").contains("MaxVio"));
        assertTrue(browser.text(card + " .part .legend-note").contains("kept"));
        assertEquals("not loaded", browser.text("[data-model=babbler] .chip"));
        browser.await("document.querySelectorAll('#callers tr').length === 1");
        assertTrue(colours(card + " .experts canvas") > 4, "a heat map has many colours");
        assertTrue(colours(card + " .part canvas") >= 2, "kept and free pages");
        browser.screenshot(PICTURES.resolve("light.png"));
        Object light = background();
        browser.prefer("dark");
        browser.await(background(light) + " !== true");
        Browser.pause(200);
        browser.screenshot(PICTURES.resolve("dark.png"));
        browser.click("#theme");
        assertEquals(light, background(), "the button goes back to light");
        browser.size(390, 844, true);
        browser.screenshot(PICTURES.resolve("phone-chat.png"));
        assertEquals(0L, browser.value(
                "document.documentElement.scrollWidth - window.innerWidth"));
        browser.click("#view-engine");
        browser.await("document.querySelector('" + card + "').offsetWidth > 0");
        Browser.pause(200);
        browser.screenshot(PICTURES.resolve("phone-engine.png"));
        assertEquals(0L, browser.value(
                "document.documentElement.scrollWidth - window.innerWidth"));
        assertEquals(0, browser.errors().size(), browser.errors().toString());
    }

    @Test
    void aModelIsLoadedAndUnloadedByAClick() throws Exception {
        open(serve(ApiKeys.OPEN, ScriptedAnswer.none()));
        String card = "[data-model=babbler]";
        browser.await("document.querySelector('" + card + " .load')?.textContent === 'Load'");
        browser.click(card + " .load");
        browser.await("document.querySelector('" + card + " .chip').textContent === 'loaded'");
        assertEquals("loaded", state("babbler"));
        browser.await("document.querySelector('" + card + " .load').textContent === 'Unload'");
        browser.screenshot(PICTURES.resolve("unload.png"));
        try (ModelHost.Lease _ = host.acquire("babbler")) {
            browser.click(card + " .load");
            browser.await("document.querySelector('" + card
                    + " .refusal').textContent.includes('is used by 1 request')");
            assertEquals("loaded", state("babbler"));
        }
        browser.click(card + " .load");
        browser.await("document.querySelector('" + card + " .chip').textContent === 'not loaded'");
        assertEquals("absent", state("babbler"));
    }

    private String state(String model) {
        return host.list().stream().filter(each -> each.name().equals(model)).findFirst()
                .orElseThrow().state();
    }

    private static Object background() {
        return browser.value("getComputedStyle(document.body).backgroundColor");
    }

    private static String background(Object colour) {
        return "getComputedStyle(document.body).backgroundColor === '" + colour + "'";
    }

    /// How many colours a canvas shows.
    private static long colours(String selector) {
        return (Long) browser.value("(() => { const c = document.querySelector('" + selector
                + "'); const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
                + " const seen = new Set(); for (let i = 0; i < d.length; i += 4)"
                + " if (d[i + 3] === 255) seen.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]);"
                + " return seen.size; })()");
    }

    @Test
    void stopEndsTheAnswerOnThePageAndInTheEngine() throws Exception {
        open(serve(ApiKeys.OPEN, ScriptedAnswer.slow(40)));
        browser.value("document.getElementById('model').value = 'babbler'");
        browser.click("#prompt");
        browser.type("Go on and on");
        browser.key("Enter", 13, "\r");
        browser.await("document.getElementById('send').textContent === 'Stop'");
        browser.await(LAST + "?.querySelector('.body').textContent.length > 10");
        browser.screenshot(PICTURES.resolve("streaming.png"));
        browser.click("#send");
        awaitEnd();
        assertTrue(browser.text(".assistant .note").startsWith("stopped"),
                browser.text(".assistant .note"));
        String stopped = answer();
        Browser.pause(300);
        assertEquals(stopped, answer(), "nothing comes after Stop");
        for (int i = 0; i < 500 && !log.toString().contains("client_gone"); i++) {
            Browser.pause(20);
        }
        assertTrue(log.toString().contains("\"outcome\":\"client_gone\""), log.toString());
        // The keyboard alone: the prompt has the focus again, Escape stops.
        browser.type("Once more");
        browser.key("Enter", 13, "\r");
        browser.await("document.querySelectorAll('.assistant').length === 2 && " + LAST
                + "?.querySelector('.body').textContent.length > 3");
        browser.key("Escape", 27, "");
        awaitEnd();
        browser.click("#new-chat");
        assertEquals(0L, browser.value("document.querySelectorAll('.message').length"));
    }

    @Test
    void whatAModelWritesIsTextAndNothingElse() throws Exception {
        String evil = "<img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>"
                + "<b>bold</b> &amp; [x](javascript:alert(1))";
        open(serve(ApiKeys.OPEN, ScriptedAnswer.saying(evil)));
        browser.click("#prompt");
        browser.type("<i onclick=1>mine</i>");
        browser.click("#send");
        awaitEnd();
        assertEquals(evil, answer());
        assertEquals("<i onclick=1>mine</i>", browser.text(".user .body"));
        assertEquals(0L, browser.value("document.querySelectorAll('#messages img,"
                + " #messages script, #messages b, #messages a, #messages i').length"));
        assertNotEquals(1L, browser.value("window.hacked"));
    }

    @Test
    void aKeyIsAskedForAndKeptInMemoryOnly() throws Exception {
        Path file = Files.writeString(folder.resolve("keys"), "open-sesame ali\n");
        String address = serve(ApiKeys.read(file), ScriptedAnswer.none());
        browser.prefer("light");
        browser.size(1280, 860, false);
        browser.open(address);
        browser.await("document.getElementById('key-dialog').open");
        browser.screenshot(PICTURES.resolve("key.png"));
        browser.type("wrong");
        browser.key("Enter", 13, "\r");
        browser.await("document.getElementById('key-note').textContent.includes('not know')"
                + " && document.getElementById('key-dialog').open");
        browser.type("open-sesame");
        browser.key("Enter", 13, "\r");
        browser.await("document.getElementById('status-text').textContent === 'live'");
        assertEquals(false, browser.value("document.getElementById('key-dialog').open"));
        assertEquals("[0,0,\"\"]", browser.value(
                "JSON.stringify([localStorage.length, sessionStorage.length, document.cookie])"));
    }
}
