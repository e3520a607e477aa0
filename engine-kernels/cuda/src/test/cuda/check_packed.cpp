// Products with packed weights against the shared kernels: every result has the same bits.
// Compiled once for each packed encoding.
#include "checks.h"
#include "shared.h"
#include "encodings.h"
#include "tiles.h"
#include "products.cl"
#include "grouped.cl"
#include "stage.cl"
#include "rows.cl"
constexpr auto encoded_bytes = [](int cols) { return ENCODED_BYTES(cols); };
#include "shared_end.h"
#include "../../main/cuda/repack.cu"
#include "../../main/cuda/few.cu"
#undef SUMS_NEEDED
#include "../../main/cuda/bytes.cu"
#include "../../main/cuda/staging.cu"

#if defined(ENCODING_Q4_K) || defined(ENCODING_Q5_K) || defined(ENCODING_Q6_K)
static const int BLOCK = 256;
#else
static const int BLOCK = 32;
#endif

// Random codes; scales that are finite.
static Mat<unsigned char> random_weight(int outputs, int cols) {
    int bytes = (int) shared::encoded_bytes(cols);
    Mat<unsigned char> w(outputs, bytes);
    for (auto& b : w.values) {
        b = (unsigned char) uniform(0, 255);
    }
    int blockBytes = (int) shared::encoded_bytes(BLOCK);
    for (size_t at = 0; at < w.values.size(); at += (size_t) blockBytes) {
        [[maybe_unused]] auto put = [&](int offset, float value) {
            unsigned short bits = half_bits(value);
            memcpy(&w.values[at + (size_t) offset], &bits, 2);
        };
#if defined(ENCODING_MXFP4)
        w.values[at] = (unsigned char) (uniform(0, 9) == 0 ? uniform(0, 2) : uniform(118, 130));
#elif defined(ENCODING_Q6_K)
        put(208, 0.01f * normal());
#else
        put(0, 0.02f * normal());
#if defined(ENCODING_Q4_K) || defined(ENCODING_Q5_K)
        put(2, 0.02f * normal());
#endif
#endif
    }
    return w;
}

static Mat<unsigned char> packed_of(Mat<unsigned char>& file, int cols, int order) {
    Mat<unsigned char> packed(file.rows, file.cols);
    int total = file.rows * (cols / 32);
    run(ceil_div(total, 256), 256, 0, order, [&] {
        repack_weight(PASS(file), PASS(packed), file.rows, cols);
    });
    return packed;
}

struct Staged {
    Mat<int> codes;
    Mat<float> scales;
    Mat<int> sums;
    Staged(int rows, int cols) : codes(rows, cols / 4), scales(rows, cols / 32),
            sums(rows, cols / 16) { }
};

static Staged stage(Mat<float>& x) {
    Staged s(x.rows, x.cols);
    run(ceil_div(x.rows * (x.cols / 32), 64), 64, 0, 0, [&] {
        shared::quantise_rows(PASS(x), x.cols, 0, NO_MATRIX, NO_MATRIX, 0, 0, 1, x.rows, x.cols,
                PASS(s.codes), PASS(s.scales), PASS(s.sums));
    });
    return s;
}

static int quads(int cols) { return 8 / along(cols / 32); }
static size_t few_shared(int cols, int rows) {
    int a = along(cols / 32);
    return (size_t) (32 / a) * (size_t) (rows < 8 ? rows : 8) * (size_t) (32 * a + 4) * 4
            * (cols / 32 > 256 ? 2 : 1);
}

static Mat<float> shared_product(Mat<unsigned char>& w, Staged& s, int rows, int cols, int n) {
    Mat<float> out = poisoned(rows, n);
    run(dim3((unsigned) ceil_div(n, 4), (unsigned) ceil_div(rows, 4)), 64, 0, 0, [&] {
        shared::product_few(PASS(w), PASS(s.codes), PASS(s.scales), PASS(s.sums), rows, cols, n,
                PASS(out));
    });
    return out;
}

