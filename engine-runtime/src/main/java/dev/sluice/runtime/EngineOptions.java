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
/// @param parallel       most sequences in one step; 0 for as many as the model takes
/// @param waitingMax     requests that may wait; each holds its prompt, so it bounds memory
/// @param stepNanos      longest step wanted while someone waits for the next token, so the time
///                       between two tokens when a long prompt comes; a chunk has at least 64 rows
/// @param clientWeights  a client's share relative to the others', 1 where none is given
/// @param pageQuotas     bounds on the KV pages of clients, by name, and of their programs, as
///                       `client/program`
/// @param modelId        names all that keys and values depend on; files written under one are not
///                       read under another. Empty: nothing may be written to a file.
/// @param hostTierBytes  host memory for keys and values that the pool has no room for
/// @param diskTier       folder for those that the host tier has no room for; one engine's at a
///                       time
/// @param diskTierBytes  of its files; 0 for no disk tier
/// @param turns          of the engines that share the processors; empty when this one has them
///                       for itself
/// @param weight         its share of the processors' time relative to the others'
public record EngineOptions(int parallel, int waitingMax, long stepNanos,
        Map<String, Double> clientWeights, Map<String, PageQuota> pageQuotas, String modelId, long hostTierBytes, Path diskTier,
        long diskTierBytes, Optional<StepTurns> turns, double weight) {

    private static final int WAITING_MAX = 1024;
    /// A reader notices more.
    private static final long STEP_NANOS = 500_000_000;

    public EngineOptions {
        if (parallel < 0 || waitingMax < 1 || stepNanos < 1 || hostTierBytes < 0
                || diskTierBytes < 0) {
            throw new IllegalArgumentException(
                    ("parallel=%d, waitingMax=%d, stepNanos=%d, hostTierBytes=%d, "
                    + "diskTierBytes=%d, allowed: none below 0, the second and third at least 1")
                    .formatted(parallel, waitingMax, stepNanos, hostTierBytes, diskTierBytes));
        }
        clientWeights = Map.copyOf(clientWeights);
        pageQuotas = Map.copyOf(pageQuotas);
    }

    /// As many sequences as the model takes, 1024 waiting requests, no tiers.
    public static EngineOptions defaults() {
        return new EngineOptions(0, WAITING_MAX, STEP_NANOS, Map.of(), Map.of(), "", 0, Path.of(""), 0,
                Optional.empty(), 1);
    }

    public EngineOptions withParallel(int sequences) {
        return new EngineOptions(sequences, waitingMax, stepNanos, clientWeights, pageQuotas, modelId,
                hostTierBytes, diskTier, diskTierBytes, turns, weight);
    }

    public EngineOptions withWaitingMax(int requests) {
        return new EngineOptions(parallel, requests, stepNanos, clientWeights, pageQuotas, modelId,
                hostTierBytes, diskTier, diskTierBytes, turns, weight);
    }

    public EngineOptions withStepNanos(long nanos) {
        return new EngineOptions(parallel, waitingMax, nanos, clientWeights, pageQuotas, modelId, hostTierBytes,
                diskTier, diskTierBytes, turns, weight);
    }

    public EngineOptions withClientWeights(Map<String, Double> weights) {
        return new EngineOptions(parallel, waitingMax, stepNanos, weights, pageQuotas, modelId, hostTierBytes,
                diskTier, diskTierBytes, turns, weight);
    }

    public EngineOptions withPageQuotas(Map<String, PageQuota> quotas) {
        return new EngineOptions(parallel, waitingMax, stepNanos, clientWeights, quotas, modelId,
                hostTierBytes, diskTier, diskTierBytes, turns, weight);
    }

    public EngineOptions withModelId(String id) {
        return new EngineOptions(parallel, waitingMax, stepNanos, clientWeights, pageQuotas, id, hostTierBytes,
                diskTier, diskTierBytes, turns, weight);
    }

    /// With a model id made of all that the keys and values of a model depend on.
    ///
    /// @param backend which computes them and lays out their bytes
    public EngineOptions withModelId(LoadedModel model, String backend) {
        return withModelId(ModelFingerprint.of(model, backend).toString());
    }

    public EngineOptions withHostTier(long bytes) {
        return new EngineOptions(parallel, waitingMax, stepNanos, clientWeights, pageQuotas, modelId, bytes,
                diskTier, diskTierBytes, turns, weight);
    }

    public EngineOptions withDiskTier(Path folder, long bytes) {
        return new EngineOptions(parallel, waitingMax, stepNanos, clientWeights, pageQuotas, modelId,
                hostTierBytes, folder, bytes, turns, weight);
    }

    /// Shares the processors with all engines of the same turns.
    public EngineOptions withTurns(StepTurns shared, double share) {
        return new EngineOptions(parallel, waitingMax, stepNanos, clientWeights, pageQuotas, modelId,
                hostTierBytes, diskTier, diskTierBytes, Optional.of(shared), share);
    }

    /// This engine's place among those that share the processors.
    StepTurns.Turn turn() {
        return turns.orElseGet(StepTurns::new).join(weight);
    }

    /// What the cache wants to know.
    KvTiers tiers() {
        if (diskTierBytes > 0 && modelId.isEmpty()) {
            throw new IllegalArgumentException("a disk tier needs a modelId");
        }
        return new KvTiers(ModelFingerprint.named(modelId), hostTierBytes, diskTier, diskTierBytes);
    }
}
