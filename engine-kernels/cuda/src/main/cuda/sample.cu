// From rows of logits to tokens, by the rules of the runtime's Sampler in its default order: token
// mask, penalties, temperature, min-p, top-k, top-p, draw. One block of threads a row.
//
// Nothing is sorted. A cut is found by its key: the bits of a logit as an integer that orders as
// the logit does, eight bits at a time from a histogram of counts (top-k) or of mass (top-p). Mass
// is e^(z - max) in fixed point with 40 binary places, so that sums are integers and no order of
// additions shows; of a mass that is at least 1, 2^18 tokens lose 2^-23 at most, and a cut or a
// draw may differ from the host's by what lies that near. Equal logits: the lower id wins.
//
// The draw is the host's: CounterRandom of (seed, choice, position, token).
#include "device.cuh"

#define SAMPLE_THREADS 1024
#define SAMPLE_WARPS 32
#define BINS 256
typedef unsigned long long word64;

// One row's parameters, 16 words of 32 bits.
struct SampleParams {
    float temperature;      // 0: the largest logit
    int topK;               // 0: off
    float topP;             // 1: off
    int masked;             // whether a row of the mask applies
    double logMinP;         // ln of min-p; 0 with minP 0 is off by the flag below
    float repetition, frequency, presence;
    int seen;               // tokens that the penalties count
    int choice, position;
    word64 seed;
    int minP;               // whether min-p is on
    int unused;
};

struct Cut { unsigned key; int ties; };

// Larger logits have larger keys; both zeros have the same.
INLINE unsigned key_of(float z) {
    unsigned bits = bits_of(plus(z, 0.0f));
    return (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
}

INLINE word64 mass_of(float z, float most) {
    double x = (double) z - (double) most;
    return x >= -708.0 ? (word64) rint(exp(x) * 1099511627776.0) : 0;
}

template <typename T> INLINE T block_sum(T value, T* room) {
    UNROLL
    for (int mask = 1; mask < 32; mask *= 2) {
        value += across(value, mask);
    }
    if (LANE_OF_WARP == 0) {
        room[WARP] = value;
    }
    sync();
    T all = 0;
    for (int w = 0; w < SAMPLE_WARPS; w++) {
        all += room[w];
    }
    sync();
    return all;
}

// The sum over the threads below this one.
template <typename T> INLINE T sum_below(T value, T* room) {
    T before = value;
    UNROLL
    for (int distance = 1; distance < 32; distance *= 2) {
        T below = from_below(before, distance);
        before += LANE_OF_WARP >= distance ? below : (T) 0;
    }
    if (LANE_OF_WARP == 31) {
        room[WARP] = before;
    }
    sync();
    T all = before - value;
    for (int w = 0; w < WARP; w++) {
        all += room[w];
    }
    sync();
    return all;
}

// The largest logit's id, the lowest of equals; -1 where no logit is above minus infinity and -2
// where one is not a number or infinite. Every thread gets it.
INLINE int best_id(const float* z, int vocab, word64* room) {
    word64 best = 0;
    for (int i = (int) threadIdx.x; i < vocab; i += SAMPLE_THREADS) {
        float value = z[i];
        // Above all keys: a logit that no sampler may see.
        word64 key = value < INFINITY ? key_of(value) : 0xFFFFFFFFull;
        word64 entry = value == -INFINITY ? 0 : key << 32 | (unsigned) ~i;
        best = entry > best ? entry : best;
    }
    UNROLL
    for (int mask = 1; mask < 32; mask *= 2) {
        word64 other = across(best, mask);
        best = other > best ? other : best;
    }
    if (LANE_OF_WARP == 0) {
        room[WARP] = best;
    }
    sync();
    for (int w = 0; w < SAMPLE_WARPS; w++) {
        best = room[w] > best ? room[w] : best;
    }
    sync();
    return best == 0 ? -1 : best >> 32 == 0xFFFFFFFFull ? -2 : (int) ~(unsigned) best;
}

// The largest key at which counts (weights all 1) or masses, from the largest key down, reach
// `target`, and how many of the tokens with that key are needed for it. Fewer in all: everything.
template <bool MASS> INLINE Cut find_cut(const float* z, int vocab, float most, word64 target,
        word64* bins, word64* chosen) {
    unsigned prefix = 0;
    word64 above = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        for (int i = (int) threadIdx.x; i < BINS; i += SAMPLE_THREADS) {
            bins[i] = 0;
        }
        sync();
        for (int i = (int) threadIdx.x; i < vocab; i += SAMPLE_THREADS) {
            float value = z[i];
            unsigned key = key_of(value);
            bool inside = shift == 24 || key >> (shift + 8) == prefix >> (shift + 8);
            if (inside && value != -INFINITY) {
                atomic_add(bins + (key >> shift & 255), MASS ? mass_of(value, most) : 1ull);
            }
        }
        sync();
        if (threadIdx.x == 0) {
            // The last bin that is not empty, if even all together do not reach the target.
            int bin = -1;
            word64 sum = above;
            word64 before = above;
            for (int i = BINS - 1; i >= 0; i--) {
                if (bins[i] != 0) {
                    bin = i;
                    before = sum;
                    sum += bins[i];
                    if (sum >= target) {
                        break;
                    }
                }
            }
            chosen[0] = (word64) (bin < 0 ? 0 : bin);
            chosen[1] = before;
        }
        sync();
        prefix |= (unsigned) chosen[0] << shift;
        above = chosen[1];
        sync();
    }
    unsigned bits = (prefix >> 31) != 0 ? prefix & 0x7FFFFFFFu : ~prefix;
    word64 weight = MASS ? mass_of(float_of(bits), most) : 1ull;
    word64 missing = target > above ? target - above : 1;
    word64 ties = weight == 0 ? (word64) vocab : (missing + weight - 1) / weight;
    Cut cut = {prefix, ties > (word64) vocab ? vocab : (int) ties};
    return cut;
}

