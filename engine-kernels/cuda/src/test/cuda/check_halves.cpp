// Products with F16 and BF16 weights: near a scalar product of the staged halves in double, and
// the same bits from every kernel and at every row count. Compiled for each encoding and PARTS.
#include "checks.h"
#include "../../main/cuda/staging.cu"
#include "../../main/cuda/halves.cu"

#if defined(ENCODING_F16)
static const int HALF = 1;
static const double EPSILON = PARTS == 1 ? 0x1p-11 : 0x1p-24;
static double value(unsigned short bits) { return half_value(bits); }
static unsigned short bits(float x) { return half_bits(x); }
#else
static const int HALF = 0;
static const double EPSILON = PARTS == 1 ? 0x1p-8 : 0x1p-23;
static double value(unsigned short bits) { return bfloat_value(bits); }
static unsigned short bits(float x) { return bfloat_bits(x); }
#endif

typedef Mat<unsigned short> Halves;

static Halves random_halves(int rows, int cols) {
    Halves m(rows, cols);
    for (auto& h : m.values) {
        h = bits(0.1f * normal());
    }
    return m;
}

struct Staged {
    Halves x;
    Mat<float> factors;
    int rows;
    Staged(int rows, int cols) : x(PARTS * rows, cols), factors(1, rows), rows(rows) { }
    double at(int r, int c) {
        double sum = 0;
        for (int part = 0; part < PARTS; part++) {
            sum += value(x.at(part * rows + r, c));
        }
        return sum * factors.at(0, r);
    }
};

static Staged stage(Mat<float>& x, int order) {
    Staged s(x.rows, x.cols);
    run(x.rows, 256, 4 * (size_t) x.cols, order, [&] {
        stage_halves(PASS(x), NO_MATRIX, 0, 0.0f, NO_MATRIX, 0, 0.0f, NO_MATRIX, 0, NO_MATRIX,
                NO_MATRIX, 0, 0, 1, x.rows, x.cols, HALF, PARTS, PASS(s.x), PASS(s.factors));
    });
    std::vector<double> want, bound;
    std::vector<float> got;
    for (int r = 0; r < x.rows; r++) {
        double amax = 0;
        for (int c = 0; c < x.cols; c++) {
            amax = std::max(amax, std::fabs((double) x.at(r, c)));
        }
        for (int c = 0; c < x.cols; c++) {
            want.push_back(x.at(r, c));
            got.push_back((float) s.at(r, c));
            // F16 has no more than 2^-24 for a row whose largest is 2^14.
            bound.push_back(std::fabs(want.back()) * (EPSILON + 0x1p-24)
                    + (HALF ? amax * 0x1p-38 : 0));
        }
    }
    check_near(text("stage_halves [%d,%d]", x.rows, x.cols), want, bound, got);
    return s;
}

static void near(const std::string& what, Staged& s, Halves& w, int rows, int n,
        const std::vector<float>& got) {
    std::vector<double> want, bound;
    for (int t = 0; t < rows; t++) {
        for (int i = 0; i < n; i++) {
            double sum = 0;
            double size = 0;
            for (int c = 0; c < w.cols; c++) {
                double product = s.at(t, c) * value(w.at(i, c));
                sum += product;
                size += std::fabs(product);
            }
            want.push_back(sum);
            bound.push_back(size * (w.cols / 16 * PARTS + 64) * 0x1p-24);
        }
    }
    check_near(what, want, bound, got);
}

static unsigned few_threads(int cols) {
    return 32 * (unsigned) std::min(8, ceil_div(cols, CHUNK));
}
static size_t few_shared(int cols, int nTiles, int matrices) {
    return (size_t) matrices * (size_t) ceil_div(cols, CHUNK) * 512 * (size_t) nTiles;
}

template <class Kernel> static Mat<float> few(Kernel kernel, int nTiles, Staged& s, Halves& w,
        int rows, int n, int order) {
    Mat<float> out = poisoned(rows, n);
    run(dim3((unsigned) ceil_div(n, 16), (unsigned) ceil_div(rows, 8 * nTiles)),
            few_threads(w.cols), few_shared(w.cols, nTiles, 1), order, [&] {
        kernel(PASS(w), PASS(s.x), PASS(s.factors), rows, w.cols, n, NO_MATRIX, 0, PASS(out), n,
                0);
    });
    return out;
}

