package dev.sluice.bridge.anthropic;

import dev.sluice.bridge.api.EventStream;
import dev.sluice.bridge.chat.ChoiceReader;
import dev.sluice.bridge.http.Exchange;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// The events of a stream, which begin with the first token, or earlier if that lets wait: a long
/// prompt, a long queue. Then `message_start` and a `ping` in each interval tell the client that it
/// is not forgotten. As long as nothing was sent, an error still has a status of its own.
///
/// The request's thread; while it waits for the first token, another one sends.
final class PatientStream implements AutoCloseable {
    private final Exchange exchange;
    private final Map<String, Object> start;
    private final Duration interval;
    private Optional<EventStream> events = Optional.empty();

    /// @param start    the first event
    /// @param interval after which, and between which, pings are sent
    PatientStream(Exchange exchange, Map<String, Object> start, Duration interval) {
        this.exchange = exchange;
        this.start = start;
        this.interval = interval;
    }

    /// Waits for the first piece of an answer.
    ///
    /// @throws dev.sluice.bridge.api.ApiException if the engine fails
    ChoiceReader.Piece first(ChoiceReader answer) {
        var arrived = new CountDownLatch(1);
        Thread pinger = Thread.ofVirtual().name("pings").start(() -> ping(arrived));
        try {
            return answer.next();
        } finally {
            arrived.countDown();
            join(pinger);
        }
    }

    private void ping(CountDownLatch arrived) {
        try {
            while (!arrived.await(interval.toNanos(), TimeUnit.NANOSECONDS)) {
                boolean begun = events.isPresent();
                EventStream stream = events();
                if (begun) {
                    Messages.event(stream, Map.of("type", "ping"));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exchange.ClientGoneException e) {
            // The answer is cancelled by whoever watches the connection.
        }
    }

    private static void join(Thread pinger) {
        try {
            pinger.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while a ping was sent");
        }
    }

    /// Whether something was sent.
    boolean hasBegun() { return events.isPresent(); }

    /// The stream, begun with its first events.
    EventStream events() {
        if (events.isEmpty()) {
            var stream = new EventStream(exchange);
            events = Optional.of(stream);
            Messages.event(stream, start);
            Messages.event(stream, Map.of("type", "ping"));
        }
        return events.get();
    }

    @Override
    public void close() {
        events.ifPresent(EventStream::close);
    }
}