// Drops what is below the cut, and of those at it all but the first `ties` by id. Each thread has
// a run of neighbouring ids.
INLINE void keep_above(float* z, int vocab, Cut cut, int* room) {
    int run = (vocab + SAMPLE_THREADS - 1) / SAMPLE_THREADS;
    int from = (int) threadIdx.x * run;
    int to = from + run < vocab ? from + run : vocab;
    int equal = 0;
    for (int i = from; i < to; i++) {
        equal += key_of(z[i]) == cut.key;
    }
    int rank = sum_below(equal, room);
    for (int i = from; i < to; i++) {
        unsigned key = key_of(z[i]);
        if (key < cut.key || (key == cut.key && rank++ >= cut.ties)) {
            z[i] = -INFINITY;
        }
    }
    sync();
}

INLINE word64 mixed(word64 h) {
    h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9ull;
    h = (h ^ h >> 27) * 0x94D049BB133111EBull;
    return h ^ h >> 31;
}

// CounterRandom.uniform of a token's draw.
INLINE double uniform_of(word64 seed, int choice, int position) {
    const word64 gamma = 0x9E3779B97F4A7C15ull;
    word64 h = mixed(seed + gamma);
    h = mixed((h ^ (word64) (wide) choice) + gamma);
    h = mixed((h ^ (word64) (wide) position) + gamma);
    h = mixed(h + gamma);
    return (double) (h >> 11) * 1.1102230246251565e-16;
}

// The first id at which the running mass exceeds u times the whole.
INLINE int drawn(const float* z, int vocab, float most, double u, word64* room, int* token) {
    int run = (vocab + SAMPLE_THREADS - 1) / SAMPLE_THREADS;
    int from = (int) threadIdx.x * run;
    int to = from + run < vocab ? from + run : vocab;
    word64 own = 0;
    for (int i = from; i < to; i++) {
        own += mass_of(z[i], most);
    }
    word64 all = block_sum(own, room);
    word64 before = sum_below(own, room);
    word64 target = (word64) (u * (double) all);
    // A rounding of u * all must not leave everybody out.
    target = target < all ? target : all - 1;
    if (target >= before && target < before + own) {
        word64 sum = before;
        for (int i = from; i < to; i++) {
            sum += mass_of(z[i], most);
            if (sum > target) {
                token[0] = i;
                break;
            }
        }
    }
    sync();
    return token[0];
}

