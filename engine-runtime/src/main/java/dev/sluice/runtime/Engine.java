package dev.sluice.runtime;

import dev.sluice.models.CausalLm;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.RequestRejected.Reason;
import dev.sluice.runtime.TokenEvent.Failed;
import dev.sluice.runtime.TokenEvent.Failure;
import dev.sluice.runtime.cache.CacheSpace;
import dev.sluice.runtime.cache.KvCache;
import dev.sluice.runtime.cache.KvSequence;
import dev.sluice.runtime.cache.KvTiers;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/// Owns a model and all that changes during inference. One platform thread, `engine-loop`, touches
/// them; the methods here send it messages and may be called from any thread.
///
/// Every stream that [#submit] returns ends with exactly one terminal event, also when the model
/// fails or the engine is closed. Requests are served one at a time, in order.
public final class Engine implements AutoCloseable {
    /// Requests that may wait; each holds its prompt, so the bound is one of memory.
    private static final int WAITING_MAX = 1024;

    private sealed interface Command {
        record Generate(Generation generation, StopMatcher stops, boolean keep)
                implements Command {}

        record Fork(KvSequence parent, KvSequence child) implements Command {}

        record Drop(KvSequence sequence) implements Command {}

        record Stop() implements Command {}
    }

    private record Breakers(List<String> texts, DryBreakers tokens) {}

    private final CausalLm model;
    private final Tokenizer tokenizer;
    private final KvCache cache;
    private final TokenLoop loop;
    private final int vocab;
    private final BlockingQueue<Command> inbox = new LinkedBlockingQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private final Thread thread;
    private volatile Breakers breakers = new Breakers(List.of(), DryBreakers.NONE);
    private volatile boolean open = true;
    private volatile String stopReason = "the engine was closed";

    /// Starts the thread. The engine closes the model when it ends.
    public Engine(CausalLm model, Tokenizer tokenizer) {
        this.model = model;
        this.tokenizer = tokenizer;
        cache = new KvCache(model, KvTiers.NONE);
        loop = new TokenLoop(model, tokenizer, cache);
        vocab = loop.vocab();
        thread = Thread.ofPlatform().name("engine-loop").daemon().start(this::serve);
    }

    /// Most tokens of prompt and answer together.
    public int contextLimit() { return cache.contextLimit(); }

    /// Queues a request whose keys and values are forgotten when it ends.
    ///
    /// @throws RequestRejected if it can not be served; nothing was queued then
    public TokenStream submit(GenerateRequest request) {
        return submit(request, cache.open(CacheSpace.SHARED), false);
    }

    /// Queues a request that goes on from what `branch` has of its prompt, and leaves its own
    /// tokens there.
    public TokenStream submit(GenerateRequest request, Branch branch) {
        return submit(request, branch.sequence(), true);
    }

    /// A sequence without tokens.
    public Branch branch() {
        return new Branch(cache.open(CacheSpace.SHARED));
    }

    /// A sequence with the tokens that `parent` will have after the requests queued so far. Pages
    /// are shared, and copied only when one of the two writes on.
    public Branch fork(Branch parent) {
        KvSequence child = cache.open(CacheSpace.SHARED);
        send(new Command.Fork(parent.sequence(), child));
        return new Branch(child);
    }

    /// Gives a branch's pages back after the requests queued so far. A closed engine has done so.
    public void drop(Branch branch) {
        inbox.add(new Command.Drop(branch.sequence()));
    }

    /// Once the engine is closed.
    KvCache cache() { return cache; }

    private TokenStream submit(GenerateRequest request, KvSequence sequence, boolean keep) {
        check(request);
        var patterns = request.stopStrings().isEmpty()
                ? StopMatcher.Patterns.NONE : new StopMatcher.Patterns(request.stopStrings());
        int room = cache.contextLimit() - request.promptIds().length;
        var stream = new TokenStream(Math.min(request.maxTokens(), room),
                new TextDecoder(tokenizer, patterns), request.sampling().seed());
        var generation = new Generation(request, stream, sequence,
                breakersOf(request.sampling().dry()), tokenizer.endOfGeneration());
        if (waiting.incrementAndGet() > WAITING_MAX) {
            waiting.decrementAndGet();
            throw new RequestRejected(Reason.OVERLOADED, WAITING_MAX + " requests wait already");
        }
        send(new Command.Generate(generation, new StopMatcher(patterns), keep));
        return stream;
    }

