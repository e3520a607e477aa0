package dev.sluice.models.skip;

/// The rate that was asked for costs more than [SkipFigures] allows: no plan.
public final class SkipRateRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient SkipFigures figures;

    SkipRateRefusedException(double rate, SkipFigures figures) {
        super(String.format(java.util.Locale.ROOT,
                "skipping %.0f %% of attention is refused: at least %.0f %% agreement and at most"
                + " %+.0f %% perplexity are asked for, held-out text gave: %s", 100 * rate,
                100 * SkipFigures.AGREEMENT_MIN, 100 * SkipFigures.PERPLEXITY_INCREASE_MAX,
                figures));
        this.figures = figures;
    }

    /// What the best plan of that rate would have cost.
    public SkipFigures figures() { return figures; }
}
