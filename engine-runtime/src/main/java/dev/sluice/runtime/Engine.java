package dev.sluice.runtime;

import dev.sluice.models.CausalLm;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.RequestRejected.Reason;
import dev.sluice.runtime.TokenEvent.Failed;
import dev.sluice.runtime.TokenEvent.Failure;
import dev.sluice.runtime.cache.CacheSpace;
import dev.sluice.runtime.cache.ForeignCacheException;
import dev.sluice.runtime.cache.KvCache;
import dev.sluice.runtime.cache.ParkHint;
import dev.sluice.runtime.cache.SavedSession;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// Owns a model and all that changes during inference. One platform thread, `engine-loop`, touches
/// them; the methods here send it messages and may be called from any thread.
///
/// Requests run side by side, and none sees the others: each gets the tokens that it would get
/// alone. Every stream that [#submit] returns ends with exactly one terminal event, also when the
/// model fails or the engine is closed.
///
/// ```java
/// try (var engine = new Engine(model, tokenizer, EngineOptions.defaults())) {
///     int[] prompt = tokenizer.encodePrompt("Once upon a time");
///     TokenStream stream = engine.submit(
///             GenerateRequest.of(prompt, 100, SamplingParams.greedy()));
///     while (stream.take() instanceof TokenEvent.Token token) System.out.print(token.text());
/// }
/// ```
public final class Engine implements AutoCloseable {
    /// While everyone waits for a tier: how long until they are asked again.
    private static final long TIER_POLL_NANOS = 200_000;

    private sealed interface Command {
        record Generate(Generation first, List<Generation> siblings) implements Command {}

        /// Something to be done between two steps.
        record Call(FutureTask<?> task) implements Command {}

        record Stop() implements Command {}
    }

    private final CausalLm model;
    private final RequestDoor door;
    private final KvCache cache;
    private final Drafter drafter;
    private final TokenLoop loop;
    private final StatsBoard stats = new StatsBoard();
    private final AtomicInteger open = new AtomicInteger();
    private final int openMax;
    private final boolean writes;
    private final BlockingQueue<Command> inbox = new LinkedBlockingQueue<>();
    private final Thread thread;
    private volatile boolean running = true;
    private volatile String stopReason = "the engine was closed";

    /// Starts the thread with the default options. The engine closes the model when it ends.
    public Engine(CausalLm model, Tokenizer tokenizer) {
        this(model, tokenizer, EngineOptions.defaults());
    }

    /// Starts the thread. The engine closes the model when it ends.
    public Engine(CausalLm model, Tokenizer tokenizer, EngineOptions options) {
        this(model, tokenizer, options, LoopObserver.NONE);
    }

    /// With a draft model of the same vocabulary for [Speculation#draftModel]. The engine closes
    /// both when it ends.
    public Engine(CausalLm model, CausalLm draft, Tokenizer tokenizer, EngineOptions options) {
        this(model, tokenizer, options, LoopObserver.NONE, List.of(draft));
    }

    Engine(CausalLm model, Tokenizer tokenizer, EngineOptions options, LoopObserver observer) {
        this(model, tokenizer, options, observer, List.of());
    }

    /// @param drafts  none or one
    private Engine(CausalLm model, Tokenizer tokenizer, EngineOptions options,
            LoopObserver observer, List<CausalLm> drafts) {
        this.model = model;
        cache = new KvCache(model, options.tiers());
        writes = !options.kept().modelId().isEmpty();
        LoopSetup setup = LoopSetup.of(model, cache, options, stats, observer)
                .withEnded(open::decrementAndGet);
        int vocab = Math.min(model.vocab(), tokenizer.vocabSize());
        drafter = drafts.isEmpty() ? Drafter.NONE
                : new DraftModel(drafts.getFirst(), vocab, setup.parallel());
        loop = new TokenLoop(model, tokenizer, setup.withDrafter(drafter));
        door = new RequestDoor(
                tokenizer, cache, vocab, !drafts.isEmpty(), setup.quotas(),
                setup.clock());
        openMax = options.waitingMax() + setup.parallel();
        stats.cache(cache.stats());
        thread = Thread.ofPlatform().name("engine-loop").daemon().start(this::serve);
    }

