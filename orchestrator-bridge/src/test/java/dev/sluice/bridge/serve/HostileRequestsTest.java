package dev.sluice.bridge.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.bridge.http.HttpServer;
import dev.sluice.bridge.llama.SlotFolder;
import dev.sluice.bridge.serve.HostileRequests.Expected;
import dev.sluice.bridge.serve.HostileRequests.Hostile;
import dev.sluice.bridge.serve.RawClient.Answer;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.EncoderTask;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.runtime.EngineOptions;
import dev.sluice.runtime.EngineStats;
import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Goal: nothing that is sent makes the server fail, leak or stop. Method: requests drawn from
/// seeds against every route of the server, on raw sockets, a dozen at a time; each answer must be
/// a refusal or, where what was asked for is allowed, an answer; afterwards nothing runs, no page
/// is held, memory is what it was, and the server still answers. A failure names the seed, and
/// `-Dhostile.seed=N` repeats that one request.
final class HostileRequestsTest {
    private static final Path MODELS = Path.of("../models/core/src/test/resources");
    private static final int CLIENTS = 12;
    /// Short, so that what never ends is not waited for; long enough for a busy machine.
    private static final int READ_SECONDS = 4;
    /// What the heap may differ by: responses that are kept, compiled schemas, JIT's own.
    private static final long HEAP_SLACK = 48L << 20;

    @TempDir
    private Path folder;
    private ModelHost host;
    private HttpServer server;
    private ApiServer api;
    private final ConcurrentLinkedQueue<String> faults = new ConcurrentLinkedQueue<>();
    private final Map<Integer, AtomicInteger> statuses = new TreeMap<>();

    private record Generator(Path path) implements ModelHost.Opener {
        @Override
        public HostedModel open() {
            LoadedModel model = LoadedModel.open(path,
                    Kernels.open("vector", BackendOptions.defaults()),
                    new LoadOptions(DType.F32, 384, CLIENTS, 64), _ -> { });
            return new HostedModel("tiny", model, EngineOptions.defaults().withParallel(2)
                    .withWaitingMax(2).withModelId("tiny"), Clock.systemUTC());
        }

        @Override
        public long bytes() { return 1 << 20; }
    }

    @BeforeEach
    void start() throws IOException {
        Path tiny = Files.createDirectory(folder.resolve("tiny"));
        new ToolModel(tiny, ToolModel.HERMES);
        var openers = new LinkedHashMap<String, ModelHost.Opener>();
        openers.put("tiny", new Generator(tiny));
        openers.put("vectors", new TinyEncoder("vectors",
                MODELS.resolve("encoders/bert-mean"), EncoderTask.EMBEDDING));
        openers.put("ranks", new TinyEncoder("ranks",
                MODELS.resolve("encoders/bert-rank"), EncoderTask.RERANKER));
        host = new ModelHost(openers, Long.MAX_VALUE);
        api = new ApiServer(host, ApiKeys.OPEN, SlotFolder.open(folder.resolve("slots")));
        server = HttpServer.start(HttpOptions.defaults()
                .withLimits(2 << 20, 16 << 10, Duration.ofSeconds(READ_SECONDS)), api);
    }

    @AfterEach
    void stop() {
        server.close();
        host.close();
    }

