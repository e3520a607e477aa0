package dev.sluice.router;

/// Balances load without a loss term: each target has a bias that is added to its score when
/// targets are chosen, and after every batch the bias of an overloaded target falls
/// (Wang et al., "Auxiliary-Loss-Free Load Balancing", arXiv 2408.15664). The bias decides who is
/// chosen, never with which weight. Only counts of *finished* batches go in, so no choice depends
/// on a token that comes later.
///
/// After each step the biases are moved to mean zero (a constant on all of them chooses nothing,
/// but would drift) and projected onto those whose spread, largest less smallest, is at most
/// `spreadMax`: the regret bound of arXiv 2512.03915, theorem 13, needs both.
///
/// It knows neither models nor tensors. A trainer calls [#afterBatch] with the tokens of each
/// expert. A balancer of requests over workers uses it the same way:
///
/// ```java
/// var balance = new BiasController(workers, Settings.of(StepRule.PROPORTIONAL));
/// // score(w): how much of the request's prefix worker w has cached, between 0 and 1
/// int worker = balance.choose(score);             // argmax of score + bias
/// sent[worker]++;                                 // or its tokens, or its milliseconds
/// // every hundred requests, say:
/// balance.afterBatch(sent);
/// Arrays.fill(sent, 0);
/// ```
///
/// One thread at a time. No method but the constructor allocates.
public final class BiasController {
    /// Halvings of the search for the projection: to 1e-15 of the spread.
    private static final int BISECTIONS = 50;

    private final Settings settings;
    private final double[] bias;
    private long batches;

    /// @param rate       `u` of the [StepRule], in units of the scores
    /// @param spreadMax  most difference between two biases, in units of the scores: beyond the
    ///                   range of the scores a bias would choose on its own
    public record Settings(StepRule rule, double rate, double spreadMax) {
        public Settings {
            if (!(rate > 0) || !(spreadMax > 0) || Double.isInfinite(rate)) {
                throw new IllegalArgumentException(
                        "rate %s, spread %s: both must be positive".formatted(rate, spreadMax));
            }
        }

        /// The rule's usual rate, and the spread that scores between 0 and 1 allow.
        public static Settings of(StepRule rule) {
            return new Settings(rule, rule.usualRate(), 1);
        }
    }

    /// @param targets  how many are balanced; each begins with bias 0
    public BiasController(int targets, Settings settings) {
        if (targets < 1) {
            throw new IllegalArgumentException("targets must be at least 1, got " + targets);
        }
        this.settings = settings;
        bias = new double[targets];
    }

    /// Learns from a finished batch: counts[i] is the load that target i took. A batch without
    /// load is not counted.
    public void afterBatch(long[] counts) {
        requireTargets(counts.length);
        double sum = 0;
        for (long count : counts) {
            sum += count;
        }
        if (sum <= 0) {
            return;
        }
        batches++;
        double mean = sum / bias.length;
        for (int i = 0; i < bias.length; i++) {
            bias[i] += settings.rule.step(settings.rate, batches, counts[i], mean);
        }
        centre();
        limitSpread();
    }

    public int targets() { return bias.length; }

    public Settings settings() { return settings; }

    /// Batches with load so far.
    public long batches() { return batches; }

    public double bias(int target) { return bias[target]; }

    /// Largest less smallest bias.
    public double spread() {
        double least = bias[0];
        double most = bias[0];
        for (double b : bias) {
            least = Math.min(least, b);
            most = Math.max(most, b);
        }
        return most - least;
    }

    /// The target with the largest scores[i] + bias(i); of equals the lower index.
    public int choose(double[] scores) {
        requireTargets(scores.length);
        int best = 0;
        for (int i = 1; i < bias.length; i++) {
            if (scores[i] + bias[i] > scores[best] + bias[best]) {
                best = i;
            }
        }
        return best;
    }

    /// Multiplies every bias with `factor`, between 0 and 1: gives back some of what was learnt,
    /// as [OnlineBalancing] does when the biases have changed too much.
    void shrink(double factor) {
        for (int i = 0; i < bias.length; i++) {
            bias[i] *= factor;
        }
    }

    /// Moves each bias into -limit..limit.
    void clamp(double limit) {
        for (int i = 0; i < bias.length; i++) {
            bias[i] = Math.clamp(bias[i], -limit, limit);
        }
    }

    private void centre() {
        double sum = 0;
        for (double b : bias) {
            sum += b;
        }
        double mean = sum / bias.length;
        for (int i = 0; i < bias.length; i++) {
            bias[i] -= mean;
        }
    }

    /// The nearest point (Euclidean) with spread at most spreadMax: every bias is clamped to a
    /// window of that width, placed where it takes as much from above as it adds from below, which
    /// also keeps the mean at zero. A window around the middle would move all biases for the sake
    /// of one outlier.
    private void limitSpread() {
        if (spread() <= settings.spreadMax) {
            return;
        }
        double low = bias[0];
        for (double b : bias) {
            low = Math.min(low, b);
        }
        double high = low + spread() - settings.spreadMax;
        for (int i = 0; i < BISECTIONS; i++) {
            double middle = (low + high) / 2;
            if (excess(middle) > 0) {
                low = middle;
            } else {
                high = middle;
            }
        }
        for (int i = 0; i < bias.length; i++) {
            bias[i] = Math.clamp(bias[i], low, low + settings.spreadMax);
        }
    }

    /// What a window from `low` would take from above less what it would add from below.
    private double excess(double low) {
        double sum = 0;
        for (double b : bias) {
            sum += Math.max(0, b - low - settings.spreadMax) - Math.max(0, low - b);
        }
        return sum;
    }

    private void requireTargets(int length) {
        if (length != bias.length) {
            throw new IllegalArgumentException(
                    "%d values for %d targets".formatted(length, bias.length));
        }
    }
}
