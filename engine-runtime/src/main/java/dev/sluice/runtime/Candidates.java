package dev.sluice.runtime;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// The tokens that may still be drawn, with their logits, always in ascending order of id, so that
/// no step depends on how the ones before it found their sets. Equal values: the lower id wins.
///
/// Truncation never sorts the vocabulary. It collects the tokens above a guessed threshold, selects
/// the cut among those, and guesses again if they were too few; then one pass keeps what is above.
/// As long as all tokens are there, each block of them has a bound of its logits, so that passes
/// which look for large ones skip most blocks.
///
/// Buffers for one vocabulary, reused for every token. Engine thread only.
final class Candidates {
    /// e^-8 of the best token's probability: first guess of where a top-p set ends.
    private static final float FIRST_REACH = 8;

    /// A mass this many times the best token's is spread over so many tokens that they are not
    /// collected to find a cut among them.
    private static final double FLAT = 100;
    /// More than these are not partitioned to find a cut among them.
    private static final int MANY = 2048;
    /// Steps below the best logit in which weights are added up: 40 of them for each factor of e.
    private static final int STEPS = 1024;
    private static final float STEPS_PER_NAT = (STEPS - 1) / Exponential.LIKELY_REACH;
    /// Tokens that share a bound.
    private static final int BLOCK = 256;
    /// More than two sums of a block's weights in different orders differ by.
    private static final double ROUNDING = 1e-12;
    /// So few keys are sorted, more are partitioned first.
    private static final int SORTED = 48;

    private final int vocab;
    private final float[] z;
    private final int[] ids;
    private final float[] scores;
    private final long[] keys;
    /// No logit of a block is larger; valid while `whole`.
    private final float[] bounds;
    /// Of each block as [#mass] found it.
    private final double[] masses;
    private final double[] steps = new double[STEPS];
    private final int[] stepOf;
    private int count;
    /// All tokens are there, and an index is an id.
    private boolean whole;
    private float max;
    private boolean maxKnown;
    /// Whether a logit may be negative infinity.
    private boolean forbidden;
    private boolean banned;

    Candidates(int vocab) {
        this.vocab = vocab;
        z = new float[vocab];
        ids = new int[vocab];
        scores = new float[vocab];
        keys = new long[vocab];
        stepOf = new int[vocab];
        bounds = new float[Math.ceilDiv(vocab, BLOCK)];
        masses = new double[bounds.length];
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
        whole = true;
        banned = false;
        bound(position);
    }

    /// Bounds, the maximum, and whether all logits are numbers, in one pass.
    private void bound(int position) {
        float highest = Float.NEGATIVE_INFINITY;
        float lowest = Float.POSITIVE_INFINITY;
        for (int block = 0; block < bounds.length; block++) {
            int end = Math.min(vocab, (block + 1) * BLOCK);
            float high = Float.NEGATIVE_INFINITY;
            float low = Float.POSITIVE_INFINITY;
            for (int i = block * BLOCK; i < end; i++) {
                high = Math.max(high, z[i]);
                low = Math.min(low, z[i]);
            }
            bounds[block] = high;
            highest = Math.max(highest, high);
            lowest = Math.min(lowest, low);
        }
        max = highest;
        maxKnown = true;
        forbidden = lowest == Float.NEGATIVE_INFINITY;
        if (!(highest < Float.POSITIVE_INFINITY)) {
            complain(position);
        }
    }

    private void complain(int position) {
        for (int i = 0; i < count; i++) {
            if (!(z[i] < Float.POSITIVE_INFINITY)) {
                throw new SamplingException(position, "the logit of token " + i + " is " + z[i]);
            }
        }
    }

    int count() { return count; }

    int id(int index) { return whole ? index : ids[index]; }

    float logit(int index) { return z[index]; }

    void logit(int index, float value) {
        z[index] = value;
        maxKnown = false;
        if (whole) {
            bounds[index / BLOCK] = Math.max(bounds[index / BLOCK], value);
        }
        forbidden |= value == Float.NEGATIVE_INFINITY;
    }

