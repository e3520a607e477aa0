package dev.sluice.bridge.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.bridge.http.HttpServer;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.ModelTexts;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.Engine;
import dev.sluice.runtime.EngineOptions;
import dev.sluice.runtime.EngineStats;
import dev.sluice.runtime.GenerateRequest;
import dev.sluice.runtime.SamplingParams;
import dev.sluice.runtime.TokenEvent;
import dev.sluice.runtime.TokenStream;
import io.netty.util.internal.PlatformDependent;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Goal: 256 clients that stream at once all get every token, none of them late, and memory stays
/// what it was. Method: a model that gives each of them a token every 100 ms, whose token names
/// its step: the time from the step's end to the client's read is what everything after the model
/// costs. The same is measured with readers of the engine's own streams; the difference is the
/// server's. Clients run in the same process and take their share of the processors.
final class ManyStreamsTest {
    private static final int CLIENTS = 256;
    private static final int CONTEXT = 2048;
    private static final long MEMORY_SLACK = 32L << 20;
    private static final double MILLI = 1e6;

    private final ConcurrentLinkedQueue<String> faults = new ConcurrentLinkedQueue<>();

    /// @param laterNanos  of all tokens, sorted: from the end of a step to the read of its token
    /// @param gapNanos    longest time between two tokens of one stream
    private record Measured(long[] laterNanos, long gapNanos) {
        double millis(double share) {
            return laterNanos[(int) Math.min(laterNanos.length - 1, laterNanos.length * share)]
                    / MILLI;
        }

        @Override
        public String toString() {
            return "p50 %.2f, p99 %.2f, max %.2f ms, longest gap %.0f ms".formatted(
                    millis(0.5), millis(0.99), millis(1), gapNanos / MILLI);
        }
    }

    /// What one client has seen.
    private static final class Seen {
        private final long[] later;
        private int count;
        private long last;
        private long gap;

        Seen(int tokens) {
            later = new long[tokens];
        }

        void token(char name, PacedLm lm) {
            long now = System.nanoTime();
            if (count < later.length) {
                later[count] = now - lm.endNanos(name);
            }
            gap = count > 0 ? Math.max(gap, now - last) : 0;
            last = now;
            count++;
        }
    }

    private interface Reader {
        void read(int client, Seen seen) throws Exception;
    }

    private Measured measure(int tokens, Reader reader) throws InterruptedException {
        Seen[] seen = new Seen[CLIENTS];
        Thread[] threads = new Thread[CLIENTS];
        for (int i = 0; i < CLIENTS; i++) {
            int client = i;
            seen[i] = new Seen(tokens);
            threads[i] = Thread.ofVirtual().start(() -> {
                try {
                    reader.read(client, seen[client]);
                } catch (Exception e) {
                    faults.add("client " + client + ": " + e);
                }
            });
        }
        var all = new long[CLIENTS * tokens];
        long gap = 0;
        for (int i = 0; i < CLIENTS; i++) {
            threads[i].join();
            if (seen[i].count != tokens) {
                faults.add("client %d: %d tokens of %d".formatted(i, seen[i].count, tokens));
            }
            System.arraycopy(seen[i].later, 0, all, i * tokens, tokens);
            gap = Math.max(gap, seen[i].gap);
        }
        Arrays.sort(all);
        return new Measured(all, gap);
    }

    // ---- the engine alone --------------------------------------------------------------------

    private static LoadedModel tiny() {
        return LoadedModel.open(RunningServer.MODEL,
                Kernels.open("vector", BackendOptions.defaults()),
                new LoadOptions(DType.F32, 64, 1, 16), _ -> { });
    }

    private Measured engineAlone(int tokens) throws InterruptedException {
        LoadedModel model = tiny();
        ModelTexts texts = model.texts();
        Tokenizer tokenizer = texts.tokenizer();
        var lm = new PacedLm(model.lm(), tokenizer, CLIENTS, CONTEXT);
        try (var engine = new Engine(lm, tokenizer, EngineOptions.defaults())) {
            return measure(tokens, (client, seen) -> {
                TokenStream stream = engine.submit(GenerateRequest.of(
                        new int[] {1, 5 + client % 50, 5 + client / 50}, tokens,
                        SamplingParams.greedy().withIgnoreEos(true)));
                while (stream.take() instanceof TokenEvent.Token token) {
                    seen.token(token.text().charAt(0), lm);
                }
            });
        }
    }