static Mat<float> shared_gated(int kind, Mat<float>& gate, Mat<float>& up) {
    Mat<float> out = poisoned(gate.rows, gate.cols);
    long count = (long) gate.values.size();
    run(ceil_div((int) count, 128), 128, 0, 0, [&] {
        shared::gated_activation(kind, PASS(gate), PASS(up), PASS(out), count);
    });
    return out;
}

static void check_dense(int rows, int cols, int n, int order) {
    std::string shape = text("[%d,%d] x [%d,%d]", rows, cols, n, cols);
    Mat<float> x = floats_of(rows, cols);
    Staged s = stage(x);
    Mat<unsigned char> w = random_weight(n, cols);
    Mat<unsigned char> second = random_weight(n, cols);
    Mat<unsigned char> p = packed_of(w, cols, order);
    Mat<unsigned char> secondPacked = packed_of(second, cols, order);
    Mat<float> want = shared_product(w, s, rows, cols, n);
    Mat<float> out = poisoned(rows, n);
    dim3 grid((unsigned) ceil_div(n, 4 * quads(cols)), (unsigned) ceil_div(rows, 8));
    run(grid, 256, few_shared(cols, rows), order, [&] {
        few_packed(PASS(p), PASS(s.codes), PASS(s.scales), PASS(s.sums), rows, cols, n,
                NO_MATRIX, 0, PASS(out), n, 0);
    });
    check_same("few_packed " + shape, want.values, out.values);
    out = poisoned(rows, n);
    run(grid, 256, few_shared(cols, rows), order, [&] {
        product_few_packed(PASS(p), PASS(s.codes), PASS(s.scales), PASS(s.sums), rows, cols, n,
                PASS(out));
    });
    check_same("product_few_packed " + shape, want.values, out.values);
    // A residual, and columns of a wider result.
    Mat<float> wider = floats_of(rows, n + 5);
    Mat<float> sum = wider;
    for (int t = 0; t < rows; t++) {
        for (int i = 0; i < n; i++) {
            sum.at(t, i + 3) = std::fma(1.0f, want.at(t, i), sum.at(t, i + 3));
        }
    }
    run(grid, 256, few_shared(cols, rows), order, [&] {
        few_packed(PASS(p), PASS(s.codes), PASS(s.scales), PASS(s.sums), rows, cols, n,
                PASS(wider), 1, PASS(wider), n + 5, 3);
    });
    check_same("few_packed added " + shape, sum.values, wider.values);
    Mat<float> upped = shared_product(second, s, rows, cols, n);
    int kind = uniform(0, 2);
    Mat<float> gatedWant = shared_gated(kind, want, upped);
    grid.x = (unsigned) ceil_div(n, 2 * quads(cols));
    run(grid, 256, few_shared(cols, rows), order, [&] {
        few_packed_gated(PASS(p), PASS(secondPacked), PASS(s.codes), PASS(s.scales),
                PASS(s.sums), rows, cols, n, kind, PASS(out));
    });
    check_same("few_packed_gated " + shape, gatedWant.values, out.values);
}

template <class S, class Kernel> static void check_tiles(Kernel kernel, int rows, int cols, int n,
        int order) {
    Mat<float> x = floats_of(rows, cols);
    Staged s = stage(x);
    Mat<unsigned char> w = random_weight(n, cols);
    Mat<unsigned char> p = packed_of(w, cols, order);
    Mat<float> want = shared_product(w, s, rows, cols, n);
    Mat<float> out = poisoned(rows, n);
    run(dim3((unsigned) ceil_div(n, S::m), (unsigned) ceil_div(rows, S::n)), S::threads,
            4 * S::words * S::stages, order, [&] {
        kernel(PASS(p), PASS(s.codes), PASS(s.scales), PASS(s.sums), rows, cols, n, NO_MATRIX, 0,
                PASS(out), n, 0);
    });
    check_same(text("bytes %d x %d: [%d,%d] x [%d,%d]", S::m, S::n, rows, cols, n, cols),
            want.values, out.values);
}

