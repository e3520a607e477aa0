package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.CausalLm;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.TokenEvent.Failed;
import dev.sluice.runtime.TokenEvent.Finished;
import dev.sluice.runtime.TokenEvent.Token;
import dev.sluice.runtime.cache.KvCache;
import dev.sluice.runtime.cache.KvSequence;
import dev.sluice.runtime.cache.KvTiers;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The token loop without its thread, on a clock that the test moves: the same arrivals give the
/// same steps.
final class SimulatedEngine {
    static final ByteTokenizer TOKENIZER = new ByteTokenizer();

    /// One accepted request and what its reader has seen.
    static final class Reader {
        final Generation generation;
        final TokenStream stream;
        final List<Integer> ids = new ArrayList<>();
        final List<List<Logprob>> logprobs = new ArrayList<>();
        Optional<TokenEvent> last = Optional.empty();

        Reader(Generation generation) {
            this.generation = generation;
            stream = generation.stream();
        }

        Finished finished() { return (Finished) last.orElseThrow(); }

        Usage usage() { return finished().usage(); }

        /// Takes what is there.
        void read() {
            while (last.isEmpty() && stream.ready()) {
                try {
                    switch (stream.take()) {
                        case Token token -> {
                            ids.add(token.id());
                            logprobs.add(token.logprobs());
                        }
                        case Finished finished -> last = Optional.of(finished);
                        case Failed failed -> last = Optional.of(failed);
                    }
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
        }
    }

    final KvCache cache;
    final TokenLoop loop;
    final StatsBoard stats = new StatsBoard();
    final List<Reader> readers = new ArrayList<>();
    private final RequestDoor door;
    private int ended;
    long now = 1;

    SimulatedEngine(CausalLm model, int parallel) {
        this(model, parallel, Drafter.NONE, LoopObserver.NONE);
    }

    SimulatedEngine(CausalLm model, int parallel, Drafter drafter, LoopObserver observer) {
        this(model, TOKENIZER, parallel, new Draws(1, drafter), observer, KvTiers.NONE);
    }

    /// Who draws tokens, and who guesses them.
    record Draws(int samplerThreads, Drafter drafter) { }

    SimulatedEngine(CausalLm model, Tokenizer tokenizer, int parallel, Draws draws,
            LoopObserver observer, KvTiers tiers) {
        cache = new KvCache(model, tiers);
        LoopSetup plain = LoopSetup.of(model, cache,
                EngineOptions.defaults().withParallel(parallel), stats, observer);
        loop = new TokenLoop(model, tokenizer, new LoopSetup(cache, plain.scheduler(), parallel,
                draws.samplerThreads, draws.drafter, plain.quotas(), plain.pace(),
                new StepTurns().join(1), stats, observer, () -> now, () -> ended++));
        door = new RequestDoor(
                tokenizer, cache, loop.vocab(), draws.drafter != Drafter.NONE, plain.quotas(),
                () -> now);
    }

    Reader submit(GenerateRequest request) { return submit(request, 1).getFirst(); }

    List<Reader> submit(GenerateRequest request, int choices) {
        List<Generation> made = door.prepare(request, choices);
        loop.accept(made.getFirst(), made.subList(1, choices));
        List<Reader> added = made.stream().map(Reader::new).toList();
        readers.addAll(added);
        return added;
    }

    /// One step, after which all books must be right.
    boolean step() {
        now += 1_000_000;
        boolean ran = loop.step();
        checkIntegrity();
        return ran;
    }

    void checkIntegrity() {
        var live = new ArrayList<KvSequence>();
        for (Generation generation : loop.open()) {
            if (generation.attached()) {
                live.add(generation.sequence());
            }
        }
        cache.checkIntegrity(live);
    }

    /// Steps until all have ended, then reads everything.
    void finish() {
        int idleSteps = 0;
        while (!loop.idle()) {
            idleSteps = step() ? 0 : idleSteps + 1;
            assertTrue(idleSteps < 1000, this::standstill);
        }
        readers.forEach(Reader::read);
        for (Reader reader : readers) {
            assertTrue(reader.last.isPresent(), "a request without an end");
        }
        assertEquals(readers.size(), ended, "ends that were counted");
    }

    private String standstill() {
        var text = new StringBuilder("nobody gets on: " + cache.stats().groups());
        for (Generation g : loop.open()) {
            text.append("%n%s%s lane %d, length %d missing %d drawn %d preempted %d".formatted(
                    g.attached() ? "attached" : "waiting", g.following() ? " follows" : "",
                    g.job().hints().lane(),
                    g.sequence().length(), g.missing(), g.progress().drawn(),
                    g.usage().preemptions()));
        }
        return text.toString();
    }
}
