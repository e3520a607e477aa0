package dev.sluice.benchmarks.load;

import dev.sluice.benchmarks.load.AgentSession.After;
import dev.sluice.benchmarks.load.AgentSession.At;
import dev.sluice.benchmarks.load.AgentSession.Turn;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/// Plays sessions against a server: each has a virtual thread of its own and begins when it is due,
/// however slow the server is. What a session's next request is due after is the end of the one
/// before and the tool's time; a request that fails ends its session.
final class LoadRun {
    private static final long PROGRESS_MILLIS = 1000;

    private final StreamingClient client;
    private final Map<String, List<CompletableFuture<Long>>> ends = new HashMap<>();
    private final ConcurrentLinkedQueue<Measured> measured = new ConcurrentLinkedQueue<>();
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();

    LoadRun(StreamingClient client) {
        this.client = client;
    }

    /// @param beginNanos  what sessions' times count from, by [System#nanoTime]
    /// @param progress    hears once a second how it stands
    List<Measured> play(List<AgentSession> sessions, long beginNanos, Consumer<String> progress)
            throws InterruptedException {
        int total = 0;
        for (AgentSession session : sessions) {
            var waited = new ArrayList<CompletableFuture<Long>>();
            session.turns().forEach(_ -> waited.add(new CompletableFuture<>()));
            ends.put(session.id(), waited);
            total += session.turns().size();
        }
        var threads = new ArrayList<Thread>();
        for (AgentSession session : sessions) {
            threads.add(Thread.ofVirtual().start(() -> play(session, beginNanos)));
        }
        for (Thread thread : threads) {
            while (!thread.join(Duration.ofMillis(PROGRESS_MILLIS))) {
                progress.accept("%6.0f s: %d of %d requests done, %d running, %d failed".formatted(
                        (System.nanoTime() - beginNanos) / 1e9, measured.size(), total,
                        running.get(), failed.get()));
            }
        }
        return List.copyOf(measured);
    }

    private void play(AgentSession session, long beginNanos) {
        List<CompletableFuture<Long>> own = ends.get(session.id());
        try {
            long due = switch (session.start()) {
                case At at -> beginNanos + at.nanos();
                case After after -> ends.get(after.session()).get(after.turn()).get()
                        + after.waitNanos();
            };
            for (int i = 0; i < own.size(); i++) {
                Turn turn = session.turns().get(i);
                due += turn.waitNanos();
                sleepUntil(due);
                Measured request = ask(turn, due);
                if (!request.whole()) {
                    break;
                }
                due = request.endNanos();
                own.get(i).complete(due);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            // The parent failed before this session could begin; its failure is counted there.
        } finally {
            var never = new IllegalStateException("session " + session.id() + " ended early");
            own.forEach(end -> end.completeExceptionally(never));
        }
    }

    private Measured ask(Turn turn, long due) throws InterruptedException {
        running.incrementAndGet();
        try {
            Measured request = client.ask(turn, due);
            measured.add(request);
            failed.addAndGet(request.whole() ? 0 : 1);
            return request;
        } finally {
            running.decrementAndGet();
        }
    }

    private static void sleepUntil(long nanos) throws InterruptedException {
        long left = nanos - System.nanoTime();
        if (left > 0) {
            Thread.sleep(Duration.ofNanos(left));
        }
    }
}
