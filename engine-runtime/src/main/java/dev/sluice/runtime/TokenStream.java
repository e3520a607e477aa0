package dev.sluice.runtime;

import dev.sluice.runtime.TokenEvent.Failed;
import dev.sluice.runtime.TokenEvent.Finished;
import dev.sluice.runtime.TokenEvent.Token;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/// One request's answer. The engine thread writes, one reader takes; [#cancel] from any thread.
///
/// The stream holds every event that the request can produce, so the engine never waits for a
/// client, and a token costs the engine an `int`. Text is made on the reader's thread.
///
/// ```java
/// boolean more = true;
/// while (more) {
///     more = switch (stream.take()) {
///         case TokenEvent.Token token -> { System.out.print(token.text()); yield true; }
///         case TokenEvent.Finished last -> { System.out.println(last.text()); yield false; }
///         case TokenEvent.Failed failed -> throw new IllegalStateException(failed.message());
///     };
/// }
/// ```
public final class TokenStream {
    /// Most answers are shorter than this; the array doubles for the others.
    private static final int FIRST_TOKENS = 512;

    private final int tokensMax;
    private final TextDecoder decoder;
    private final long seed;
    private final int choice;
    // Written by the engine before `published`, read after it.
    private int[] tokenIds;
    private List<?>[] logprobs = {};
    private volatile int published;
    private volatile TokenEvent last;
    private volatile Thread reader;
    private volatile boolean cancelled;
    private volatile int cachedTokens;
    private volatile int computedTokens;
    // The reader's own.
    private int taken;
    private boolean ended;

    TokenStream(int tokensMax, TextDecoder decoder, long seed, int choice) {
        this.tokensMax = tokensMax;
        this.decoder = decoder;
        this.seed = seed;
        this.choice = choice;
        tokenIds = new int[Math.min(tokensMax, FIRST_TOKENS)];
    }

    /// The next event; waits for it. Must not be called after the last one.
    public TokenEvent take() throws InterruptedException {
        if (ended) {
            throw new IllegalStateException("the stream has ended");
        }
        if (taken == published && last == null) {
            await(Integer.MAX_VALUE);
        }
        if (taken < published) {
            int id = tokenIds[taken];
            var token = new Token(id, decoder.push(id), logprobs(taken));
            taken++;
            return token;
        }
        ended = true;
        return switch (last) {
            case Finished(var reason, String _, String stop, var usage) ->
                    new Finished(reason, decoder.flush(), stop, usage);
            case Failed failed -> failed;
            case Token _ -> throw new IllegalStateException("a token is no end");
        };
    }

    /// The engine writes first and looks for a reader then, the reader announces itself first and
    /// looks for news then; so one of them sees the other.
    private void await(int computed) throws InterruptedException {
        reader = Thread.currentThread();
        try {
            while (taken == published && last == null && computedTokens <= computed) {
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                LockSupport.park(this);
            }
        } finally {
            reader = null;
        }
    }

    /// Waits until more than `known` tokens of the prompt are there, computed or kept from before,
    /// or [#take] would return at once. Returns how many there are; the last piece of a prompt
    /// does not count before the first token, which comes with it. For the reader alone.
    public int awaitPrompt(int known) throws InterruptedException {
        if (!ready()) {
            await(known);
        }
        return computedTokens;
    }

    @SuppressWarnings("unchecked")
    private List<Logprob> logprobs(int index) {
        return index < logprobs.length ? (List<Logprob>) logprobs[index] : List.of();
    }

    /// The last event as soon as the engine is done with the request, whatever the reader has
    /// taken; the text of an end is not complete here. Any thread.
    public Optional<TokenEvent> ending() { return Optional.ofNullable(last); }

    /// Whether [#take] would return at once.
    public boolean ready() { return taken < published || last != null; }

    /// Ends the request at the engine's next step, with its last event as always.
    public void cancel() {
        cancelled = true;
    }

    /// Tokens there are so far, taken or not. From any thread.
    public int produced() { return published; }

    /// Whether there will be no more. From any thread.
    public boolean done() { return last != null; }

    /// Tokens of the prompt that were not computed for this request; known with the first token.
    /// From any thread.
    public int cachedTokens() { return cachedTokens; }

    /// The seed that the draws came from.
    public long seed() { return seed; }

    /// Which of the answers to its prompt this is, from 0.
    public int choice() { return choice; }

    boolean cancelled() { return cancelled; }

    /// Engine thread only.
    void cachedTokens(int tokens) {
        cachedTokens = tokens;
    }

    /// So much of the prompt is there. Engine thread only.
    void computed(int tokens) {
        computedTokens = tokens;
        wake();
    }

    /// Engine thread only.
    void put(int tokenId, List<Logprob> entries) {
        int count = published;
        if (count == tokensMax || last != null) {
            throw new IllegalStateException("a token behind the last of " + tokensMax);
        }
        if (count == tokenIds.length) {
            tokenIds = Arrays.copyOf(tokenIds, Math.min(tokensMax, 2 * count));
        }
        if (!entries.isEmpty()) {
            if (count >= logprobs.length) {
                logprobs = Arrays.copyOf(logprobs, tokenIds.length);
            }
            logprobs[count] = entries;
        }
        tokenIds[count] = tokenId;
        published = count + 1;
        wake();
    }

    /// The one event that ends it. Engine thread only.
    void end(TokenEvent event) {
        if (last != null) {
            throw new IllegalStateException("a second end " + event + " after " + last);
        }
        last = event;
        wake();
    }

    private void wake() {
        Thread waiting = reader;
        if (waiting != null) {
            LockSupport.unpark(waiting);
        }
    }
}
