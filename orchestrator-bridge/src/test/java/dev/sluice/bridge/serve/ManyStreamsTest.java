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
import com.sun.management.OperatingSystemMXBean;
import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
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
/// server's. Clients run in the same process and take their share of the processors, so that the
/// strict bound of the long run wants a machine with nothing else to do.
final class ManyStreamsTest {
    private static final int CLIENTS = 256;
    private static final int CONTEXT = 2048;
    /// Tokens of a stream before the measured ones.
    private static final int WARM = 30;
    private static final long MEMORY_SLACK = 32L << 20;
    private static final double MILLI = 1e6;
    private static final byte[] TEXT = "\"text\":\"".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DONE = "data: [DONE]".getBytes(StandardCharsets.US_ASCII);

    private static final OperatingSystemMXBean PROCESSORS =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    private final ConcurrentLinkedQueue<String> faults = new ConcurrentLinkedQueue<>();

    /// @param laterNanos  of all tokens, sorted: from the end of a step to the read of its token
    /// @param gapNanos    longest time between two tokens of one stream
    /// @param cpuNanos    of the whole process per token, clients included
    private record Measured(long[] laterNanos, long gapNanos, long cpuNanos) {
        double millis(double share) {
            return laterNanos[(int) Math.min(laterNanos.length - 1, laterNanos.length * share)]
                    / MILLI;
        }

        @Override
        public String toString() {
            return "p50 %.2f, p99 %.2f, max %.2f ms, longest gap %.0f ms, processor %.0f us/token"
                    .formatted(millis(0.5), millis(0.99), millis(1), gapNanos / MILLI,
                            cpuNanos / 1e3);
        }
    }

    /// What one client has seen.
    private static final class Seen {
        private final long[] later;
        private int count;
        private long last;
        private long gap;
        private boolean done;

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

    private interface Readers {
        void read(Seen[] seen) throws Exception;
    }

    /// @param readers of all clients, into what each of them has seen
    private Measured measure(int tokens, Readers readers) throws Exception {
        long cpu = PROCESSORS.getProcessCpuTime();
        Seen[] seen = new Seen[CLIENTS];
        Arrays.setAll(seen, _ -> new Seen(tokens));
        readers.read(seen);
        var all = new long[CLIENTS * tokens];
        long gap = 0;
        for (int i = 0; i < CLIENTS; i++) {
            if (seen[i].count != tokens) {
                faults.add("client %d: %d tokens of %d".formatted(i, seen[i].count, tokens));
            }
            System.arraycopy(seen[i].later, 0, all, i * tokens, tokens);
            gap = Math.max(gap, seen[i].gap);
        }
        Arrays.sort(all);
        return new Measured(all, gap,
                (PROCESSORS.getProcessCpuTime() - cpu) / ((long) CLIENTS * tokens));
    }

    // ---- the engine alone --------------------------------------------------------------------

    private static LoadedModel tiny() {
        return LoadedModel.open(RunningServer.MODEL,
                Kernels.open("vector", BackendOptions.defaults()),
                new LoadOptions(DType.F32, 64, 1, 16), _ -> { });
    }

    private Measured engineAlone(int tokens) throws Exception {
        LoadedModel model = tiny();
        ModelTexts texts = model.texts();
        Tokenizer tokenizer = texts.tokenizer();
        var lm = new PacedLm(model.lm(), tokenizer, CLIENTS, CONTEXT);
        try (var engine = new Engine(lm, tokenizer, EngineOptions.defaults())) {
            measure(WARM, seen -> read(engine, WARM, lm, seen));
            return measure(tokens, seen -> read(engine, tokens, lm, seen));
        }
    }

