package dev.sluice.models.skip;

/// What a [SkipPlan] costs against the exact model on text that it was not fitted on, every token
/// judged by the true tokens before it.
///
/// @param tokens              judged
/// @param skipped             share of attention (sublayer, token) pairs that were forecast
/// @param agreement           share of tokens with the same most likely next token
/// @param perplexityIncrease  perplexity over the exact model's, minus 1
/// @param divergence          mean Kullback-Leibler divergence from the exact model, in nats
public record SkipFigures(long tokens, double skipped, double agreement,
        double perplexityIncrease, double divergence) {

    /// What a plan has to keep (issue: 97 % and 3 %).
    public static final double AGREEMENT_MIN = 0.97;
    public static final double PERPLEXITY_INCREASE_MAX = 0.03;

    public boolean acceptable() {
        return agreement >= AGREEMENT_MIN && perplexityIncrease <= PERPLEXITY_INCREASE_MAX;
    }

    @Override
    public String toString() {
        return String.format(java.util.Locale.ROOT,
                "%.1f %% of attention skipped, next token agrees %.2f %%, perplexity %+.2f %%,"
                + " divergence %.5f nats, %d tokens",
                100 * skipped, 100 * agreement, 100 * perplexityIncrease, divergence, tokens);
    }
}