    /// Takes a token's probability, but lets it stand until the forbidden are dropped: a few that
    /// have none disturb no step that goes by order or by mass.
    void ban(int tokenId) {
        maxKnown &= z[tokenId] < max;
        z[tokenId] = Float.NEGATIVE_INFINITY;
        banned = true;
    }

    /// Index of a token, or a negative number as [Arrays#binarySearch] has it.
    int indexOf(int tokenId) {
        if (whole) {
            return tokenId < count ? tokenId : -1;
        }
        return Arrays.binarySearch(ids, 0, count, tokenId);
    }

    void forbidOutside(TokenMask mask) {
        forbidden = true;
        maxKnown = false;
        for (int i = 0; i < count; i++) {
            if (!mask.allows(id(i))) {
                z[i] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    /// Drops the tokens whose logit is negative infinity; those that were banned only if `all`.
    void dropForbidden(boolean all) {
        if (forbidden || all && banned) {
            keepAtLeast(-Float.MAX_VALUE);
        }
    }

    float max() {
        if (!maxKnown) {
            float found = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < count; i++) {
                found = Math.max(found, z[i]);
            }
            max = found;
            maxKnown = true;
        }
        return max;
    }

    /// Index of the largest logit, the first of equals.
    int argmax() {
        float largest = max();
        int i = 0;
        while (z[i] != largest) {
            // A whole block at a time as long as its bound is below.
            i = whole && i % BLOCK == 0 && bounds[i / BLOCK] < largest ? i + BLOCK : i + 1;
        }
        return i;
    }

    void keepOnly(int index) {
        ids[0] = id(index);
        z[0] = z[index];
        shrink(1);
    }

    private void shrink(int kept) {
        count = kept;
        whole = false;
    }

    /// Dividing keeps the order, so the maximum and the bounds go along.
    void scale(float divisor) {
        for (int i = 0; i < count; i++) {
            z[i] /= divisor;
        }
        max /= divisor;
        for (int block = 0; whole && block < bounds.length; block++) {
            bounds[block] /= divisor;
        }
    }

    /// [#mass] to about 2e-6 of it, many times as fast: where a share of it is cut off, a token
    /// more or less at the cut is all that such a difference can do.
    private double likelyMass() {
        return Exponential.likelySum(z, count, max(), scores);
    }

    /// The next block behind the one at `from` that may have a logit of at least `limit`.
    private int next(int from, float limit) {
        int at = from + BLOCK;
        while (whole && at < count && bounds[at / BLOCK] < limit) {
            at += BLOCK;
        }
        return at;
    }

    /// Sum of e^(z - max), block by block.
    double mass(float max) {
        double sum = 0;
        for (int from = 0; from < count; from += BLOCK) {
            double block = Exponential.sum(z, from, Math.min(count, from + BLOCK), max);
            masses[from / BLOCK] = block;
            sum += block;
        }
        return sum;
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
        // The least float that is not below it, so that floats are compared.
        float limit = (float) threshold;
        limit = limit < threshold ? Math.nextUp(limit) : limit;
        int kept = 0;
        for (int from = 0; from < count; from = next(from, limit)) {
            kept = compact(from, Math.min(count, from + BLOCK), limit, kept);
        }
        maxKnown &= max >= limit;
        shrink(kept);
    }

    /// Moves what stays of a block to `kept` and on. Each is written and then counted if it stays:
    /// half of them may, and a branch would be guessed wrong as often.
    private int compact(int from, int end, float limit, int kept) {
        int at = kept;
        if (whole) {
            for (int i = from; i < end; i++) {
                float value = z[i];
                ids[at] = i;
                z[at] = value;
                at += value >= limit ? 1 : 0;
            }
        } else {
            for (int i = from; i < end; i++) {
                float value = z[i];
                ids[at] = ids[i];
                z[at] = value;
                at += value >= limit ? 1 : 0;
            }
        }
        return at;
    }

    /// Keeps the k largest, exactly k of them.
    void keepTop(int k) {
        if (k < count) {
            keepDownTo(worstOfTop(k));
        }
    }

    /// The k largest in descending order, as indices in `into`. Keeps every token.
    void rankTop(int k, int[] into) {
        if (k == 0) {
            return;
        }
        worstOfTop(k);
        sort(0, k);
        for (int i = 0; i < k; i++) {
            into[i] = (int) keys[i];
        }
    }

    /// Keeps the shortest run of most likely tokens whose mass is at least `share` of the whole.
    void keepMostLikely(double share) {
        float largest = max();
        double mass = likelyMass();
        double target = share * mass;
        if (mass > FLAT) {
            keepMostLikelyOfMany(largest, target);
            return;
        }
        int collected = collectLikely(largest - FIRST_REACH);
        if (collected > MANY || massOfKeys(0, collected, largest) < target) {
            keepMostLikelyOfMany(largest, target);
        } else {
            keepDownTo(keys[cutByMass(collected, 0, target, largest)]);
        }
    }

    /// The same where thousands of tokens share the mass: adds up the weights, which the likely
    /// mass has left in `scores`, by how far below the best they are, finds the step in which the
    /// cut is, and looks for it among that step's tokens only.
    private void keepMostLikelyOfMany(float largest, double target) {
        for (int i = 0; i < count; i++) {
            stepOf[i] = Math.min(STEPS - 1, (int) ((largest - z[i]) * STEPS_PER_NAT));
        }
        Arrays.fill(steps, 0);
        for (int i = 0; i < count; i++) {
            steps[stepOf[i]] += scores[i];
        }
        double before = 0;
        int cut = 0;
        while (cut < STEPS - 1
                && before + steps[cut] * Exponential.LIKELY_SCALE < target) {
            before += steps[cut++] * Exponential.LIKELY_SCALE;
        }
        int collected = 0;
        for (int i = 0; i < count; i++) {
            if (stepOf[i] == cut) {
                keys[collected++] = key(-z[i], i);
            }
        }
        if (collected == 0) {
            // Only where a rounding leaves the last step empty: everything stays.
            return;
        }
        keepDownTo(keys[cutByMass(collected, before, target, largest)]);
    }

    private int collectLikely(float limit) {
        int collected = 0;
        for (int from = 0; from < count; from = next(from, limit)) {
            int end = Math.min(count, from + BLOCK);
            for (int i = from; i < end; i++) {
                if (z[i] >= limit) {
                    keys[collected++] = key(-z[i], i);
                }
            }
        }
        return collected;
    }

    /// Keeps the tokens up to the one of a key, by falling logit and then by id.
    private void keepDownTo(long cut) {
        int last = id((int) cut);
        float limit = z[(int) cut];
        keepAtLeast(limit);
        int equal = 0;
        for (int i = 0; i < count; i++) {
            equal += z[i] == limit ? 1 : 0;
        }
        if (equal > 1) {
            dropEqualBehind(limit, last);
        }
    }

    private void dropEqualBehind(float limit, int last) {
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (z[i] != limit || ids[i] <= last) {
                ids[kept] = ids[i];
                z[kept++] = z[i];
            }
        }
        shrink(kept);
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
                ids[kept] = id(i);
                z[kept++] = z[i];
            }
        }
        maxKnown = false;
        shrink(kept);
    }

    /// The first token, by id, at which the running mass exceeds `share` of the whole. Strictly,
    /// so that a share of 0 does not pick a token of no mass. Only the block in which that is has
    /// its weights computed again, so nothing may have changed since [#mass] gave `mass`.
    int pick(float max, double mass, double share) {
        double target = share * mass;
        double sum = 0;
        int last = 0;
        for (int from = 0; from < count; from += BLOCK) {
            double behind = sum + masses[from / BLOCK];
            // Sums in another order differ by a rounding: a block that may reach is looked into.
            if (behind * (1 + ROUNDING) > target) {
                int to = Math.min(count, from + BLOCK);
                double running = sum;
                for (int i = from; i < to; i++) {
                    double weight = Exponential.exp((double) z[i] - max);
                    running += weight;
                    if (running > target) {
                        return i;
                    }
                    last = weight > 0 ? i : last;
                }
            }
            sum = behind;
        }
        return last;
    }

    /// Keeps the shortest run of lowest scores with a mass of at least `target`.
    private void keepMass(float lowest, double target, float largest) {
        float reach = FIRST_REACH;
        int collected = collect(lowest + reach);
        while (collected < count && massOfKeys(0, collected, largest) < target) {
            reach *= 2;
            collected = collect(lowest + reach);
        }
        keepUpTo(keys[cutByMass(collected, 0, target, largest)]);
    }

    /// Index of the key, in ascending order of the first `collected`, at which the mass that runs
    /// up from `before` reaches `target`; of the last if none does. Keys are partitioned around a
    /// middle one, as in Hoare's FIND, and only a short part is ever sorted.
    private int cutByMass(int collected, double before, double target, float largest) {
        int low = 0;
        int high = collected;
        double sum = before;
        while (high - low > SORTED) {
            int middle = partition(low, high);
            double mass = massOfKeys(low, middle, largest);
            if (sum + mass >= target) {
                high = middle;
            } else {
                low = middle;
                sum += mass;
            }
        }
        sort(low, high);
        for (int at = low; at < high; at++) {
            sum += Exponential.exp((double) z[(int) keys[at]] - largest);
            if (sum >= target) {
                return at;
            }
        }
        return high - 1;
    }

    /// By insertion: for few keys, and unlike the library's it never makes an object.
    private void sort(int low, int high) {
        for (int i = low + 1; i < high; i++) {
            long key = keys[i];
            int j = i;
            while (j > low && keys[j - 1] > key) {
                keys[j] = keys[j - 1];
                j--;
            }
            keys[j] = key;
        }
    }

    /// Brings the keys below a middle one to the front; returns where the others begin, which is
    /// inside the range.
    private int partition(int low, int high) {
        long a = keys[low];
        long b = keys[(low + high) >>> 1];
        long c = keys[high - 1];
        long pivot = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
        int i = low - 1;
        int j = high;
        while (true) {
            do {
                i++;
            } while (keys[i] < pivot);
            do {
                j--;
            } while (keys[j] > pivot);
            if (i >= j) {
                return Math.clamp(j + 1, low + 1, high - 1);
            }
            long swapped = keys[i];
            keys[i] = keys[j];
            keys[j] = swapped;
        }
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

    private double massOfKeys(int from, int to, float largest) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += Exponential.exp((double) z[(int) keys[i]] - largest);
        }
        return sum;
    }

    private void keepUpTo(long cut) {
        float limit = scores[(int) cut];
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (scores[i] <= limit && key(scores[i], i) <= cut) {
                ids[kept] = id(i);
                z[kept++] = z[i];
            }
        }
        maxKnown = false;
        shrink(kept);
    }

    /// Leaves the k lowest keys in `keys`, as a heap with the greatest on top, and returns that.
    private long worstOfTop(int k) {
        for (int i = 0; i < k; i++) {
            keys[i] = key(-z[i], i);
        }
        for (int i = k / 2 - 1; i >= 0; i--) {
            sink(i, k);
        }
        float worst = z[(int) keys[0]];
        for (int from = 0; from < count; from = next(from, worst)) {
            int end = Math.min(count, from + BLOCK);
            for (int i = Math.max(k, from); i < end; i++) {
                // An equal logit of a higher index does not displace.
                if (z[i] > worst) {
                    keys[0] = key(-z[i], i);
                    sink(0, k);
                    worst = z[(int) keys[0]];
                }
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
