package dev.sluice.models.skip;

/// How an opened model runs its sublayers. Chosen at open; a model that is [Exact] carries nothing
/// of the other two.
public sealed interface SublayerMode {

    /// Every sublayer runs for every row. The default.
    record Exact() implements SublayerMode { }

    /// Exact, and `recorder` sees the rows. Reads them back from the device, so it is slow.
    record Recorded(ActivationRecorder recorder) implements SublayerMode { }

    /// Rows that the plan's gates call predictable get the forecast in the place of the sublayer.
    /// **Another model than the file's**: its text differs, and keys and values that it wrote must
    /// not be mixed with those of the exact one ([SkipPlan#describe] says so to people).
    record Informed(SkipPlan plan, SkipCounts counts) implements SublayerMode { }
}
