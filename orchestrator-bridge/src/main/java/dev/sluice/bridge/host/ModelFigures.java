package dev.sluice.bridge.host;

import dev.sluice.router.ExpertCacheStatistics;
import dev.sluice.router.ExpertSnapshot;
import dev.sluice.runtime.EngineStats;
import java.util.Optional;

/// What a loaded model does and has done since it was loaded. Immutable.
///
/// @param experts     without layers for a dense model
/// @param expertCache empty when every expert is kept
public record ModelFigures(EngineStats engine, ExpertSnapshot experts,
        Optional<ExpertCacheStatistics> expertCache) { }