template <class S, class Kernel> static Mat<float> tiles(Kernel kernel, Staged& s, Halves& w,
        int rows, int n, int order) {
    Mat<float> out = poisoned(rows, n);
    run(dim3((unsigned) ceil_div(n, S::m), (unsigned) ceil_div(rows, S::n)), S::threads,
            16 * S::pieces * S::stages, order, [&] {
        kernel(PASS(w), PASS(s.x), PASS(s.factors), rows, w.cols, n, NO_MATRIX, 0, PASS(out), n,
                0);
    });
    return out;
}

static Mat<float> activated_rows(int kind, Mat<float>& gate, Mat<float>& up) {
    Mat<float> out(gate.rows, gate.cols);
    for (size_t i = 0; i < out.values.size(); i++) {
        out.values[i] = activated(kind, gate.values[i], up.values[i]);
    }
    return out;
}

static void check_dense(int rows, int cols, int n, int order, bool large) {
    std::string shape = text(" [%d,%d] x [%d,%d]", rows, cols, n, cols);
    Mat<float> x = floats_of(rows, cols, HALF ? 30000.0f : 1.0f);
    Staged s = stage(x, order);
    Halves w = random_halves(n, cols);
    Mat<float> want = few(halves_few8, 1, s, w, rows, n, order);
    near("halves_few8" + shape, s, w, rows, n, want.values);
    check_same("halves_few16" + shape, want.values,
            few(halves_few16, 2, s, w, rows, n, order).values);
    check_same("halves_few32" + shape, want.values,
            few(halves_few32, 4, s, w, rows, n, order).values);
    check_same("halves_middle" + shape, want.values,
            tiles<Middle>(halves_middle, s, w, rows, n, order).values);
    if (large) {
        check_same("halves_large" + shape, want.values,
                tiles<Large>(halves_large, s, w, rows, n, order).values);
    }
    Halves second = random_halves(n, cols);
    Mat<float> up = few(halves_few8, 1, s, second, rows, n, order);
    int kind = uniform(0, 2);
    Mat<float> gated = activated_rows(kind, want, up);
    Mat<float> out = poisoned(rows, n);
    run(dim3((unsigned) ceil_div(n, 16), (unsigned) ceil_div(rows, 32)), few_threads(cols),
            few_shared(cols, 4, 2), order, [&] {
        halves_few32_gated(PASS(w), PASS(second), PASS(s.x), PASS(s.factors), rows, cols, n, kind,
                PASS(out));
    });
    check_same("halves_few32_gated" + shape, gated.values, out.values);
    // Batch invariance: row 0 alone, with a residual in a wider matrix.
    Mat<float> one(1, cols);
    std::copy(x.values.begin(), x.values.begin() + cols, one.values.begin());
    Staged alone = stage(one, order);
    Mat<float> wider = floats_of(1, n + 3);
    Mat<float> sum = wider;
    for (int i = 0; i < n; i++) {
        sum.at(0, i + 2) = std::fma(1.0f, want.at(0, i), sum.at(0, i + 2));
    }
    run(dim3((unsigned) ceil_div(n, 16)), few_threads(cols), few_shared(cols, 1, 1), order, [&] {
        halves_few8(PASS(w), PASS(alone.x), PASS(alone.factors), 1, cols, n, PASS(wider), 1,
                PASS(wider), n + 3, 2);
    });
    check_same("halves_few8 alone" + shape, sum.values, wider.values);
}

