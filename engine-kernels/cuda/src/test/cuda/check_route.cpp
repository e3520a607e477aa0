// Routing, permutation and combination against the shared kernels: every result has the same bits.
#include "checks.h"
#define ENCODING_F32 1
#include "shared.h"
#include "encodings.h"
#include "tiles.h"
#include "products.cl"
namespace routing {
#include "experts.cl"
}
#include "shared_end.h"
#undef EXPERTS_MAX
#include "../../main/cuda/route.cu"
namespace oracle = shared::routing;

struct Spec {
    int experts, topK, scoring, normalize, groups, groupsKept, bestTwo, biased;
};

static void check_routing(const Spec& s, int rows, int cols, int order) {
    std::string shape = text(" %d rows, %d of %d experts, scoring %d", rows, s.topK, s.experts,
            s.scoring);
    Mat<float> x = floats_of(rows, cols);
    Mat<float> router = floats_of(s.experts, cols, 0.2f);
    Mat<float> bias = floats_of(1, s.experts, 0.1f);
    // Equal experts: the lower id wins.
    for (int c = 0; c < cols; c++) {
        router.at(s.experts - 1, c) = router.at(0, c);
    }
    bias.at(0, s.experts - 1) = bias.at(0, 0);
    Mat<float> want = poisoned(rows, s.experts);
    run(dim3((unsigned) ceil_div(s.experts, 4), (unsigned) ceil_div(rows, 4)), 64, 0, 0, [&] {
        shared::product_few(PASS(router), PASS(x), NO_MATRIX, NO_MATRIX, rows, cols, s.experts,
                PASS(want));
    });
    Mat<int> ids(rows, s.topK), idsGot(rows, s.topK);
    Mat<float> weights = poisoned(rows, s.topK), weightsGot = poisoned(rows, s.topK);
    Mat<int> counters(1, s.experts), countersGot(1, s.experts);
    run(rows, 64, 0, 0, [&] {
        oracle::route_top_k(PASS(want), s.experts, s.topK, s.scoring, s.normalize, 1.7f,
                s.groups, s.groupsKept, s.bestTwo, PASS(bias), s.biased, PASS(ids),
                PASS(weights));
    });
    for (int id : ids.values) {
        counters.at(0, id)++;
    }
    Mat<float> logits = poisoned(rows, s.experts);
    Mat<int> arrivals(1, rows);
    run(dim3((unsigned) ceil_div(s.experts, 8), (unsigned) rows), 256,
            8 * 4 * (size_t) ceil_div(cols, 32), order, [&] {
        gate_and_route(PASS(x), PASS(router), cols, PASS(logits), PASS(arrivals), s.experts,
                s.topK, s.scoring, s.normalize, 1.7f, s.groups, s.groupsKept, s.bestTwo,
                PASS(bias), s.biased, PASS(idsGot), PASS(weightsGot), PASS(countersGot), 1);
    });
    check_same("gate_and_route logits" + shape, want.values, logits.values);
    check_same("gate_and_route ids" + shape, ids.values, idsGot.values);
    check_same("gate_and_route weights" + shape, weights.values, weightsGot.values);
    check_same("gate_and_route counters" + shape, counters.values, countersGot.values);
    check_same("gate_and_route arrivals" + shape, Mat<int>(1, rows).values, arrivals.values);
    std::fill(idsGot.values.begin(), idsGot.values.end(), -1);
    run(rows, 256, 0, order, [&] {
        route_rows(PASS(want), s.experts, s.topK, s.scoring, s.normalize, 1.7f, s.groups,
                s.groupsKept, s.bestTwo, PASS(bias), s.biased, PASS(idsGot), PASS(weightsGot),
                PASS(countersGot), 0);
    });
    check_same("route_rows ids" + shape, ids.values, idsGot.values);
    check_same("route_rows weights" + shape, weights.values, weightsGot.values);
    std::fill(idsGot.values.begin(), idsGot.values.end(), -1);
    run(rows, 256, 0, order, [&] {
        route_top_k_wide(PASS(want), s.experts, s.topK, s.scoring, s.normalize, 1.7f, s.groups,
                s.groupsKept, s.bestTwo, PASS(bias), s.biased, PASS(idsGot), PASS(weightsGot));
    });
    check_same("route_top_k_wide ids" + shape, ids.values, idsGot.values);
    check_same("route_top_k_wide weights" + shape, weights.values, weightsGot.values);
}