static void check_embed(int vocab, int cols, int order) {
    Mat<unsigned char> w = random_weight(vocab, cols);
    Mat<unsigned char> p = packed_of(w, cols, order);
    Mat<int> ids(7, 1);
    for (int& id : ids.values) {
        id = uniform(0, vocab - 1);
    }
    Mat<float> want = poisoned(7, cols);
    Mat<float> out = poisoned(7, cols);
    run(ceil_div(7 * cols / 32, 64), 64, 0, 0, [&] {
        shared::embed_rows(PASS(w), PASS(ids), 1.3f, PASS(want), 7, cols);
    });
    run(ceil_div(7 * cols / 32, 256), 256, 0, order, [&] {
        embed_packed(PASS(p), vocab, PASS(ids), 1.3f, PASS(out), 7, cols);
    });
    check_same(text("embed_packed [%d,%d]", vocab, cols), want.values, out.values);
}

// Rows sorted by group, tiles of tileRows.
struct Groups {
    Mat<int> starts, tiles, order;
    Mat<wide> places;
    std::vector<Mat<unsigned char>> file, packed;
};

static Groups random_groups(int groups, int rows, int tileRows, int n, int cols, int order) {
    Groups g = {Mat<int>(1, groups + 1), Mat<int>(2, rows + groups), Mat<int>(1, rows),
        Mat<wide>(groups, 2), {}, {}};
    std::vector<int> ends;
    for (int i = 0; i < groups - 1; i++) {
        ends.push_back(uniform(0, rows));
    }
    ends.push_back(rows);
    std::sort(ends.begin(), ends.end());
    for (int i = 0; i < groups; i++) {
        g.starts.at(0, i + 1) = ends[(size_t) i];
        g.file.push_back(random_weight(n, cols));
        g.packed.push_back(packed_of(g.file.back(), cols, order));
        g.order.values[(size_t) 0] = 0;
    }
    for (int i = 0; i < rows; i++) {
        g.order.at(0, i) = i;
    }
    std::shuffle(g.order.values.begin(), g.order.values.end(), source);
    std::fill(g.tiles.values.begin(), g.tiles.values.end(), -1);
    int tile = 0;
    for (int i = 0; i < groups; i++) {
        for (int r = g.starts.at(0, i); r < g.starts.at(0, i + 1); r += tileRows) {
            g.tiles.at(0, tile) = i;
            g.tiles.at(1, tile++) = r;
        }
    }
    return g;
}

static void set_places(Groups& g, std::vector<Mat<unsigned char>>& weights) {
    for (int i = 0; i < (int) weights.size(); i++) {
        g.places.at(i, 0) = (wide) (uintptr_t) weights[(size_t) i].values.data();
        // One group in five has its weight in another buffer.
        g.places.at(i, 1) = i % 5 == 4 ? 1 : 0;
    }
}

