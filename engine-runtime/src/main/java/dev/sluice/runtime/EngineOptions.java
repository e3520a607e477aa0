package dev.sluice.runtime;

import java.nio.file.Path;
import java.util.Map;

/// How an engine shares its model. Immutable.
///
/// ```java
/// var options = EngineOptions.defaults().withParallel(16).withHostTier(2L << 30);
/// try (var engine = new Engine(model, tokenizer, options)) { }
/// ```
///
/// @param parallel       most sequences in one step; 0 for as many as the model takes
/// @param waitingMax     requests that may wait; each holds its prompt, so it bounds memory
/// @param clientWeights  a client's share relative to the others', 1 where none is given
/// @param hostTierBytes  host memory for keys and values that the pool has no room for
/// @param diskTier       folder for those that the host tier has no room for; one engine's at a
///                       time
/// @param diskTierBytes  of its files; 0 for no disk tier
public record EngineOptions(int parallel, int waitingMax, Map<String, Double> clientWeights,
        long hostTierBytes, Path diskTier, long diskTierBytes) {

    private static final int WAITING_MAX = 1024;

    public EngineOptions {
        if (parallel < 0 || waitingMax < 1 || hostTierBytes < 0 || diskTierBytes < 0) {
            throw new IllegalArgumentException(
                    "parallel=%d, waitingMax=%d, hostTierBytes=%d, diskTierBytes=%d, allowed: "
                    .formatted(parallel, waitingMax, hostTierBytes, diskTierBytes)
                    + "none below 0, and waitingMax at least 1");
        }
        clientWeights = Map.copyOf(clientWeights);
    }

    /// As many sequences as the model takes, 1024 waiting requests, no tiers.
    public static EngineOptions defaults() {
        return new EngineOptions(0, WAITING_MAX, Map.of(), 0, Path.of(""), 0);
    }

    public EngineOptions withParallel(int sequences) {
        return new EngineOptions(sequences, waitingMax, clientWeights, hostTierBytes, diskTier,
                diskTierBytes);
    }

    public EngineOptions withWaitingMax(int requests) {
        return new EngineOptions(parallel, requests, clientWeights, hostTierBytes, diskTier,
                diskTierBytes);
    }

    public EngineOptions withClientWeights(Map<String, Double> weights) {
        return new EngineOptions(parallel, waitingMax, weights, hostTierBytes, diskTier,
                diskTierBytes);
    }

    public EngineOptions withHostTier(long bytes) {
        return new EngineOptions(parallel, waitingMax, clientWeights, bytes, diskTier,
                diskTierBytes);
    }

    public EngineOptions withDiskTier(Path folder, long bytes) {
        return new EngineOptions(parallel, waitingMax, clientWeights, hostTierBytes, folder,
                bytes);
    }
}
