package dev.sluice.runtime;

/// The rule of a vote: the first answer that is `k` votes ahead of every other wins (MAKER, arXiv
/// 2511.09030). With `p` the probability that one vote is right and all wrong votes alike, the
/// lead is a random walk, and the rule errs as gambler's ruin does. Immutable.
///
/// @param k lead that decides
public record FirstToAhead(int k) {
    public FirstToAhead {
        if (k < 1) {
            throw new IllegalArgumentException("k=" + k + ", allowed: at least 1");
        }
    }

    /// The smallest lead with which `calls` decisions in a row are all right with a probability
    /// of at least `target`: `ceil(ln(target^(-1/calls) - 1) / ln((1-p)/p))`. A call that does
    /// several steps of a task at once counts as one.
    public static FirstToAhead forTarget(double p, double calls, double target) {
        checkVote(p);
        if (!(target > 0 && target < 1) || !(calls > 0)) {
            throw new IllegalArgumentException("target=" + target + " of calls=" + calls
                    + ", allowed: target between 0 and 1, calls above 0");
        }
        // expm1: a millionth root of the target is so near to 1 that the difference has no digits.
        double odds = Math.expm1(-Math.log(target) / calls);
        return new FirstToAhead((int) Math.max(1, Math.ceil(Math.log(odds) / -logit(p))));
    }

    private static void checkVote(double p) {
        if (!(p > 0.5 && p < 1)) {
            throw new IllegalArgumentException(
                    "p=" + p + ", allowed: above 0.5, since votes amplify the majority, below 1");
        }
    }

    private static double logit(double p) {
        return Math.log(p / (1 - p));
    }

    /// Probability that the right answer wins: `1 / (1 + ((1-p)/p)^k)`.
    public double correct(double p) {
        checkVote(p);
        return 1 / (1 + Math.exp(-k * logit(p)));
    }

    /// Probability that so many decisions in a row are right.
    public double correct(double p, double calls) {
        checkVote(p);
        return Math.exp(-calls * Math.log1p(Math.exp(-k * logit(p))));
    }

    /// Votes until the decision on average, flagged ones not counted: the walk's expected length,
    /// `k (2 correct - 1) / (2p - 1)`.
    public double expectedVotes(double p) {
        return k * (2 * correct(p) - 1) / (2 * p - 1);
    }
}
