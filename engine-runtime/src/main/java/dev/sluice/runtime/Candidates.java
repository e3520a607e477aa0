package dev.sluice.runtime;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// The tokens that may still be drawn, with their logits, always in ascending order of id, so that
/// no step depends on how the ones before it found their sets. Equal values: the lower id wins.
///
/// Truncation never sorts the vocabulary. It collects the tokens above a guessed threshold, sorts
/// those, and guesses again if they were too few; then one pass keeps what is above the cut.
///
/// Buffers for one vocabulary, reused for every token. Engine thread only.
final class Candidates {
    /// e^-8 of the best token's probability: first guess of where a top-p set ends.
    private static final float FIRST_REACH = 8;

    private final int vocab;
    private final float[] z;
    private final int[] ids;
    private final float[] scores;
    private final long[] keys;
    private int count;
    /// Whether a logit may be negative infinity.
    private boolean forbidden;

    Candidates(int vocab) {
        this.vocab = vocab;
        z = new float[vocab];
        ids = new int[vocab];
        scores = new float[vocab];
        keys = new long[vocab];
    }

    /// Every token with its logit from `logits` [rows, >= vocab], F32 in host memory.
    void load(Matrix logits, int row, int position) {
        if (logits.dtype() != DType.F32 || logits.cols() < vocab) {
            throw new IllegalArgumentException("logits are %s [%d,%d], expected F32 [*,>=%d]"
                    .formatted(logits.dtype(), logits.rows(), logits.cols(), vocab));
        }
        long offset = logits.byteOffset() + row * logits.dtype().rowBytes(logits.cols());
        MemorySegment.copy(logits.memory(), JAVA_FLOAT_UNALIGNED, offset, z, 0, vocab);
        count = vocab;
        for (int i = 0; i < vocab; i++) {
            ids[i] = i;
        }
        requireNumbers(position);
    }

    private void requireNumbers(int position) {
        boolean sound = true;
        boolean finite = true;
        for (int i = 0; i < count; i++) {
            sound &= z[i] < Float.POSITIVE_INFINITY;
            finite &= z[i] > Float.NEGATIVE_INFINITY;
        }
        forbidden = !finite;
        for (int i = 0; i < count && !sound; i++) {
            if (!(z[i] < Float.POSITIVE_INFINITY)) {
                throw new SamplingException(position, "the logit of token " + i + " is " + z[i]);
            }
        }
    }

    int count() { return count; }

    int id(int index) { return ids[index]; }

    float logit(int index) { return z[index]; }

    void logit(int index, float value) {
        z[index] = value;
        forbidden |= value == Float.NEGATIVE_INFINITY;
    }

    /// Index of a token, or a negative number as [Arrays#binarySearch] has it.
    int indexOf(int tokenId) {
        if (tokenId < count && ids[tokenId] == tokenId) {
            return tokenId;
        }
        return Arrays.binarySearch(ids, 0, count, tokenId);
    }

    void forbidOutside(TokenMask mask) {
        forbidden = true;
        for (int i = 0; i < count; i++) {
            if (!mask.allows(ids[i])) {
                z[i] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    /// Drops the tokens whose logit is negative infinity.
    void dropForbidden() {
        if (forbidden) {
            keepAtLeast(-Float.MAX_VALUE);
        }
    }

    float max() {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            max = Math.max(max, z[i]);
        }
        return max;
    }

    /// Index of the largest logit, the first of equals.
    int argmax() {
        int best = 0;
        float max = z[0];
        for (int i = 1; i < count; i++) {
            if (z[i] > max) {
                max = z[i];
                best = i;
            }
        }
        return best;
    }

    void keepOnly(int index) {
        ids[0] = ids[index];
        z[0] = z[index];
        count = 1;
    }

    void scale(float divisor) {
        for (int i = 0; i < count; i++) {
            z[i] /= divisor;
        }
    }

    /// Sum of e^(z - max).
    double mass(float max) {
        return Exponential.sum(z, count, max);
    }

    /// H = -sum p ln p = ln S - sum e^(z - max) (z - max) / S.
    double entropy(float max, double mass) {
        double weighted = 0;
        for (int i = 0; i < count; i++) {
            double below = (double) z[i] - max;
            weighted += Exponential.exp(below) * below;
        }
        return Math.log(mass) - weighted / mass;
    }

    void keepAtLeast(double threshold) {
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (z[i] >= threshold) {
                ids[kept] = ids[i];
                z[kept++] = z[i];
            }
        }
        count = kept;
    }

    /// Keeps the k largest, exactly k of them.
    void keepTop(int k) {
        if (k >= count) {
            return;
        }
        scoreByLogit();
        keepUpTo(worstOfTop(k));
    }

    /// The k largest in descending order, as indices in `into`. Keeps every token.
    void rankTop(int k, int[] into) {
        if (k == 0) {
            return;
        }
        scoreByLogit();
        worstOfTop(k);
        Arrays.sort(keys, 0, k);
        for (int i = 0; i < k; i++) {
            into[i] = (int) keys[i];
        }
    }

    /// Keeps the shortest run of most likely tokens whose mass is at least `target`.
    void keepMostLikely(float max, double target) {
        scoreByLogit();
        keepMass(-max, target, max);
    }

    /// Keeps the shortest run of tokens whose surprise -ln p is nearest to `entropy` and whose
    /// mass is more than `target`.
    void keepTypical(float max, double mass, double entropy, double target) {
        double logMass = Math.log(mass);
        float nearest = Float.POSITIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            float distance = (float) Math.abs(logMass - ((double) z[i] - max) - entropy);
            scores[i] = distance;
            nearest = Math.min(nearest, distance);
        }
        keepMass(nearest, Math.nextUp(target), max);
    }

