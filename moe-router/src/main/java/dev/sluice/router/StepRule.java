package dev.sluice.router;

/// By how much one batch moves the bias of a target (an expert, a replica, a worker) that took
/// `count` of the batch, when every target's fair share is `mean`. All rules have the same sign:
/// **an overloaded target goes down**, an idle one up. `u` is the rate, `n` the number of the
/// batch, from 1.
///
/// | rule | formula | source |
/// |---|---|---|
/// | SIGN | `u * sign(mean - count)` | Wang et al., arXiv 2408.15664 |
/// | PROPORTIONAL | `u * (mean - count) / mean` | the same, a variant; the error is relative to the mean |
/// | INVERSE | `u/n * (mean - count) / mean` | Han and Zhong, arXiv 2512.03915 |
/// | INVERSE_SQRT | `u/sqrt(n) * (mean - count) / mean` | the same |
/// | PRIMAL_DUAL | `u * (mean - count)` | the same, their general dual step |
///
/// PRIMAL_DUAL is a subgradient step on the dual `D(b) = sum over tokens of TopKSum(s + b) - mean *
/// sum(b)`, whose partial derivative is `count - mean`; the batch's own top-k is the primal step.
/// SIGN is the same step with rate `u / |mean - count|`. Because PRIMAL_DUAL's error is in tokens,
/// a batch weighs by its size; the other rules treat a batch of one token like one of a thousand.
public enum StepRule {
    /// At rate 1e-3 it needs some 150 batches from a skewed start; at 1e-2 it oscillates.
    SIGN(1e-3),
    PROPORTIONAL(1e-2),
    INVERSE(0.5),
    INVERSE_SQRT(0.05),
    /// PROPORTIONAL's rate at a mean of 200 tokens for each expert.
    PRIMAL_DUAL(5e-5);

    private final double usualRate;

    StepRule(double usualRate) {
        this.usualRate = usualRate;
    }

    /// A rate for scores between 0 and 1, as a sigmoid gives. Scores of another range want a rate
    /// that is larger or smaller by as much.
    public double usualRate() { return usualRate; }

    /// What to add to the bias.
    ///
    /// @param mean  positive
    double step(double rate, long batch, double count, double mean) {
        double error = mean - count;
        return switch (this) {
            case SIGN -> rate * Math.signum(error);
            case PROPORTIONAL -> rate * error / mean;
            case INVERSE -> rate / batch * error / mean;
            case INVERSE_SQRT -> rate / Math.sqrt(batch) * error / mean;
            case PRIMAL_DUAL -> rate * error;
        };
    }
}
