// BF16 products of float rows: the same bits as of rows staged as halves, which check_halves
// compares with a scalar product. Compiled for PARTS 1 and 3.
#include "checks.h"
#include "../../main/cuda/staging.cu"
#include "../../main/cuda/target.cuh"
namespace staged {
#include "../../main/cuda/halves.cu"
}
#undef FLOAT_X
#undef X_OF
#undef FEW
#undef DENSE
#define FLOAT_X 1
namespace direct {
#include "../../main/cuda/halves.cu"
}

typedef Mat<unsigned short> Halves;

static Halves random_halves(int rows, int cols) {
    Halves m(rows, cols);
    for (auto& h : m.values) {
        h = bfloat_bits(0.1f * normal());
    }
    return m;
}

static unsigned few_threads(int cols) {
    return 32 * (unsigned) std::min(8, ceil_div(cols, CHUNK));
}
static size_t few_shared(int cols, int nTiles) {
    return (size_t) ceil_div(cols, CHUNK) * 512 * (size_t) nTiles;
}

// out [T,N] of rows that are staged first.
static Mat<float> reference(Mat<float>& x, Halves& w) {
    int rows = x.rows;
    Halves parts(PARTS * rows, x.cols);
    Mat<float> factors(1, rows);
    run(rows, 256, 4 * (size_t) x.cols, 0, [&] {
        stage_halves(PASS(x), NO_MATRIX, 0, 0.0f, NO_MATRIX, 0, 0.0f, NO_MATRIX, 0, NO_MATRIX,
                NO_MATRIX, 0, 0, 1, rows, x.cols, 0, PARTS, PASS(parts), PASS(factors));
    });
    Mat<float> out = poisoned(rows, w.rows);
    run(dim3((unsigned) ceil_div(w.rows, 16), (unsigned) ceil_div(rows, 8)), few_threads(x.cols),
            few_shared(x.cols, 1), 0, [&] {
        staged::halves_few8(PASS(w), PASS(parts), PASS(factors), rows, x.cols, w.rows, NO_MATRIX,
                0, PASS(out), w.rows, 0);
    });
    return out;
}

static void check_dense(int rows, int cols, int n, int order, bool large) {
    std::string shape = text(" [%d,%d] x [%d,%d]", rows, cols, n, cols);
    Mat<float> x = floats_of(rows, cols);
    Halves w = random_halves(n, cols);
    Mat<float> want = reference(x, w);
    auto check = [&](const char* name, auto kernel, int m, int tileRows, unsigned threads,
            size_t bytes) {
        Mat<float> out = poisoned(rows, n);
        run(dim3((unsigned) ceil_div(n, m), (unsigned) ceil_div(rows, tileRows)), threads, bytes,
                order, [&] {
            kernel(PASS(w), PASS(x), NO_MATRIX, NO_MATRIX, rows, cols, n, PASS(out));
        });
        check_same(name + shape, want.values, out.values);
    };
    check("product_few_halves8", direct::product_few_halves8, 16, 8, few_threads(cols),
            few_shared(cols, 1));
    check("product_few_halves16", direct::product_few_halves16, 16, 16, few_threads(cols),
            few_shared(cols, 2));
    check("product_few_halves32", direct::product_few_halves32, 16, 32, few_threads(cols),
            few_shared(cols, 4));
    typedef direct::Middle M;
    check("product_tiles_halves_middle", direct::product_tiles_halves_middle, M::m, M::n,
            M::threads, 16 * M::pieces * M::stages);
    if (large) {
        typedef direct::Large L;
        check("product_tiles_halves_large", direct::product_tiles_halves_large, L::m, L::n,
                L::threads, 16 * L::pieces * L::stages);
    }
}

static void check_grouped(int rows, int groups, int cols, int n, int order) {
    std::string shape = text(" %d rows %d groups [%d,%d]", rows, groups, n, cols);
    Mat<float> x = floats_of(rows, cols);
    Mat<int> starts(1, groups + 1), sorted(1, rows);
    Mat<wide> places(groups, 2);
    std::vector<Halves> weights;
    Mat<float> bias = floats_of(groups, n);
    Mat<float> want = poisoned(rows, n + 3);
    for (int i = 0; i < rows; i++) {
        sorted.at(0, i) = rows - 1 - i;
    }
    for (int g = 0; g < groups; g++) {
        starts.at(0, g + 1) = g + 1 == groups ? rows : uniform(starts.at(0, g), rows);
        weights.push_back(random_halves(n, cols));
    }
    for (int g = 0; g < groups; g++) {
        places.at(g, 0) = (wide) (uintptr_t) weights[(size_t) g].values.data();
        int from = starts.at(0, g);
        int count = starts.at(0, g + 1) - from;
        if (count == 0) {
            continue;
        }
        Mat<float> part(count, cols);
        std::copy_n(&x.at(from, 0), count * cols, part.values.begin());
        Mat<float> out = reference(part, weights[(size_t) g]);
        for (int r = 0; r < count; r++) {
            for (int i = 0; i < n; i++) {
                want.at(sorted.at(0, from + r), i + 1) = out.at(r, i) + bias.at(g, i);
            }
        }
    }
    auto check = [&](const char* name, auto kernel, int m, int tileRows, unsigned threads,
            size_t bytes) {
        Mat<int> tiles(2, rows + groups);
        std::fill(tiles.values.begin(), tiles.values.end(), -1);
        int at = 0;
        for (int g = 0; g < groups; g++) {
            for (int r = starts.at(0, g); r < starts.at(0, g + 1); r += tileRows) {
                tiles.at(0, at) = g;
                tiles.at(1, at++) = r;
            }
        }
        Mat<float> out = poisoned(rows, n + 3);
        run(dim3((unsigned) ceil_div(n, m), (unsigned) tiles.cols), threads, bytes, order, [&] {
            kernel(NO_MATRIX, 0, PASS(places), PASS(x), NO_MATRIX, NO_MATRIX, PASS(starts),
                    PASS(tiles), tiles.cols, cols, n, PASS(bias), 1, PASS(sorted), 1, PASS(out),
                    n + 3, 1);
        });
        check_same(name + shape, want.values, out.values);
    };
    check("product_grouped_few_halves", direct::product_grouped_few_halves, 16, 4,
            few_threads(cols), few_shared(cols, 1));
    typedef direct::Narrow N;
    check("product_grouped_tiles_halves", direct::product_grouped_tiles_halves, N::m, 32,
            N::threads, 16 * N::pieces * N::stages);
}

int main() {
    check_dense(1, 64, 5, 0, true);
    check_dense(7, 1032, 18, 1, false);
    check_dense(33, 616, 70, 2, false);
    check_dense(130, 136, 40, 1, true);
    check_grouped(9, 3, 584, 19, 1);
    check_grouped(75, 4, 96, 70, 2);
    printf("%d comparisons\n", passed);
    return 0;
}