    /// "Exclude top choices": of the tokens with a logit of at least `threshold`, keeps the least
    /// likely. Equal ones count as less likely the higher their id.
    void dropAllButLastAbove(double threshold) {
        int last = -1;
        for (int i = 0; i < count; i++) {
            if (z[i] >= threshold && (last < 0 || z[i] <= z[last])) {
                last = i;
            }
        }
        if (last < 0) {
            return;
        }
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (i == last || z[i] < threshold) {
                ids[kept] = ids[i];
                z[kept++] = z[i];
            }
        }
        count = kept;
    }

    /// The first token, by id, at which the running mass exceeds `share` of the whole. Strictly,
    /// so that a share of 0 does not pick a token of no mass.
    int pick(float max, double mass, double share) {
        double target = share * mass;
        double sum = 0;
        int last = 0;
        for (int i = 0; i < count; i++) {
            double weight = Exponential.exp((double) z[i] - max);
            sum += weight;
            if (sum > target) {
                return i;
            }
            last = weight > 0 ? i : last;
        }
        // The four-way sum of mass() may exceed this one by a rounding.
        return last;
    }

    /// Largest logit first: the negated logit is the score.
    private void scoreByLogit() {
        for (int i = 0; i < count; i++) {
            scores[i] = -z[i];
        }
    }

    /// Keeps the shortest run of lowest scores with a mass of at least `target`.
    private void keepMass(float lowest, double target, float max) {
        float reach = FIRST_REACH;
        int collected = collect(lowest + reach);
        while (collected < count && massOfKeys(collected, max) < target) {
            reach *= 2;
            collected = collect(lowest + reach);
        }
        Arrays.sort(keys, 0, collected);
        double sum = 0;
        int last = 0;
        while (last < collected) {
            sum += Exponential.exp((double) z[(int) keys[last]] - max);
            if (sum >= target) {
                keepUpTo(keys[last]);
                return;
            }
            last++;
        }
        keepUpTo(keys[collected - 1]);
    }

    private int collect(float limit) {
        int collected = 0;
        for (int i = 0; i < count; i++) {
            if (scores[i] <= limit) {
                keys[collected++] = key(scores[i], i);
            }
        }
        return collected;
    }

    private double massOfKeys(int collected, float max) {
        double sum = 0;
        for (int i = 0; i < collected; i++) {
            sum += Exponential.exp((double) z[(int) keys[i]] - max);
        }
        return sum;
    }

    private void keepUpTo(long cut) {
        float limit = scores[(int) cut];
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (scores[i] <= limit && key(scores[i], i) <= cut) {
                ids[kept] = ids[i];
                z[kept++] = z[i];
            }
        }
        count = kept;
    }

    /// Leaves the k lowest keys in `keys`, as a heap with the greatest on top, and returns that.
    private long worstOfTop(int k) {
        for (int i = 0; i < k; i++) {
            keys[i] = key(scores[i], i);
        }
        for (int i = k / 2 - 1; i >= 0; i--) {
            sink(i, k);
        }
        float worst = scores[(int) keys[0]];
        for (int i = k; i < count; i++) {
            // An equal score of a higher index does not displace.
            if (scores[i] < worst) {
                keys[0] = key(scores[i], i);
                sink(0, k);
                worst = scores[(int) keys[0]];
            }
        }
        return keys[0];
    }

    private void sink(int parent, int size) {
        long key = keys[parent];
        int child = 2 * parent + 1;
        while (child < size) {
            if (child + 1 < size && keys[child + 1] > keys[child]) {
                child++;
            }
            if (keys[child] <= key) {
                break;
            }
            keys[parent] = keys[child];
            parent = child;
            child = 2 * parent + 1;
        }
        keys[parent] = key;
    }

    /// Orders by score, then by index: the float's bits made to sort as a signed int, then the
    /// index. Adding zero turns -0 into 0, which must be equal.
    private static long key(float score, int index) {
        int bits = Float.floatToRawIntBits(score + 0f);
        bits ^= (bits >> 31) & Integer.MAX_VALUE;
        return (long) bits << 32 | index;
    }
}
