package dev.sluice.runtime;

import dev.sluice.runtime.TokenEvent.Failed;
import dev.sluice.runtime.TokenEvent.Finished;
import dev.sluice.runtime.TokenEvent.Token;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/// One request's answer. The engine thread writes, one reader takes; [#cancel] from any thread.
///
/// The queue holds every event that the request can produce, so the engine never waits for a
/// client. Text is made on the reader's thread.
public final class TokenStream {
    private final BlockingQueue<TokenEvent> events;
    private final TextDecoder decoder;
    private final long seed;
    private volatile boolean cancelled;
    private boolean ended;

    TokenStream(int maxTokens, TextDecoder decoder, long seed) {
        events = new LinkedBlockingQueue<>(maxTokens + 1);
        this.decoder = decoder;
        this.seed = seed;
    }

    /// The next event; waits for it. Must not be called after the last one.
    public TokenEvent take() throws InterruptedException {
        if (ended) {
            throw new IllegalStateException("the stream has ended");
        }
        TokenEvent event = events.take();
        return switch (event) {
            case Token(int id, String _, var logprobs) ->
                    new Token(id, decoder.push(id), logprobs);
            case Finished(var reason, String _, String stop, var usage) -> {
                ended = true;
                yield new Finished(reason, decoder.flush(), stop, usage);
            }
            case Failed failed -> {
                ended = true;
                yield failed;
            }
        };
    }

    /// Ends the request at the engine's next step, with its last event as always.
    public void cancel() {
        cancelled = true;
    }

    /// The seed that the draws came from.
    public long seed() { return seed; }

    boolean cancelled() { return cancelled; }

    void put(TokenEvent event) {
        if (!events.offer(event)) {
            throw new IllegalStateException("more events than maxTokens + 1");
        }
    }
}