    /// Who is refused in the middle of sending must hear it, and not a reset connection.
    @Test
    @Timeout(120)
    void aRefusalIsHeardByWhoIsStillSending() throws Exception {
        byte[] headers = ("GET /health HTTP/1.1\r\n" + "X-A: b\r\n".repeat(40_000) + "\r\n")
                .getBytes(StandardCharsets.UTF_8);
        byte[] body = ("POST /tokenize HTTP/1.1\r\nContent-Length: 4000000\r\n\r\n"
                + "x".repeat(300_000)).getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < 10; i++) {
            assertEquals("HTTP/1.1 431", late(headers), "headers, round " + i);
            assertEquals("HTTP/1.1 413", late(body), "body, round " + i);
        }
    }

    /// Sends all, and reads only after the server has long refused.
    private String late(byte[] request) throws Exception {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(10_000);
            OutputStream out = socket.getOutputStream();
            for (int at = 0; at < request.length; at += 20_000) {
                out.write(request, at, Math.min(20_000, request.length - at));
                Thread.sleep(2);
            }
            Thread.sleep(100);
            return new String(socket.getInputStream().readNBytes(12), StandardCharsets.UTF_8);
        }
    }

    @Test
    @Timeout(400)
    void twoThousandRequests() throws Exception {
        storm(2000);
    }

    @Test
    @Tag("soak")
    @Timeout(3000)
    void tenThousandRequests() throws Exception {
        storm(10_000);
    }

    private void storm(int count) throws Exception {
        long only = Long.getLong("hostile.seed", -1);
        if (only >= 0) {
            send(only);
            assertEquals(List.of(), List.copyOf(faults));
            return;
        }
        // What is made once and kept is made by the first fifth.
        run(0, count / 5);
        settle();
        long heap = heap();
        long direct = direct();
        run(count / 5, count);
        settle();
        long heapMore = heap() - heap;
        long directMore = direct() - direct;
        System.out.printf("%d hostile requests: %s; heap %+,d, direct %+,d bytes%n",
                count, statuses, heapMore, directMore);
        assertEquals(List.of(), faults.stream().limit(20).toList(), faults.size() + " faults");
        assertTrue(heapMore < HEAP_SLACK, "heap grew by " + heapMore);
        assertTrue(directMore < HEAP_SLACK, "direct memory grew by " + directMore);
        for (int status : List.of(200, 400, 404, 405, 413, 431)) {
            assertTrue(statuses.containsKey(status), "no answer with " + status);
        }
    }

    private void run(int from, int to) throws InterruptedException {
        var next = new AtomicInteger(from);
        Thread[] threads = new Thread[CLIENTS];
        for (int i = 0; i < CLIENTS; i++) {
            threads[i] = Thread.ofVirtual().start(() -> {
                for (int seed = next.getAndIncrement(); seed < to; seed = next.getAndIncrement()) {
                    send(seed);
                }
            });
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertTrue(next.get() >= to, "not every request was sent");
    }

    private void send(long seed) {
        Hostile hostile = HostileRequests.of(api.routes(), seed);
        Answer answer;
        try {
            answer = RawClient.send(server.port(), hostile.bytes(), hostile.delivery());
        } catch (IOException e) {
            faults.add("seed " + seed + ", " + hostile.kind() + ": " + e);
            return;
        }
        for (int status : answer.statuses()) {
            synchronized (statuses) {
                statuses.computeIfAbsent(status, _ -> new AtomicInteger()).incrementAndGet();
            }
        }
        if (!allowed(hostile, answer)) {
            String text = answer.text();
            faults.add("seed " + seed + ", " + hostile.kind() + ": " + answer.statuses() + " "
                    + text.substring(0, Math.min(600, text.length())));
        }
    }

    private static boolean allowed(Hostile hostile, Answer answer) {
        boolean sound = answer.saysWhen();
        for (int status : answer.statuses()) {
            boolean refused = status >= 400 && status < 500 || status == 503;
            sound &= refused || status < 400 && hostile.expected() != Expected.REFUSED;
        }
        return sound && (hostile.expected() == Expected.NOTHING_WORSE
                || !answer.statuses().isEmpty());
    }

    /// Waits until nothing runs, and sees that everything is there again.
    private void settle() throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (server.active() > 0 && System.nanoTime() < end) {
            Thread.sleep(20);
        }
        assertEquals(0, server.active(), "requests are still being handled");
        try (ModelHost.Lease lease = host.acquire("tiny")) {
            lease.model().engine().betweenSteps(() -> { }).get(60, TimeUnit.SECONDS);
            EngineStats stats = lease.model().engine().stats();
            assertEquals(0, stats.running(), stats.toString());
            assertEquals(0, stats.waiting(), stats.toString());
            assertEquals(0, stats.lockedPages(), stats.toString());
        }
        for (ModelHost.Listed model : host.list()) {
            assertEquals(0, model.users(), model.name() + " is still in use");
        }
        String body = "{\"prompt\":\"Hello\",\"max_tokens\":3}";
        byte[] sound = ("POST /v1/completions HTTP/1.1\r\nConnection: close\r\nContent-Length: "
                + body.length() + "\r\n\r\n" + body).getBytes(StandardCharsets.UTF_8);
        assertEquals(List.of(200), RawClient.send(server.port(), sound,
                RawClient.Delivery.WHOLE).statuses());
    }

    private static long heap() throws InterruptedException {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            System.gc();
            Thread.sleep(50);
            least = Math.min(least,
                    ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
        }
        return least;
    }

    private static long direct() {
        long bytes = 0;
        for (var pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
            bytes += pool.getMemoryUsed();
        }
        return bytes + PlatformDependent.usedDirectMemory();
    }
}