    /// Either the engine's last sweep finds the command, or the command comes back here.
    private void send(Command command) {
        inbox.add(command);
        if (!open && inbox.remove(command)) {
            throw new RequestRejected(Reason.ENGINE_STOPPED, stopReason);
        }
    }

    private void check(GenerateRequest request) {
        int prompt = request.promptIds().length;
        if (prompt >= cache.contextLimit()) {
            throw new RequestRejected(Reason.CONTEXT_LENGTH_EXCEEDED,
                    "the prompt has %d tokens, the context holds %d, one of them for the answer"
                            .formatted(prompt, cache.contextLimit()));
        }
        for (int i = 0; i < prompt; i++) {
            checkId("promptIds", request.promptIds()[i]);
        }
        for (Map.Entry<Integer, Float> bias : request.sampling().logitBias().entrySet()) {
            checkId("logitBias", bias.getKey());
        }
        for (int stopId : request.stopIds()) {
            checkId("stopIds", stopId);
        }
    }

    private void checkId(String field, int tokenId) {
        if (tokenId < 0 || tokenId >= vocab) {
            throw new RequestRejected(Reason.INVALID_REQUEST,
                    "%s: token %d, allowed: 0 to %d".formatted(field, tokenId, vocab - 1));
        }
    }

    /// Reading the vocabulary takes a while, so the last list of texts is kept.
    private DryBreakers breakersOf(SamplingParams.Dry dry) {
        if (!dry.on() || dry.breakers().isEmpty()) {
            return DryBreakers.NONE;
        }
        Breakers last = breakers;
        if (!last.texts().equals(dry.breakers())) {
            last = new Breakers(dry.breakers(), DryBreakers.of(dry.breakers(), tokenizer));
            breakers = last;
        }
        return last.tokens();
    }

    private void serve() {
        var end = new Failed(Failure.ENGINE_STOPPED, stopReason);
        try {
            while (open) {
                obey(inbox.take());
            }
        } catch (InterruptedException e) {
            // Nobody but the process's end interrupts this thread: the engine closes.
        } catch (RuntimeException | Error e) {
            stopReason = "the engine failed: " + e;
            end = new Failed(Failure.ENGINE_FAILED, stopReason);
        } finally {
            open = false;
            sweep(end);
            model.close();
        }
    }

    private void sweep(Failed end) {
        for (Command left = inbox.poll(); left != null; left = inbox.poll()) {
            if (left instanceof Command.Generate waited) {
                waited.generation().stream().put(end);
            }
        }
    }

    private void obey(Command command) {
        switch (command) {
            case Command.Generate generate -> generate(generate);
            case Command.Fork(var parent, var child) -> cache.fork(parent, child);
            case Command.Drop(var sequence) -> cache.close(sequence);
            case Command.Stop() -> open = false;
        }
    }

    /// From the first step to the terminal event, whatever happens.
    private void generate(Command.Generate command) {
        Generation generation = command.generation();
        waiting.decrementAndGet();
        try {
            loop.start(generation);
            boolean more = true;
            while (more && open) {
                more = loop.step(generation, command.stops());
            }
            if (more) {
                generation.stream().put(new Failed(Failure.ENGINE_STOPPED, stopReason));
            }
        } catch (SamplingException e) {
            generation.stream().put(new Failed(Failure.NO_TOKEN, e.getMessage()));
        } catch (RuntimeException | Error e) {
            generation.stream().put(
                    new Failed(Failure.ENGINE_FAILED, "the engine failed: " + e));
            throw e;
        }
        if (command.keep()) {
            cache.release(generation.sequence());
        } else {
            cache.close(generation.sequence());
        }
    }

    /// Ends what is running and waiting, and waits until the model is closed.
    @Override
    public void close() {
        open = false;
        inbox.add(new Command.Stop());
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