static void check_grouped(int rows, int groups, int cols, int n, int order) {
    std::string shape = text("%d rows %d groups [%d,%d]", rows, groups, n, cols);
    Mat<float> x = floats_of(rows, cols);
    Staged s = stage(x);
    Groups g = random_groups(groups, rows, 4, n, cols, order);
    Mat<float> bias = floats_of(groups, n);
    Mat<float> bias2 = floats_of(groups, n);
    auto product = [&](std::vector<Mat<unsigned char>>& weights, Mat<float>& b, int mapped) {
        set_places(g, weights);
        Mat<float> out = poisoned(rows, n);
        run(dim3((unsigned) ceil_div(n, 4), (unsigned) g.tiles.cols), 64, 0, 0, [&] {
            shared::product_grouped_few(NO_MATRIX, 0, PASS(g.places), PASS(s.codes),
                    PASS(s.scales), PASS(s.sums), PASS(g.starts), PASS(g.tiles), g.tiles.cols,
                    cols, n, PASS(b), 1, PASS(g.order), mapped, PASS(out), n, 0);
        });
        return out;
    };
    Mat<float> want = product(g.file, bias, 1);
    set_places(g, g.packed);
    Mat<float> out = poisoned(rows, n);
    run(dim3((unsigned) ceil_div(n, 4 * quads(cols)), (unsigned) g.tiles.cols), 256,
            few_shared(cols, 4), order, [&] {
        few_packed_grouped(NO_MATRIX, 0, PASS(g.places), PASS(s.codes), PASS(s.scales),
                PASS(s.sums), PASS(g.starts), PASS(g.tiles), g.tiles.cols, 4, cols, n,
                PASS(bias), 1, PASS(g.order), 1, PASS(out), n, 0);
    });
    check_same("few_packed_grouped " + shape, want.values, out.values);
    out = poisoned(rows, n);
    run(dim3((unsigned) ceil_div(n, 4 * quads(cols)), (unsigned) g.tiles.cols), 256,
            few_shared(cols, 4), order, [&] {
        product_grouped_few_packed(NO_MATRIX, 0, PASS(g.places), PASS(s.codes), PASS(s.scales),
                PASS(s.sums), PASS(g.starts), PASS(g.tiles), g.tiles.cols, cols, n, PASS(bias),
                1, PASS(g.order), 1, PASS(out), n, 0);
    });
    check_same("product_grouped_few_packed " + shape, want.values, out.values);
    // Gate and up: the up weights are those of the next group.
    std::vector<Mat<unsigned char>> shifted = g.file;
    std::rotate(shifted.begin(), shifted.begin() + 1, shifted.end());
    Mat<float> gate = product(g.file, bias, 0);
    Mat<float> up = product(shifted, bias2, 0);
    Mat<float> gatedWant = poisoned(rows, n);
    Mat<float> both = shared_gated(1, gate, up);
    // Rows that no tile of this buffer has stay as they were.
    for (size_t i = 0; i < both.values.size(); i++) {
        gatedWant.values[i] = bits_of(gate.values[i]) == 0xFFFFFFFFu ? gate.values[i]
                : both.values[i];
    }
    std::vector<Mat<unsigned char>> packedShifted = g.packed;
    std::rotate(packedShifted.begin(), packedShifted.begin() + 1, packedShifted.end());
    set_places(g, packedShifted);
    Mat<wide> upPlaces = g.places;
    set_places(g, g.packed);
    Mat<float> gatedOut = poisoned(rows, n);
    run(dim3((unsigned) ceil_div(n, 2 * quads(cols)), (unsigned) g.tiles.cols), 256,
            few_shared(cols, 4), order, [&] {
        few_packed_grouped_gated(NO_MATRIX, 0, PASS(g.places), PASS(upPlaces), PASS(s.codes),
                PASS(s.scales), PASS(s.sums), PASS(g.starts), PASS(g.tiles), g.tiles.cols, 4,
                cols, n, PASS(bias), PASS(bias2), 1, 1, PASS(gatedOut));
    });
    check_same("few_packed_grouped_gated " + shape, gatedWant.values, gatedOut.values);
}