static void check_dispatch(int pairs, int experts, int tileRows, int order) {
    std::string shape = text(" %d pairs %d experts", pairs, experts);
    Mat<int> ids(1, pairs);
    Mat<wide> places(experts, 2);
    bool absent = experts > 3;
    for (int& id : ids.values) {
        id = uniform(0, experts - 1);
        id = id == 1 ? 0 : id;
    }
    if (absent) {
        places.at(2, 1) = -1;
    }
    int tileMax = pairs / tileRows + std::min(pairs, experts);
    auto sorted = [&](auto kernel, int threads, size_t bytes, int how, Mat<int>& starts,
            Mat<int>& perm, Mat<int>& tiles) {
        std::fill(perm.values.begin(), perm.values.end(), -7);
        run(1, (unsigned) threads, bytes, how, [&] {
            kernel(PASS(ids), pairs, experts, PASS(places), tileRows, PASS(starts), PASS(perm),
                    PASS(tiles), tileMax);
        });
        for (int i = 0; i < tileMax; i++) {
            tiles.at(1, i) = tiles.at(0, i) < 0 ? 0 : tiles.at(1, i);
        }
    };
    Mat<int> starts(1, experts + 1), perm(1, pairs), tiles(2, tileMax);
    Mat<int> starts2(1, experts + 1), perm2(1, pairs), tiles2(2, tileMax);
    sorted(oracle::dispatch_experts, 128, 0, 0, starts, perm, tiles);
    sorted(dispatch_pairs, 1024, 4 * (size_t) (32 * experts + 2 * (experts + 1)), order, starts2,
            perm2, tiles2);
    check_same("dispatch_pairs starts" + shape, starts.values, starts2.values);
    check_same("dispatch_pairs order" + shape, perm.values, perm2.values);
    check_same("dispatch_pairs tiles" + shape, tiles.values, tiles2.values);
}

static void check_combine(int rows, int slots, int cols, int order) {
    Mat<float> pairs = floats_of(rows * slots, cols);
    Mat<float> weights = floats_of(rows, slots);
    Mat<float> added = floats_of(rows, cols);
    Mat<float> want = poisoned(rows, cols), got = poisoned(rows, cols);
    long count = (long) rows * cols;
    run(ceil_div((int) count, 128), 128, 0, 0, [&] {
        oracle::combine_experts(PASS(pairs), PASS(weights), PASS(want), slots, cols, count);
    });
    dim3 grid((unsigned) ceil_div(cols, 1024), (unsigned) rows);
    run(grid, 256, 0, order, [&] {
        combine_rows(PASS(pairs), PASS(weights), NO_MATRIX, 0, PASS(got), slots, cols);
    });
    std::string shape = text(" [%d,%d,%d]", rows, slots, cols);
    check_same("combine_rows" + shape, want.values, got.values);
    Mat<float> sum = added;
    for (size_t i = 0; i < sum.values.size(); i++) {
        sum.values[i] = std::fma(1.0f, want.values[i], sum.values[i]);
    }
    run(grid, 256, 0, order, [&] {
        combine_rows(PASS(pairs), PASS(weights), PASS(added), 1, PASS(added), slots, cols);
    });
    check_same("combine_rows added" + shape, sum.values, added.values);
    got = poisoned(rows, cols);
    run(ceil_div((int) count, 1024), 256, 0, order, [&] {
        combine_experts_wide(PASS(pairs), PASS(weights), PASS(got), slots, cols, count);
    });
    check_same("combine_experts_wide" + shape, want.values, got.values);
}

int main() {
    int order = 0;
    for (int scoring = 0; scoring < 3; scoring++) {
        for (int normalize = 0; normalize < 2; normalize++) {
            check_routing({128, 8, scoring, normalize, 1, 1, 0, 0}, 3, 512, order++ % 3);
            check_routing({256, 8, scoring, normalize, 8, 4, 1, 1}, 2, 200, order++ % 3);
        }
    }
    check_routing({8, 2, 1, 0, 1, 1, 0, 0}, 5, 64, 1);
    check_routing({60, 4, 0, 0, 1, 1, 0, 0}, 4, 2048, 2);
    check_routing({64, 6, 0, 0, 8, 3, 0, 1}, 4, 96, 2);
    for (int pairs : {1, 8, 31, 400, 3000}) {
        check_dispatch(pairs, 128, 4, order++ % 3);
        check_dispatch(pairs, 5, 32, order++ % 3);
    }
    check_dispatch(700, 1000, 64, 1);
    check_combine(3, 8, 1300, 1);
    check_combine(2, 2, 8, 2);
    printf("%d comparisons\n", passed);
    return 0;
}
