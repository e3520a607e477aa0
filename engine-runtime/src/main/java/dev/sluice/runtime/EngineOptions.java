package dev.sluice.runtime;

import dev.sluice.models.LoadedModel;
import dev.sluice.runtime.cache.KvTiers;
import dev.sluice.runtime.cache.ModelFingerprint;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/// How an engine shares its model. Immutable.
///
/// ```java
/// var options = EngineOptions.defaults().withParallel(16).withHostTier(2L << 30);
/// try (var engine = new Engine(model, tokenizer, options)) { }
/// ```
///
/// @param parallel   most sequences in one step; 0 for as many as the model takes
/// @param waitingMax requests that may wait; each holds its prompt, so it bounds memory
/// @param stepNanos  longest step wanted while someone waits for the next token, so the time
///                   between two tokens when a long prompt comes; a chunk has at least 64 rows
/// @param shares     who gets how much
/// @param kept       keys and values outside of the pool
public record EngineOptions(
        int parallel, int waitingMax, long stepNanos, Shares shares, Kept kept) {

    private static final int WAITING_MAX = 1024;
    /// A reader notices more.
    private static final long STEP_NANOS = 500_000_000;

    /// @param clientWeights  a client's share relative to the others', 1 where none is given
    /// @param pageQuotas     bounds on the KV pages of clients, by name, and of their programs, as
    ///                       `client/program`
    /// @param turns          of the engines that share the processors; empty when this one has
    ///                       them for itself
    /// @param weight         its share of the processors' time relative to the others'
    public record Shares(Map<String, Double> clientWeights, Map<String, PageQuota> pageQuotas,
            Optional<StepTurns> turns, double weight) {
        public Shares {
            clientWeights = Map.copyOf(clientWeights);
            pageQuotas = Map.copyOf(pageQuotas);
        }
    }

    /// @param modelId    names all that keys and values depend on; files written under one are not
    ///                   read under another. Empty: nothing may be written to a file.
    /// @param hostBytes  host memory for keys and values that the pool has no room for
    /// @param folder     for those that the host tier has no room for; one engine's at a time
    /// @param diskBytes  of its files; 0 for no disk tier
    public record Kept(String modelId, long hostBytes, Path folder, long diskBytes) {
        public Kept {
            if (hostBytes < 0 || diskBytes < 0) {
                throw new IllegalArgumentException("hostBytes=%d, diskBytes=%d, allowed: at least 0"
                        .formatted(hostBytes, diskBytes));
            }
        }
    }

    public EngineOptions {
        if (parallel < 0 || waitingMax < 1 || stepNanos < 1) {
            throw new IllegalArgumentException(
                    "parallel=%d, waitingMax=%d, stepNanos=%d, allowed: at least 0, 1 and 1"
                    .formatted(parallel, waitingMax, stepNanos));
        }
    }

    /// As many sequences as the model takes, 1024 waiting requests, no tiers.
    public static EngineOptions defaults() {
        return new EngineOptions(0, WAITING_MAX, STEP_NANOS,
                new Shares(Map.of(), Map.of(), Optional.empty(), 1),
                new Kept("", 0, Path.of(""), 0));
    }

    public EngineOptions withParallel(int sequences) {
        return new EngineOptions(sequences, waitingMax, stepNanos, shares, kept);
    }

    public EngineOptions withWaitingMax(int requests) {
        return new EngineOptions(parallel, requests, stepNanos, shares, kept);
    }

    public EngineOptions withStepNanos(long nanos) {
        return new EngineOptions(parallel, waitingMax, nanos, shares, kept);
    }

    public EngineOptions withClientWeights(Map<String, Double> weights) {
        return with(new Shares(weights, shares.pageQuotas(), shares.turns(), shares.weight()));
    }

    public EngineOptions withPageQuotas(Map<String, PageQuota> quotas) {
        return with(new Shares(shares.clientWeights(), quotas, shares.turns(), shares.weight()));
    }

    /// Shares the processors with all engines of the same turns.
    public EngineOptions withTurns(StepTurns shared, double weight) {
        return with(new Shares(
                shares.clientWeights(), shares.pageQuotas(), Optional.of(shared), weight));
    }

    private EngineOptions with(Shares given) {
        return new EngineOptions(parallel, waitingMax, stepNanos, given, kept);
    }

    public EngineOptions withModelId(String id) {
        return with(new Kept(id, kept.hostBytes(), kept.folder(), kept.diskBytes()));
    }

    /// With a model id made of all that the keys and values of a model depend on.
    ///
    /// @param backend which computes them and lays out their bytes
    public EngineOptions withModelId(LoadedModel model, String backend) {
        return withModelId(ModelFingerprint.of(model, backend).toString());
    }

    public EngineOptions withHostTier(long bytes) {
        return with(new Kept(kept.modelId(), bytes, kept.folder(), kept.diskBytes()));
    }

    public EngineOptions withDiskTier(Path folder, long bytes) {
        return with(new Kept(kept.modelId(), kept.hostBytes(), folder, bytes));
    }

    private EngineOptions with(Kept given) {
        return new EngineOptions(parallel, waitingMax, stepNanos, shares, given);
    }

    /// This engine's place among those that share the processors.
    StepTurns.Turn turn() {
        return shares.turns().orElseGet(StepTurns::new).join(shares.weight());
    }

    /// What the cache wants to know.
    KvTiers tiers() {
        if (kept.diskBytes() > 0 && kept.modelId().isEmpty()) {
            throw new IllegalArgumentException("a disk tier needs a modelId");
        }
        return new KvTiers(ModelFingerprint.named(kept.modelId()), kept.hostBytes(),
                kept.folder(), kept.diskBytes());
    }
}