template <class S, class Kernel> static void check_grouped_tiles(Kernel kernel, int rows,
        int groups, int cols, int n, int order) {
    Mat<float> x = floats_of(rows, cols);
    Staged s = stage(x);
    Groups g = random_groups(groups, rows, S::n, n, cols, order);
    Groups few = g;
    few.tiles = Mat<int>(2, rows + groups);
    std::fill(few.tiles.values.begin(), few.tiles.values.end(), -1);
    int tile = 0;
    for (int i = 0; i < groups; i++) {
        for (int r = g.starts.at(0, i); r < g.starts.at(0, i + 1); r += 4) {
            few.tiles.at(0, tile) = i;
            few.tiles.at(1, tile++) = r;
        }
    }
    Mat<float> bias = floats_of(groups, n);
    Mat<float> want = poisoned(rows, n + 2);
    set_places(few, g.file);
    run(dim3((unsigned) ceil_div(n, 4), (unsigned) few.tiles.cols), 64, 0, 0, [&] {
        shared::product_grouped_few(NO_MATRIX, 0, PASS(few.places), PASS(s.codes),
                PASS(s.scales), PASS(s.sums), PASS(g.starts), PASS(few.tiles), few.tiles.cols,
                cols, n, PASS(bias), 1, PASS(g.order), 1, PASS(want), n + 2, 1);
    });
    set_places(g, g.packed);
    Mat<float> out = poisoned(rows, n + 2);
    run(dim3((unsigned) ceil_div(n, S::m), (unsigned) g.tiles.cols), S::threads,
            4 * S::words * S::stages, order, [&] {
        kernel(NO_MATRIX, 0, PASS(g.places), PASS(s.codes), PASS(s.scales), PASS(s.sums),
                PASS(g.starts), PASS(g.tiles), g.tiles.cols, cols, n, PASS(bias), 1,
                PASS(g.order), 1, PASS(out), n + 2, 1);
    });
    check_same(text("bytes grouped %d x %d: %d rows %d groups [%d,%d]", S::m, S::n, rows, groups,
            n, cols), want.values, out.values);
}

// The kernels with the shared kernels' arguments, and rows gathered in an order.
static void out_of_place(Mat<float>& x, Mat<float>& weight, Mat<float>& normed, Staged& want,
        int order) {
    int rows = x.rows;
    int cols = x.cols;
    std::string shape = text(" [%d,%d]", rows, cols);
    Mat<float> out = poisoned(rows, cols);
    run(rows, 256, 4 * (size_t) cols, order, [&] {
        rms_norm_wide(PASS(x), PASS(weight), 1e-6f, PASS(out), cols);
    });
    check_same("rms_norm_wide" + shape, normed.values, out.values);
    Staged got(rows, cols);
    run(ceil_div(rows * cols, 1024), 256, 0, order, [&] {
        quantise_rows_wide(PASS(out), cols, 0, NO_MATRIX, NO_MATRIX, 0, 0, 1, rows, cols,
                PASS(got.codes), PASS(got.scales), PASS(got.sums));
    });
    check_same("quantise_rows_wide codes" + shape, want.codes.values, got.codes.values);
    check_same("quantise_rows_wide scales" + shape, want.scales.values, got.scales.values);
    check_same("quantise_rows_wide sums" + shape, want.sums.values, got.sums.values);
    int pairs = 2 * rows;
    Mat<int> sorted(1, pairs), starts(1, 3);
    starts.at(0, 2) = pairs - 1;
    for (int i = 0; i < pairs; i++) {
        sorted.at(0, i) = pairs - 1 - i;
    }
    int width = cols - 32;
    Staged a(pairs, width), b(pairs, width);
    run(ceil_div(pairs * (width / 32), 64), 64, 0, 0, [&] {
        shared::quantise_rows(PASS(out), cols, 7, PASS(sorted), PASS(starts), 2, 1, 2, pairs,
                width, PASS(a.codes), PASS(a.scales), PASS(a.sums));
    });
    run(ceil_div(pairs * width, 1024), 256, 0, order, [&] {
        quantise_rows_wide(PASS(out), cols, 7, PASS(sorted), PASS(starts), 2, 1, 2, pairs, width,
                PASS(b.codes), PASS(b.scales), PASS(b.sums));
    });
    check_same("quantise_rows_wide ordered codes" + shape, a.codes.values, b.codes.values);
    check_same("quantise_rows_wide ordered scales" + shape, a.scales.values, b.scales.values);
    check_same("quantise_rows_wide ordered sums" + shape, a.sums.values, b.sums.values);
}

