// Sampling against a scalar sampler of the runtime's rules, which sorts and sums in double.
#include "checks.h"
#include "../../main/cuda/sample.cu"
#include <numeric>

struct Row {
    SampleParams params;
    std::vector<float> logits;
    std::vector<word64> mask;
    std::vector<int> seenIds, seenCounts;
};

// Written from the rules, not from the kernel: candidates as a sorted list.
static double reference_uniform(word64 seed, int choice, int position) {
    auto mix = [](word64 z) {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
        return z ^ (z >> 31);
    };
    word64 gamma = 0x9E3779B97F4A7C15ull;
    word64 h = mix(seed + gamma);
    for (int word : {choice, position, 0}) {
        h = mix((h ^ (word64) (int64_t) word) + gamma);
    }
    return (double) (h >> 11) * 0x1p-53;
}

static int reference(const Row& row, int vocab) {
    const SampleParams& p = row.params;
    std::vector<float> z(row.logits.begin(), row.logits.begin() + vocab);
    for (int i = 0; i < p.seen; i++) {
        float& value = z[(size_t) row.seenIds[(size_t) i]];
        value = value > 0 ? value / p.repetition : value * p.repetition;
        value -= (float) row.seenCounts[(size_t) i] * p.frequency + p.presence;
    }
    std::vector<int> ids;
    for (int i = 0; i < vocab; i++) {
        bool allowed = !p.masked || (row.mask[(size_t) i / 64] >> i % 64 & 1) != 0;
        if (allowed && z[(size_t) i] != -INFINITY) {
            ids.push_back(i);
        }
    }
    if (ids.empty()) {
        return -1;
    }
    std::stable_sort(ids.begin(), ids.end(), [&](int a, int b) {
        return z[(size_t) a] > z[(size_t) b];
    });
    if (p.temperature == 0) {
        return ids[0];
    }
    for (float& value : z) {
        value /= p.temperature;
    }
    double most = z[(size_t) ids[0]];
    if (p.minP) {
        while (z[(size_t) ids.back()] < most + p.logMinP) {
            ids.pop_back();
        }
    }
    if (p.topK > 0 && (size_t) p.topK < ids.size()) {
        ids.resize((size_t) p.topK);
    }
    auto mass = [&](int id) { return std::exp((double) z[(size_t) id] - most); };
    if (p.topP < 1) {
        double all = 0;
        for (int id : ids) {
            all += mass(id);
        }
        double sum = 0;
        size_t kept = 0;
        while (kept < ids.size() && sum < (double) p.topP * all) {
            sum += mass(ids[kept++]);
        }
        ids.resize(std::max<size_t>(kept, 1));
    }
    std::sort(ids.begin(), ids.end());
    double all = 0;
    for (int id : ids) {
        all += mass(id);
    }
    double target = reference_uniform(p.seed, p.choice, p.position) * all;
    double sum = 0;
    for (int id : ids) {
        sum += mass(id);
        if (sum > target) {
            return id;
        }
    }
    return ids.back();
}

static Row random_row(int vocab, int cols, int kind) {
    Row row;
    row.params = {};
    SampleParams& p = row.params;
    p.repetition = p.topP = 1.0f;
    p.temperature = kind % 4 == 0 ? 0.0f : 0.3f + 0.1f * (float) uniform(0, 12);
    if (kind % 3 == 1) {
        p.topK = uniform(1, 60);
    }
    if (kind % 5 >= 2) {
        p.topP = 0.05f * (float) uniform(2, 19);
    }
    if (kind % 7 >= 4) {
        p.minP = 1;
        p.logMinP = std::log(0.01 * uniform(1, 30));
    }
    p.choice = uniform(0, 3);
    p.position = uniform(0, 100000);
    p.seed = (word64) uniform(0, 1 << 30) * 0x123456789ull;
    for (int i = 0; i < cols; i++) {
        // Many equal logits, so that ties decide.
        float z = 3.0f * normal();
        row.logits.push_back(kind % 2 == 0 ? std::rint(4 * z) / 4 : z);
    }
    row.mask.assign((size_t) ceil_div(vocab, 64), 0);
    for (int i = 0; i < vocab; i++) {
        row.mask[(size_t) i / 64] |= (word64) uniform(0, 1) << i % 64;
    }
    p.masked = kind % 6 == 3;
    if (kind % 3 == 2) {
        p.repetition = 1.3f;
        p.frequency = 0.2f;
        p.presence = -0.1f;
        p.seen = uniform(1, 40);
        std::vector<int> all((size_t) vocab);
        std::iota(all.begin(), all.end(), 0);
        std::shuffle(all.begin(), all.end(), source);
        row.seenIds.assign(all.begin(), all.begin() + p.seen);
        for (int i = 0; i < p.seen; i++) {
            row.seenCounts.push_back(uniform(1, 4));
        }
    }
    return row;
}

static void check_rows(int vocab, int cols, int count, int order) {
    int maskWords = ceil_div(vocab, 64);
    std::vector<Row> rows;
    Mat<float> logits(count, cols), room(count, vocab);
    Mat<SampleParams> params(count, 1);
    Mat<word64> mask(count, maskWords);
    Mat<int> seenIds(count, 40), seenCounts(count, 40), want(count, 1), got(count, 1);
    Mat<int> greedy(count, 1), greedyGot(count, 1);
    for (int r = 0; r < count; r++) {
        rows.push_back(random_row(vocab, cols, r));
        Row& row = rows.back();
        if (r == 18) {
            std::fill(row.logits.begin(), row.logits.end(), -INFINITY);
        }
        std::copy(row.logits.begin(), row.logits.end(), &logits.at(r, 0));
        std::copy(row.mask.begin(), row.mask.end(), &mask.at(r, 0));
        std::copy(row.seenIds.begin(), row.seenIds.end(), &seenIds.at(r, 0));
        std::copy(row.seenCounts.begin(), row.seenCounts.end(), &seenCounts.at(r, 0));
        params.at(r, 0) = row.params;
        want.at(r, 0) = reference(row, vocab);
        auto first = row.logits.begin();
        greedy.at(r, 0) = r == 18 ? -1 : (int) (std::max_element(first, first + vocab) - first);
    }
    // A logit that is no number is an error, not a token.
    logits.at(12, vocab / 2) = NAN;
    want.at(12, 0) = greedy.at(12, 0) = -2;
    Mat<float> before = logits;
    run(count, 1024, 0, order, [&] {
        sample_rows(PASS(logits), cols, vocab, PASS(params), PASS(mask), maskWords, PASS(seenIds),
                PASS(seenCounts), 40, PASS(room), PASS(got));
    });
    check_same(text("sample_rows [%d,%d]", count, vocab), want.values, got.values);
    check_same("sample_rows leaves logits", before.values, logits.values);
    run(count, 1024, 0, order, [&] {
        greedy_rows(PASS(logits), cols, vocab, PASS(greedyGot));
    });
    check_same(text("greedy_rows [%d,%d]", count, vocab), greedy.values, greedyGot.values);
}

int main() {
    check_rows(1000, 1024, 84, 0);
    check_rows(5003, 5003, 84, 1);
    check_rows(151, 160, 84, 2);
    printf("%d comparisons\n", passed);
    return 0;
}