    // ---- through the server ------------------------------------------------------------------

    private static final class Paced implements ModelHost.Opener {
        private volatile PacedLm lm;

        @Override
        public HostedModel open() {
            LoadedModel model = tiny();
            lm = new PacedLm(model.lm(), model.texts().tokenizer(), CLIENTS, CONTEXT);
            return new HostedModel("paced", model, lm, EngineOptions.defaults(),
                    Clock.systemUTC());
        }

        @Override
        public long bytes() { return 1 << 20; }
    }

    private static void stream(int port, int client, int tokens, Paced paced, Seen seen)
            throws IOException {
        String body = """
                {"prompt":[1,%d,%d],"max_tokens":%d,"temperature":0,"ignore_eos":true,\
                "stream":true}""".formatted(5 + client % 50, 5 + client / 50, tokens);
        String head = "POST /v1/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                + "Content-Length: " + body.length() + "\r\n\r\n";
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(30_000);
            socket.getOutputStream().write((head + body).getBytes(StandardCharsets.UTF_8));
            var in = new BufferedReader(new InputStreamReader(
                    socket.getInputStream(), StandardCharsets.UTF_8));
            boolean done = false;
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                int at = line.indexOf("\"text\":\"");
                for (int i = at + 8; at > 0 && line.charAt(i) != '"'; i++) {
                    seen.token(line.charAt(i), paced.lm);
                }
                done |= line.equals("data: [DONE]");
            }
            if (!done) {
                throw new IOException("the stream ended without its mark");
            }
        }
    }

    // ---- tests -------------------------------------------------------------------------------

    @Test
    @Timeout(240)
    void aFewSeconds() throws Exception {
        // A shared machine's pauses are longer than what is looked for; here only stalls are.
        run(60, 30, 1000, TimeUnit.SECONDS.toNanos(5));
    }

    @Test
    @Tag("soak")
    @Timeout(600)
    void twoMinutes() throws Exception {
        run(1200, 100, Double.parseDouble(System.getProperty("soak.millis", "5")),
                TimeUnit.SECONDS.toNanos(2));
    }

    private void run(int tokens, int engineTokens, double overheadMillis, long gapNanos)
            throws Exception {
        Measured engine = engineAlone(engineTokens);
        assertEquals(List.of(), List.copyOf(faults));
        var paced = new Paced();
        Measured served;
        long[] memory;
        try (var host = new ModelHost(Map.of("paced", paced), Long.MAX_VALUE);
                var server = HttpServer.start(
                        HttpOptions.defaults(), new ApiServer(host, ApiKeys.OPEN))) {
            host.acquire("").close();
            measure(10, (client, seen) -> stream(server.port(), client, 10, paced, seen));
            long before = memory();
            served = measure(tokens,
                    (client, seen) -> stream(server.port(), client, tokens, paced, seen));
            memory = new long[] {before, memory()};
            HostedModel model = host.list().getFirst().model().orElseThrow();
            model.engine().betweenSteps(() -> { }).get(30, TimeUnit.SECONDS);
            EngineStats stats = model.engine().stats();
            assertEquals(0, stats.running() + stats.waiting(), stats.toString());
            assertEquals(0, stats.lockedPages(), stats.toString());
            assertEquals(0, stats.preemptions(), stats.toString());
        }
        double more = served.millis(0.99) - engine.millis(0.99);
        System.out.printf("%d streams: engine %s; server %s; p99 overhead %.2f ms; memory %+,d%n",
                CLIENTS, engine, served, more, memory[1] - memory[0]);
        assertEquals(List.of(), faults.stream().limit(10).toList());
        assertTrue(memory[1] - memory[0] < MEMORY_SLACK, "memory grew: " + Arrays.toString(memory));
        assertTrue(served.gapNanos < gapNanos, "stalled: " + served);
        assertTrue(more < overheadMillis, "p99 overhead %.2f ms of at most %.2f: engine %s; %s"
                .formatted(more, overheadMillis, engine, served));
    }

    /// Heap in use after a collection, and direct memory.
    private static long memory() throws InterruptedException {
        long heap = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            System.gc();
            Thread.sleep(50);
            heap = Math.min(heap,
                    ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
        }
        for (var pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
            heap += pool.getMemoryUsed();
        }
        return heap + PlatformDependent.usedDirectMemory();
    }
}