static void check_staging(int rows, int cols, int order) {
    Mat<float> x = floats_of(rows, cols, 3.0f);
    Mat<float> y = floats_of(rows, cols);
    Mat<float> weight = floats_of(1, cols);
    // A block of zeros and one of tiny numbers, whose scale is no normal half.
    for (int c = 0; c < 64; c++) {
        x.at(0, c % cols) = y.at(0, c % cols) = c < 32 ? 0.0f : 1e-9f * normal();
    }
    Mat<float> sum = x;
    Mat<float> normed = poisoned(rows, cols);
    run(ceil_div(rows * cols, 128), 128, 0, 0, [&] {
        shared::add_rows(PASS(sum), PASS(y), 0.7f, (long) rows * cols);
    });
    run(rows, 64, 0, 0, [&] {
        shared::rms_norm(PASS(sum), PASS(weight), 1e-6f, PASS(normed), cols);
    });
    Staged want = stage(normed);
    Staged got(rows, cols);
    Mat<float> kept = poisoned(rows, cols);
    run(rows, 256, 4 * (size_t) cols, order, [&] {
        stage_codes(PASS(x), PASS(y), 1, 0.7f, PASS(weight), 1, 1e-6f, PASS(kept), 1, cols,
                PASS(got.codes), PASS(got.scales), PASS(got.sums));
    });
    std::string shape = text(" [%d,%d]", rows, cols);
    check_same("stage_codes x" + shape, sum.values, x.values);
    check_same("stage_codes normed" + shape, normed.values, kept.values);
    check_same("stage_codes codes" + shape, want.codes.values, got.codes.values);
    check_same("stage_codes scales" + shape, want.scales.values, got.scales.values);
    check_same("stage_codes sums" + shape, want.sums.values, got.sums.values);
    out_of_place(sum, weight, normed, want, order);
    int kind = uniform(0, 2);
    Mat<float> gated = shared_gated(kind, x, y);
    want = stage(gated);
    run(rows, 256, 4 * (size_t) cols, order, [&] {
        stage_gated_codes(kind, PASS(x), PASS(y), cols, PASS(got.codes), PASS(got.scales),
                PASS(got.sums));
    });
    check_same("stage_gated_codes codes" + shape, want.codes.values, got.codes.values);
    check_same("stage_gated_codes scales" + shape, want.scales.values, got.scales.values);
    check_same("stage_gated_codes sums" + shape, want.sums.values, got.sums.values);
}

int main() {
    int order = 0;
    for (int rows : {1, 2, 3, 5, 8, 11}) {
        for (int cols : {256, 768, 2304}) {
            check_dense(rows, cols, uniform(1, 40), order++ % 3);
        }
    }
    check_dense(1, 8192 + 1024, 9, 2);
    check_dense(4, 4096, 17, 1);
    if (BLOCK == 32) {
        check_dense(2, 32, 5, 0);
        check_dense(3, 1120, 33, 1);
    }
    check_tiles<Small>(bytes_small, 9, 256, 21, 0);
    check_tiles<Small>(bytes_small, 33, 768, 16, 1);
    check_tiles<Small>(bytes_small, 32, 1280, 40, 2);
    check_tiles<Middle>(bytes_middle, 70, 768, 67, 1);
    check_tiles<Large>(bytes_large, 130, 512, 131, 2);
    check_tiles<Large>(bytes_large, 5, 256, 7, 1);
    check_grouped_tiles<Small>(bytes_grouped_small, 90, 5, 768, 19, 1);
    check_grouped_tiles<Middle>(bytes_grouped_middle, 130, 4, 256, 33, 2);
    check_grouped_tiles<Large>(bytes_grouped_large, 150, 3, 256, 20, 0);
    if (BLOCK == 32) {
        check_tiles<Small>(bytes_small, 12, 32, 18, 2);
        check_tiles<Middle>(bytes_middle, 40, 416, 30, 0);
    }
    check_embed(11, 512, 1);
    for (int rows : {1, 6, 23}) {
        check_grouped(rows, 7, 768, uniform(3, 20), order++ % 3);
    }
    check_grouped(9, 3, 2048, 5, 2);
    for (int cols : {64, 1120, 4096}) {
        check_staging(3, cols, order++ % 3);
    }
    printf("%d comparisons\n", passed);
    return 0;
}