    /// Most tokens of prompt and answer together.
    public int contextLimit() { return cache.contextLimit(); }

    /// What it does and has done; its pages as of the last end of a request, or the last
    /// [#betweenSteps].
    public EngineStats stats() { return stats.snapshot(); }

    /// Runs something on the engine's thread between two steps, for what only that thread may
    /// read, and brings the pages of [#stats] up to date. Does not wait for it; it must be short,
    /// since every open request waits meanwhile.
    ///
    /// @throws RequestRejected if the engine has stopped
    public Future<?> betweenSteps(Runnable work) {
        var task = new FutureTask<Void>(() -> {
            stats.cache(cache.stats());
            work.run();
        }, null);
        send(new Command.Call(task));
        return task;
    }

    /// Queues a request.
    ///
    /// @throws RequestRejected if it can not be served; nothing was queued then
    public TokenStream submit(GenerateRequest request) {
        return submit(request, 1, Branch.NONE).getFirst();
    }

    /// Queues a request that leaves its tokens at `branch`.
    public TokenStream submit(GenerateRequest request, Branch branch) {
        return submit(request, 1, branch).getFirst();
    }

    /// Queues a request for several answers, which cost one prefill: choice `request.choice()` and
    /// those after it. Each stream ends by itself and may be cancelled by itself.
    public List<TokenStream> submit(GenerateRequest request, int choices) {
        return submit(request, choices, Branch.NONE);
    }

    private List<TokenStream> submit(GenerateRequest request, int choices, Branch branch) {
        List<Generation> made = door.prepare(request, choices);
        if (open.addAndGet(choices) > openMax) {
            open.addAndGet(-choices);
            throw new RequestRejected(Reason.OVERLOADED,
                    "%d requests are open already, %d more would exceed %d"
                    .formatted(open.get(), choices, openMax));
        }
        made.getFirst().branch(branch);
        send(new Command.Generate(made.getFirst(), made.subList(1, choices)));
        var streams = new ArrayList<TokenStream>();
        for (Generation generation : made) {
            streams.add(generation.stream());
        }
        return streams;
    }

    /// A branch without tokens, whose prefixes everyone may share.
    public Branch branch() {
        return new Branch(CacheSpace.SHARED);
    }

    /// A branch with the tokens that `parent` has when the requests that have ended so far are
    /// counted. Nothing is copied and nothing computed again.
    public Branch fork(Branch parent) {
        return call(() -> {
            var child = new Branch(parent.space());
            child.keep(parent.tokenIds());
            return child;
        });
    }

    /// Tells that a branch will not be used until a tool has answered, so that its pages may go to
    /// a cheaper place.
    ///
    /// @param tool           whose waits are learnt; empty when nothing is known
    /// @param expectedNanos  how long it should take; 0 when only experience can tell
    public void park(Branch branch, String tool, long expectedNanos) {
        var hint = new ParkHint(tool, expectedNanos);
        call(() -> {
            Branches.park(cache, branch, hint);
            return branch;
        });
    }

    /// Tells that a parked branch will be used now, so that its pages come back meanwhile.
    public void resume(Branch branch) {
        call(() -> {
            Branches.resume(cache, branch);
            return branch;
        });
    }

    /// How many tokens of a branch have keys and values in the cache: what a save would write now.
    public int computed(Branch branch) {
        return call(() -> Branches.computed(cache, branch));
    }