INLINE void prepare_row(const float* logits, float* z, int vocab, const SampleParams& p,
        const word64* mask, const int* seenIds, const int* seenCounts) {
    for (int i = (int) threadIdx.x; i < vocab; i += SAMPLE_THREADS) {
        bool allowed = !p.masked || (mask[i / 64] >> i % 64 & 1) != 0;
        z[i] = allowed ? logits[i] : -INFINITY;
    }
    sync();
    for (int i = (int) threadIdx.x; i < p.seen; i += SAMPLE_THREADS) {
        int id = seenIds[i];
        // An id that the mask forbids stays forbidden whatever the penalties make of it.
        if (id < vocab && z[id] != -INFINITY) {
            float value = z[id];
            value = value > 0.0f ? over(value, p.repetition) : times(value, p.repetition);
            z[id] = plus(value, -plus(times((float) seenCounts[i], p.frequency), p.presence));
        }
    }
    sync();
}

// ids [T,1] = the tokens; -1 where every token is forbidden, -2 where a logit is not finite.
// logits [T, cols >= vocab] stay as they are; room [T, vocab] is scratch. params [T,16] words,
// mask [T, maskWords] 64-bit words with bit t % 64 of word t / 64 for token t, seenIds and
// seenCounts [T, seenMax]: different tokens, and how often each occurred. Grid x: T.
ENTRY(SAMPLE_THREADS, 1) sample_rows(MATRIX(logits), int cols, int vocab, MATRIX(params),
        MATRIX(mask), int maskWords, MATRIX(seenIds), MATRIX(seenCounts), int seenMax,
        MATRIX(room), MATRIX(ids)) {
    SHARED_ARRAY(word64, bins, BINS);
    SHARED_ARRAY(word64, sums, SAMPLE_WARPS);
    SHARED_ARRAY(word64, chosen, 2);
    SHARED_ARRAY(int, counts, SAMPLE_WARPS);
    SHARED_ARRAY(int, token, 1);
    wide row = blockIdx.x;
    SampleParams p = AT(const SampleParams, params)[row];
    float* z = AT(float, room) + row * vocab;
    prepare_row(AT(const float, logits) + row * cols, z, vocab, p,
            AT(const word64, mask) + row * maskWords, AT(const int, seenIds) + row * seenMax,
            AT(const int, seenCounts) + row * seenMax);
    int best = best_id(z, vocab, sums);
    if (best < 0 || !(p.temperature > 0.0f)) {
        if (threadIdx.x == 0) {
            AT(int, ids)[row] = best;
        }
        return;
    }
    float most = over(z[best], p.temperature);
    sync();
    double least = (double) most + p.logMinP;
    for (int i = (int) threadIdx.x; i < vocab; i += SAMPLE_THREADS) {
        float value = over(z[i], p.temperature);
        z[i] = p.minP && !((double) value >= least) ? -INFINITY : value;
    }
    sync();
    if (p.topK > 0 && p.topK < vocab) {
        keep_above(z, vocab, find_cut<false>(z, vocab, most, (word64) p.topK, bins, chosen),
                counts);
    }
    if (p.topP < 1.0f) {
        word64 own = 0;
        for (int i = (int) threadIdx.x; i < vocab; i += SAMPLE_THREADS) {
            own += mass_of(z[i], most);
        }
        double share = (double) p.topP * (double) block_sum(own, sums);
        keep_above(z, vocab, find_cut<true>(z, vocab, most, (word64) ceil(share), bins, chosen),
                counts);
    }
    int id = drawn(z, vocab, most, uniform_of(p.seed, p.choice, p.position), sums, token);
    if (threadIdx.x == 0) {
        AT(int, ids)[row] = id;
    }
}

// ids [T,1] = the largest logit's id of each row, the lowest of equals; errors as above.
ENTRY(SAMPLE_THREADS, 1) greedy_rows(MATRIX(logits), int cols, int vocab, MATRIX(ids)) {
    SHARED_ARRAY(word64, sums, SAMPLE_WARPS);
    wide row = blockIdx.x;
    int best = best_id(AT(const float, logits) + row * cols, vocab, sums);
    if (threadIdx.x == 0) {
        AT(int, ids)[row] = best;
    }
}
