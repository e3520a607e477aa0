package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.SimulatedEngine.Reader;
import dev.sluice.runtime.cache.CacheSpace;
import dev.sluice.runtime.cache.KvTiers;
import dev.sluice.runtime.cache.ModelFingerprint;
import dev.sluice.runtime.cache.ParkHint;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Goal: a request gives the same tokens, and the same logits bit for bit, whatever its company.
///
/// Method: a probe on stories260K and the vector backend, alone and then in 200 random companies:
/// batch mates with and without its prefix, arrival before and after, chunk sizes, thread counts,
/// cache hits, as one of several choices, with guesses, in a small pool, losing its pages on the
/// way, and with a prefix that was parked and came back. Every row of logits that a token of the
/// probe is drawn from is hashed.
class DeterminismTest {
    private static final Path MODEL = Path.of(
            "../models/core/src/test/resources/stories260K/stories260K.gguf");
    private static final int CONTEXT = 200;
    private static final int COMPANIES = 200;
    private static final int COMPANIES_PER_OPENING = 10;
    private static final int PROBE_TOKENS = 40;

    /// Hashes of the probe's rows by position.
    private static final class Probe implements LoopObserver {
        private final Map<Integer, Integer> hashes = new TreeMap<>();
        private TokenStream watched;

        @Override
        public void logits(Generation generation, Matrix logits, int row) {
            if (generation.stream() == watched) {
                int hash = 1;
                for (int i = 0; i < logits.cols(); i++) {
                    hash = 31 * hash + Float.floatToRawIntBits(logits.f32(row, i));
                }
                hashes.put(generation.history().size(), hash);
            }
        }

        @Override
        public void stepped(TokenLoop loop) { }
    }

    /// What the companies had in them.
    private record Company(int preemptions, int cached, int accepted, long restored) {}

    private final Random random = new Random(7);
    private Tokenizer tokenizer;
    private int[] prompt;

    @Test
    @Timeout(300)
    void theProbeKnowsNothingOfItsCompany() {
        Probe want = new Probe();
        List<Integer> ids = List.of();
        try (LoadedModel model = open(1, 512, 0)) {
            tokenizer = model.texts().tokenizer();
            prompt = tokenizer.encodePrompt("Once upon a time, there was a little girl named Lily."
                    + " She loved to play outside in the park. One day, she saw a big, red ball."
                    + " Once upon a time, there was");
            var engine = new SimulatedEngine(model.lm(), tokenizer, 1,
                    new SimulatedEngine.Draws(1, Drafter.NONE), want, KvTiers.NONE);
            Reader alone = engine.submit(probe());
            want.watched = alone.stream;
            engine.finish();
            ids = alone.ids;
        }
        assertEquals(PROBE_TOKENS, ids.size());
        assertEquals(PROBE_TOKENS, want.hashes.size());
        int preemptions = 0;
        int cached = 0;
        int accepted = 0;
        long restored = 0;
        for (int done = 0; done < COMPANIES; done += COMPANIES_PER_OPENING) {
            int parallel = 2 + random.nextInt(8);
            try (LoadedModel model = open(parallel, parallel + random.nextInt(90),
                    1 + random.nextInt(3))) {
                for (int i = 0; i < COMPANIES_PER_OPENING; i++) {
                    Company company = company(model, parallel, ids, want);
                    preemptions += company.preemptions();
                    cached += company.cached();
                    accepted += company.accepted();
                    restored += company.restored();
                }
            }
        }
        assertTrue(preemptions >= 40 && cached > 1000 && accepted > 50 && restored > 20,
                "too quiet: %d preemptions, %d cached, %d accepted, %d restored"
                .formatted(preemptions, cached, accepted, restored));
    }

    /// A model with random threads, and a pool of so many contexts or, for 0, as many as sequences.
    private LoadedModel open(int sequences, int maxRows, int contexts) {
        var kernels = Kernels.open("vector",
                new BackendOptions(0, 1 + random.nextInt(3), Long.MAX_VALUE));
        var options = new LoadOptions(DType.F16, CONTEXT, sequences, maxRows);
        if (contexts > 0) {
            // 5 layers, 4 heads of 8 for keys and values, 2 bytes each.
            options = options.withKvBytes((CONTEXT + 40L) * contexts * 5 * 2 * 4 * 8 * 2);
        }
        return LoadedModel.open(MODEL, kernels, options, _ -> { });
    }

    private GenerateRequest probe() {
        return GenerateRequest.of(prompt, PROBE_TOKENS,
                SamplingParams.defaults().withSeed(11).withTemperature(0.8f).withTopP(0.95f));
    }

    private Company company(LoadedModel model, int parallel, List<Integer> ids, Probe want) {
        var got = new Probe();
        var engine = new SimulatedEngine(model.lm(), tokenizer, parallel,
                new SimulatedEngine.Draws(1 + random.nextInt(3), Drafter.NONE), got,
                KvTiers.host(ModelFingerprint.named("stories"), 1 << 20));
        Branch parked = random.nextInt(3) == 0 ? park(engine) : Branch.NONE;
        int before = random.nextInt(6);
        for (int i = 0; i < before; i++) {
            engine.submit(mate());
            steps(engine);
        }
        Branches.resume(engine.cache, parked);
        GenerateRequest request = probe().withSpeculation(random.nextInt(3) == 0
                ? Speculation.promptLookup(1 + random.nextInt(6)) : Speculation.OFF);
        Reader reader = engine.submit(request, 1 + random.nextInt(3)).getFirst();
        got.watched = reader.stream;
        for (int i = random.nextInt(8); i > 0; i--) {
            engine.submit(mate());
            steps(engine);
            if (random.nextInt(8) == 0 && reader.generation.attached()) {
                engine.loop.preempt(reader.generation);
            }
        }
        engine.finish();
        assertEquals(ids, reader.ids);
        assertEquals(want.hashes, got.hashes);
        Usage usage = reader.usage();
        long restored = engine.cache.stats().tiers().restored();
        engine.loop.close();
        engine.cache.close();
        return new Company(usage.preemptions(), usage.cachedTokens(), usage.acceptedTokens(),
                restored);
    }

    /// Has a part of the probe's prompt computed and parked, and then pushed out by others.
    private Branch park(SimulatedEngine engine) {
        int[] part = Arrays.copyOf(prompt, prompt.length / 2 + random.nextInt(prompt.length / 2));
        engine.submit(GenerateRequest.of(part, 1, SamplingParams.greedy()));
        engine.finish();
        var branch = new Branch(CacheSpace.SHARED);
        branch.keep(part);
        Branches.park(engine.cache, branch, new ParkHint("tool", Long.MAX_VALUE / 4));
        for (int i = 0; i < 4; i++) {
            engine.submit(mate());
        }
        engine.finish();
        return branch;
    }

    /// Someone else, often with a part of the probe's prompt, sometimes with more worth.
    private GenerateRequest mate() {
        int kept = random.nextInt(prompt.length);
        int[] others = Arrays.copyOf(prompt, kept + 1 + random.nextInt(60));
        for (int i = kept; i < others.length; i++) {
            others[i] = 5 + random.nextInt(500);
        }
        return GenerateRequest.of(others, 1 + random.nextInt(60),
                SamplingParams.defaults().withSeed(random.nextLong()))
                .withHints(RequestHints.NONE.withLane(0).withClient("c" + random.nextInt(2)));
    }

    private void steps(SimulatedEngine engine) {
        for (int i = random.nextInt(6); i > 0; i--) {
            engine.step();
        }
    }
}