    /// Writes a branch's tokens, keys and values to a file, on the calling thread.
    ///
    /// @return how many tokens the file has
    /// @throws RequestRejected if the engine was started without a model id, by which files of
    ///                         other models are told
    public int save(Branch branch, Path file) throws IOException {
        requireModelId();
        try (SavedSession saved = call(() -> Branches.snapshot(cache, branch))) {
            saved.write(file);
            return saved.tokens().length;
        }
    }

    /// A branch from a file that [#save] wrote, also in another process. Read on the calling
    /// thread.
    ///
    /// @throws RequestRejected if the file is another model's, torn or changed; nothing of it was
    ///                         used then
    public Branch restore(Path file) throws IOException {
        requireModelId();
        try (SavedSession saved = cache.load(file)) {
            return call(() -> Branches.restore(cache, saved));
        } catch (ForeignCacheException e) {
            throw new RequestRejected(Reason.INVALID_REQUEST, e.getMessage());
        }
    }

    private void requireModelId() {
        if (!writes) {
            throw new RequestRejected(Reason.INVALID_REQUEST,
                    "the engine was started without a modelId: files need one");
        }
    }

    /// Once the engine is closed.
    KvCache cache() { return cache; }

    /// Once the engine is closed.
    TokenLoop loop() { return loop; }

    /// Runs something on the engine's thread and waits for it.
    private <T> T call(Callable<T> work) {
        var task = new FutureTask<>(work);
        send(new Command.Call(task));
        try {
            return task.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException thrown) {
                throw thrown;
            }
            throw new IllegalStateException(e.getCause());
        } catch (CancellationException e) {
            throw new RequestRejected(Reason.ENGINE_STOPPED, stopReason);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while waiting for the engine");
        }
    }

    /// Either the engine's last sweep finds the command, or the command comes back here.
    private void send(Command command) {
        inbox.add(command);
        if (!running && inbox.remove(command)) {
            throw new RequestRejected(Reason.ENGINE_STOPPED, stopReason);
        }
    }

    private void serve() {
        Failure end = Failure.ENGINE_STOPPED;
        try {
            while (running) {
                drain();
                if (running && !loop.step() && !loop.idle()) {
                    nap();
                }
            }
        } catch (InterruptedException e) {
            // Nobody but the process's end interrupts this thread: the engine closes.
        } catch (RuntimeException | Error e) {
            stopReason = "the engine failed: " + e;
            end = Failure.ENGINE_FAILED;
        } finally {
            running = false;
            loop.endAll(end, stopReason);
            sweep(end);
            loop.close();
            cache.close();
            drafter.close();
            model.close();
        }
    }

    /// Obeys all that has come; waits for something when there is nothing to do. A command that
    /// was taken is always obeyed, so none is lost when the engine closes meanwhile.
    private void drain() throws InterruptedException {
        if (loop.idle()) {
            obey(inbox.take());
        }
        for (Command next = inbox.poll(); next != null; next = inbox.poll()) {
            obey(next);
        }
    }

    /// Everyone waits for a tier; a new request may have better luck.
    private void nap() throws InterruptedException {
        Command next = inbox.poll(TIER_POLL_NANOS, TimeUnit.NANOSECONDS);
        if (next != null) {
            obey(next);
        }
    }

    private void obey(Command command) {
        switch (command) {
            case Command.Generate(var first, var siblings) -> loop.accept(first, siblings);
            case Command.Call(var task) -> task.run();
            case Command.Stop() -> running = false;
        }
    }

    private void sweep(Failure end) {
        for (Command left = inbox.poll(); left != null; left = inbox.poll()) {
            switch (left) {
                case Command.Generate(var first, var siblings) -> {
                    first.stream().end(new Failed(end, stopReason));
                    siblings.forEach(g -> g.stream().end(new Failed(end, stopReason)));
                }
                case Command.Call(var task) -> task.cancel(false);
                case Command.Stop() -> { }
            }
        }
    }

    /// Ends what is running and waiting, and waits until the model is closed.
    @Override
    public void close() {
        running = false;
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
