package dev.sluice.runtime;

/// Mirostat 1 and 2 (Basu and others, arXiv 2007.14966): truncation that follows the surprise of
/// the tokens drawn, in bits. `mu` is the only thing that a sampler remembers from token to token.
/// Owned by one sequence; engine thread only.
final class Mirostat {
    /// Tokens that version 1 estimates the exponent of Zipf's law from (the paper's m).
    private static final int ESTIMATED = 100;
    private static final double LN2 = Math.log(2);

    private final SamplingParams.Mirostat params;
    private final int[] ranked = new int[ESTIMATED];
    private double mu;

    Mirostat(SamplingParams.Mirostat params) {
        this.params = params;
        mu = 2.0 * params.tau();
    }

    double mu() { return mu; }

    /// Keeps the tokens that the next draw chooses from.
    void truncate(Candidates candidates, int vocab) {
        float max = candidates.max();
        if (params.version() == 1) {
            candidates.keepTop(zipfRank(candidates, vocab));
            return;
        }
        // -log2 p <= mu, that is z >= max + ln S - mu ln 2; the best token always stays.
        double threshold = max + Math.log(candidates.mass(max)) - mu * LN2;
        candidates.keepAtLeast(Math.min(threshold, max));
    }

    /// Learns from a draw: `probability` of the token among the tokens kept.
    void observe(double probability) {
        double surprise = -Math.log(probability) / LN2;
        mu -= params.eta() * (surprise - params.tau());
    }

    /// k of the paper's equation 2 for the exponent s that the best tokens show, with N `vocab`.
    private int zipfRank(Candidates candidates, int vocab) {
        int m = Math.min(ESTIMATED, candidates.count());
        candidates.rankTop(m, ranked);
        double sumTb = 0;
        double sumTt = 0;
        for (int i = 0; i < m - 1; i++) {
            double t = Math.log((i + 2.0) / (i + 1.0));
            double b = (double) candidates.logit(ranked[i]) - candidates.logit(ranked[i + 1]);
            sumTb += t * b;
            sumTt += t * t;
        }
        double s = sumTb / sumTt;
        double epsilon = s - 1;
        double k = Math.pow(
                epsilon * Math.pow(2, mu) / (1 - Math.pow(vocab, -epsilon)), 1 / s);
        // Not a number for one token or for equal ones: the exponent is then unknown.
        return k >= 1 ? (int) Math.min(k, candidates.count()) : Double.isNaN(k) ? m : 1;
    }
}