static void check_grouped(int rows, int groups, int cols, int n, int order) {
    std::string shape = text(" %d rows %d groups [%d,%d]", rows, groups, n, cols);
    Mat<float> x = floats_of(rows, cols);
    Mat<int> starts(1, groups + 1), sorted(1, 2 * rows);
    std::vector<Halves> gates, ups;
    Mat<wide> gatePlaces(groups, 2), upPlaces(groups, 2);
    int pairs = 2 * rows;
    for (int i = 0; i < groups; i++) {
        starts.at(0, i + 1) = i + 1 == groups ? pairs : uniform(starts.at(0, i), pairs);
        gates.push_back(random_halves(n, cols));
        ups.push_back(random_halves(n, cols));
    }
    for (int i = 0; i < groups; i++) {
        gatePlaces.at(i, 0) = (wide) (uintptr_t) gates[(size_t) i].values.data();
        upPlaces.at(i, 0) = (wide) (uintptr_t) ups[(size_t) i].values.data();
    }
    for (int i = 0; i < pairs; i++) {
        sorted.at(0, i) = i;
    }
    std::shuffle(sorted.values.begin(), sorted.values.end(), source);
    Staged s(pairs, cols);
    run(pairs, 256, 4 * (size_t) cols, order, [&] {
        stage_halves(PASS(x), NO_MATRIX, 0, 0.0f, NO_MATRIX, 0, 0.0f, NO_MATRIX, 0, PASS(sorted),
                PASS(starts), groups, 1, 2, pairs, cols, HALF, PARTS, PASS(s.x), PASS(s.factors));
    });
    auto tiles_of = [&](int tileRows) {
        Mat<int> t(2, pairs + groups);
        std::fill(t.values.begin(), t.values.end(), -1);
        int at = 0;
        for (int g = 0; g < groups; g++) {
            for (int r = starts.at(0, g); r < starts.at(0, g + 1); r += tileRows) {
                t.at(0, at) = g;
                t.at(1, at++) = r;
            }
        }
        return t;
    };
    Mat<float> bias = floats_of(groups, n), bias2 = floats_of(groups, n);
    // What the dense kernel makes of each row, where its output belongs.
    Mat<float> mapped = poisoned(pairs, n), gate = poisoned(pairs, n), up = poisoned(pairs, n);
    for (int g = 0; g < groups; g++) {
        for (int r = starts.at(0, g); r < starts.at(0, g + 1); r++) {
            Mat<float> row(1, cols);
            for (int c = 0; c < cols; c++) {
                row.at(0, c) = x.at(sorted.at(0, r) / 2, c);
            }
            Staged one = stage(row, order);
            Mat<float> a = few(halves_few8, 1, one, gates[(size_t) g], 1, n, order);
            Mat<float> b = few(halves_few8, 1, one, ups[(size_t) g], 1, n, order);
            for (int i = 0; i < n; i++) {
                gate.at(r, i) = a.at(0, i) + bias.at(g, i);
                up.at(r, i) = b.at(0, i) + bias2.at(g, i);
                mapped.at(sorted.at(0, r), i) = gate.at(r, i);
            }
        }
    }
    Mat<int> eight = tiles_of(8);
    Mat<float> out = poisoned(pairs, n);
    dim3 grid((unsigned) ceil_div(n, 16), (unsigned) eight.cols);
    run(grid, few_threads(cols), few_shared(cols, 1, 1), order, [&] {
        halves_few_grouped(NO_MATRIX, 0, PASS(gatePlaces), PASS(s.x), PASS(s.factors), pairs,
                PASS(starts), PASS(eight), eight.cols, 8, cols, n, PASS(bias), 1, PASS(sorted), 1,
                PASS(out), n, 0);
    });
    check_same("halves_few_grouped" + shape, mapped.values, out.values);
    Mat<float> gated = activated_rows(0, gate, up);
    out = poisoned(pairs, n);
    run(grid, few_threads(cols), few_shared(cols, 1, 2), order, [&] {
        halves_few_grouped_gated(NO_MATRIX, 0, PASS(gatePlaces), PASS(upPlaces), PASS(s.x),
                PASS(s.factors), pairs, PASS(starts), PASS(eight), eight.cols, 8, cols, n,
                PASS(bias), PASS(bias2), 1, 0, PASS(out));
    });
    check_same("halves_few_grouped_gated" + shape, gated.values, out.values);
    Mat<int> wideTiles = tiles_of(Middle::n);
    out = poisoned(pairs, n);
    run(dim3((unsigned) ceil_div(n, Middle::m), (unsigned) wideTiles.cols), Middle::threads,
            16 * Middle::pieces * Middle::stages, order, [&] {
        halves_grouped_middle(NO_MATRIX, 0, PASS(gatePlaces), PASS(s.x), PASS(s.factors), pairs,
                PASS(starts), PASS(wideTiles), wideTiles.cols, cols, n, PASS(bias), 1,
                PASS(sorted), 1, PASS(out), n, 0);
    });
    check_same("halves_grouped_middle" + shape, mapped.values, out.values);
}

int main() {
    check_dense(1, 64, 5, 0, true);
    check_dense(3, 520, 17, 1, true);
    check_dense(8, 1024, 16, 2, false);
    check_dense(13, 1160, 33, 0, false);
    check_dense(37, 768, 21, 1, false);
    check_dense(70, 136, 70, 2, false);
    check_dense(131, 72, 130, 1, true);
    check_dense(2, 5120, 16, 0, false);
    check_grouped(6, 3, 584, 19, 1);
    check_grouped(21, 4, 96, 10, 2);
    printf("%d comparisons\n", passed);
    return 0;
}
