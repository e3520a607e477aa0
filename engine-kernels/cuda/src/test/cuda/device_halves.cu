// BF16 products of float rows on a device: every kernel and row count gives the same bits, near
// those of the shared kernels; bytes and operations a second. Compiled for PARTS 1 and 3.
#include "on_device.h"
#define ENCODING_BF16 1
#define FLOAT_X 1
#if defined(EMULATED)
#include "shared.h"
#else
namespace shared {
#include "dialect.h"
#endif
#include "encodings.h"
#include "tiles.h"
#include "products.cl"
#include "shared_end.h"
#include "../../main/cuda/halves.cu"

struct Product {
    int n, k, copies;
    size_t bytes;
    unsigned char* weight[64];
};

static Product product_of(int n, int k) {
    Product p = {n, k, 1, 2 * (size_t) n * (size_t) k, {}};
    while (!TINY && p.copies < 64 && p.bytes * (size_t) p.copies < (size_t) 400 << 20) {
        p.copies++;
    }
    auto* host = (unsigned short*) malloc(p.bytes);
    for (size_t i = 0; i < p.bytes / 2; i++) {
        float value = 0.1f * random_float();
        unsigned bits;
        memcpy(&bits, &value, 4);
        host[i] = (unsigned short) (bits >> 16);
    }
    for (int i = 0; i < p.copies; i++) {
        p.weight[i] = device_room(p.bytes);
        to_device(p.weight[i], host, p.bytes);
    }
    free(host);
    return p;
}

// The largest distance of two rooms, and the largest value.
static void distance(const unsigned char* want, const unsigned char* got, size_t count) {
    auto* a = (float*) malloc(4 * count);
    auto* b = (float*) malloc(4 * count);
    to_host(a, want, 4 * count);
    to_host(b, got, 4 * count);
    double most = 0;
    double size = 0;
    double squares = 0;
    double all = 0;
    for (size_t i = 0; i < count; i++) {
        double off = (double) a[i] - (double) b[i];
        most = off > most ? off : -off > most ? -off : most;
        size = a[i] > size ? (double) a[i] : size;
        squares += off * off;
        all += (double) a[i] * (double) a[i];
    }
    printf("against the shared kernel: off by %.3g at most of values up to %.3g, %.3g in norm\n",
            most, size, sqrt(squares / all));
    free(a);
    free(b);
}

static void check(const Product& p, unsigned char* x, unsigned char* first, int rows,
        double copyRate) {
    int chunks = ceil_div(p.k, CHUNK);
    int warps = chunks < 8 ? chunks : 8;
    size_t count = (size_t) rows * (size_t) p.n;
    unsigned char* want = device_room(4 * count);
    unsigned char* got = device_room(4 * count);
    LAUNCH(product_few_halves8, ceil_div(p.n, 16), ceil_div(rows, 8), 32 * warps, 512 * chunks,
            ROOM(p.weight[0]), ROOM(x), ROOM(x), ROOM(x), rows, p.k, p.n, ROOM(want));
    char what[200];
    snprintf(what, sizeof(what), "row 0 of %d rows and row 0 alone", rows);
    same(what, first, want, (size_t) p.n);
    if (rows == 8) {
        LAUNCH(SHARED_KERNEL(product_few), ceil_div(p.n, 4), ceil_div(rows, 4), 64, 0,
                ROOM(p.weight[0]), ROOM(x), ROOM(x), ROOM(x), rows, p.k, p.n, ROOM(got));
        distance(got, want, count);
    }
#define TRY(kernel, gridX, gridY, threads, room) do { \
        auto once = [&](int i) { \
            LAUNCH(kernel, gridX, gridY, threads, room, ROOM(p.weight[i % p.copies]), ROOM(x), \
                    ROOM(x), ROOM(x), rows, p.k, p.n, ROOM(got)); \
        }; \
        double s = seconds(p.copies, once); \
        double rate = (double) p.bytes / s; \
        snprintf(what, sizeof(what), "%-28s [%d,%d] x [%d,%d] %8.1f us %6.0f GB/s = %3.0f %% of " \
                "the copy, %6.1f TFLOP/s", #kernel, rows, p.k, p.n, p.k, s * 1e6, rate / 1e9, \
                100 * rate / copyRate, 2.0 * rows * p.k * (double) p.n / s / 1e12); \
        same(what, want, got, count); \
    } while (false)
    if (rows <= 8) {
        TRY(product_few_halves8, ceil_div(p.n, 16), 1, 32 * warps, 512 * chunks);
    }
    if (rows > 4 && rows <= 16) {
        TRY(product_few_halves16, ceil_div(p.n, 16), 1, 32 * warps, 1024 * chunks);
    }
    if (rows > 4 && rows <= 64) {
        TRY(product_few_halves32, ceil_div(p.n, 16), ceil_div(rows, 32), 32 * warps,
                2048 * chunks);
    }
    if (rows > 16) {
        TRY(product_tiles_halves_middle, ceil_div(p.n, Middle::m), ceil_div(rows, Middle::n),
                Middle::threads, 16 * Middle::pieces * Middle::stages);
        TRY(product_tiles_halves_large, ceil_div(p.n, Large::m), ceil_div(rows, Large::n),
                Large::threads, 16 * Large::pieces * Large::stages);
    }
}

int main() {
    double copyRate = copy_rate();
    int shapes[][2] = {{4096, 4096}, {14336, 4096}, {4096, 14336}, {768, 2048}};
    for (auto& shape : shapes) {
        Product p = TINY ? product_of(40, 520) : product_of(shape[0], shape[1]);
        unsigned char* x = random_floats((size_t) 2048 * (size_t) p.k);
        unsigned char* first = device_room(4 * (size_t) p.n);
        int chunks = ceil_div(p.k, CHUNK);
        LAUNCH(product_few_halves8, ceil_div(p.n, 16), 1, 32 * (chunks < 8 ? chunks : 8),
                512 * chunks, ROOM(p.weight[0]), ROOM(x), ROOM(x), ROOM(x), 1, p.k, p.n,
                ROOM(first));
        int counts[] = {1, 2, 4, 8, 32, 64, 2048};
        for (int rows : counts) {
            check(p, x, first, TINY && rows > 32 ? 70 : rows, copyRate);
        }
    }
    return 0;
}