    private void read(Engine engine, int tokens, PacedLm lm, Seen[] seen)
            throws InterruptedException {
        Thread[] threads = new Thread[CLIENTS];
        for (int i = 0; i < CLIENTS; i++) {
            int client = i;
            threads[i] = Thread.ofVirtual().start(() -> {
                try {
                    read(engine, client, tokens, lm, seen[client]);
                } catch (InterruptedException e) {
                    faults.add("client " + client + ": " + e);
                }
            });
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static void read(Engine engine, int client, int tokens, PacedLm lm, Seen seen)
            throws InterruptedException {
        TokenStream stream = engine.submit(GenerateRequest.of(
                new int[] {1, 5 + client % 50, 5 + client / 50}, tokens,
                SamplingParams.greedy().withIgnoreEos(true)));
        while (stream.take() instanceof TokenEvent.Token token) {
            seen.token(token.text().charAt(0), lm);
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

    private static byte[] request(int client, int tokens) {
        String body = """
                {"prompt":[1,%d,%d],"max_tokens":%d,"temperature":0,"ignore_eos":true,\
                "stream":true}""".formatted(5 + client % 50, 5 + client / 50, tokens);
        return ("POST /v1/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                .getBytes(StandardCharsets.UTF_8);
    }

    /// All clients on one thread, so that they take little of the processors.
    private void stream(int port, int tokens, Paced paced, Seen[] seen) throws IOException {
        var server = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 14);
        int open = 0;
        try (Selector selector = Selector.open()) {
            for (; open < CLIENTS; open++) {
                SocketChannel socket = SocketChannel.open(server);
                socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
                socket.write(ByteBuffer.wrap(request(open, tokens)));
                socket.configureBlocking(false);
                socket.register(selector, SelectionKey.OP_READ, open);
            }
            while (open > 0) {
                if (selector.select(30_000) == 0) {
                    throw new IOException("nothing came for 30 s; %d streams open".formatted(open));
                }
                for (SelectionKey key : selector.selectedKeys()) {
                    int client = (int) key.attachment();
                    if (!read(client, (SocketChannel) key.channel(), buffer, paced, seen[client])) {
                        key.channel().close();
                        open--;
                    }
                }
                selector.selectedKeys().clear();
            }
        }
    }

    /// Returns whether there may be more. What is scanned for never spans two reads: an event is
    /// written at once, and far fewer than fill the buffer are on their way.
    private boolean read(int client, SocketChannel socket, ByteBuffer buffer, Paced paced,
            Seen seen) throws IOException {
        int n = socket.read(buffer.clear());
        if (n < 0) {
            if (!seen.done) {
                faults.add("client %d: the stream ended without its mark".formatted(client));
            }
            return false;
        }
        buffer.flip();
        for (int at = find(buffer, TEXT, 0); at > 0; at = find(buffer, TEXT, at)) {
            for (; buffer.get(at) != '"'; at++) {
                seen.token((char) buffer.get(at), paced.lm);
            }
        }
        seen.done |= find(buffer, DONE, 0) > 0;
        return true;
    }

    /// Where the first such bytes end, or 0.
    private static int find(ByteBuffer in, byte[] mark, int from) {
        for (int i = from; i + mark.length <= in.limit(); i++) {
            int same = 0;
            while (same < mark.length && in.get(i + same) == mark[same]) {
                same++;
            }
            if (same == mark.length) {
                return i + same;
            }
        }
        return 0;
    }

    // ---- tests -------------------------------------------------------------------------------

    @Test
    @Timeout(240)
    void aFewSeconds() throws Exception {
        // On a machine that has other things to do, how late a token is says more about these than
        // about the server. What a token costs does not: 2,560 a second must fit into one
        // processor, compilation included.
        run(60, 30, new Bounds(Double.MAX_VALUE, TimeUnit.SECONDS.toNanos(25), 2_000_000));
    }

    @Test
    @Tag("soak")
    @Timeout(600)
    void twoMinutes() throws Exception {
        double millis = Double.parseDouble(System.getProperty("soak.millis", "5"));
        run(1200, 100, new Bounds(millis, TimeUnit.SECONDS.toNanos(2), 200_000));
    }

    /// @param overheadMillis  most that the server may add to the engine's 99th percentile
    /// @param gapNanos        longest time between two tokens of a stream
    /// @param cpuNanos        of the processors per token
    private record Bounds(double overheadMillis, long gapNanos, long cpuNanos) { }

    private void run(int tokens, int engineTokens, Bounds bounds) throws Exception {
        Measured engine = engineAlone(engineTokens);
        assertEquals(List.of(), List.copyOf(faults));
        var paced = new Paced();
        Measured served;
        long[] memory;
        try (var host = new ModelHost(Map.of("paced", paced), Long.MAX_VALUE);
                var server = HttpServer.start(
                        HttpOptions.defaults(), new ApiServer(host, ApiKeys.OPEN))) {
            host.acquire("").close();
            measure(WARM, seen -> stream(server.port(), WARM, paced, seen));
            long before = memory();
            served = measure(tokens, seen -> stream(server.port(), tokens, paced, seen));
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
        assertTrue(served.gapNanos < bounds.gapNanos, "stalled: " + served);
        assertTrue(served.cpuNanos < bounds.cpuNanos, "costly: " + served);
        assertTrue(more < bounds.overheadMillis,
                "p99 overhead %.2f ms of at most %.2f: engine %s; %s"
                .formatted(more, bounds.overheadMillis, engine, served));
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
