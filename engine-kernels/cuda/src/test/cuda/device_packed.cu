// Packed products on a device: the bits of the shared kernels, and bytes or operations a second.
// Compiled once for each packed encoding.
#include "on_device.h"
#if defined(EMULATED)
#include "shared.h"
#else
namespace shared {
#include "dialect.h"
#endif
#include "encodings.h"
#include "tiles.h"
#include "products.cl"
#include "stage.cl"
static long long encoded_bytes(int cols) { return (long long) ENCODED_BYTES(cols); }
#include "shared_end.h"
using shared::encoded_bytes;
#include "../../main/cuda/repack.cu"
#include "../../main/cuda/few.cu"
#undef SUMS_NEEDED
#include "../../main/cuda/bytes.cu"

// Random codes with scales that are small numbers.
static void fill_weight(unsigned char* w, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        w[i] = (unsigned char) random_word();
    }
    size_t block = (size_t) encoded_bytes(256) / (encoded_bytes(256) == 8 * encoded_bytes(32)
            ? 8 : 1);
    for (size_t at = 0; at < bytes; at += block) {
        [[maybe_unused]] auto scale = (unsigned short) (0x1C00 + random_word() % 0x800);
#if defined(ENCODING_MXFP4)
        w[at] = (unsigned char) (118 + random_word() % 8);
#elif defined(ENCODING_Q6_K)
        memcpy(w + at + 208, &scale, 2);
#else
        memcpy(w + at, &scale, 2);
#if defined(ENCODING_Q4_K) || defined(ENCODING_Q5_K)
        memcpy(w + at + 2, &scale, 2);
#endif
#endif
    }
}

struct Product {
    int n, k, copies;
    size_t bytes;
    unsigned char* file;
    unsigned char* packed[64];
};

// Copies enough that no cache holds them.
static Product product_of(int n, int k) {
    Product p = {n, k, 1, (size_t) n * (size_t) encoded_bytes(k), nullptr, {}};
    while (!TINY && p.copies < 64 && p.bytes * (size_t) p.copies < (size_t) 400 << 20) {
        p.copies++;
    }
    auto* host = (unsigned char*) malloc(p.bytes);
    fill_weight(host, p.bytes);
    p.file = device_room(p.bytes);
    to_device(p.file, host, p.bytes);
    free(host);
    for (int i = 0; i < p.copies; i++) {
        p.packed[i] = device_room(p.bytes);
        LAUNCH(repack_weight, ceil_div(n * (k / 32), 256), 1, 256, 0, ROOM(p.file),
                ROOM(p.packed[i]), n, k);
    }
    return p;
}

static void check(const Product& p, int rows, double copyRate) {
    int a = p.k / 32 <= 32 ? 1 : p.k / 32 <= 64 ? 2 : p.k / 32 <= 128 ? 4 : 8;
    size_t few = (size_t) (32 / a) * (size_t) (rows < 8 ? rows : 8) * (size_t) (32 * a + 4) * 4
            * (p.k > 8192 ? 2 : 1);
    unsigned char* x = random_floats((size_t) rows * (size_t) p.k);
    unsigned char* codes = device_room((size_t) rows * (size_t) p.k);
    unsigned char* scales = device_room((size_t) rows * (size_t) p.k / 8);
    unsigned char* sums = device_room((size_t) rows * (size_t) p.k / 4);
    size_t count = (size_t) rows * (size_t) p.n;
    unsigned char* want = device_room(4 * count);
    unsigned char* got = device_room(4 * count);
    LAUNCH(SHARED_KERNEL(quantise_rows), ceil_div(rows * (p.k / 32), 64), 1, 64, 0, ROOM(x), p.k,
            0, ROOM(x), ROOM(x), 0, 0, 1, rows, p.k, ROOM(codes), ROOM(scales), ROOM(sums));
    LAUNCH(SHARED_KERNEL(product_tiles), ceil_div(p.n, 32), ceil_div(rows, 32), 64, 0,
            ROOM(p.file), ROOM(codes), ROOM(scales), ROOM(sums), rows, p.k, p.n, ROOM(want));
    char what[200];
#define TRY(kernel, gridX, gridY, threads, room) do { \
        auto once = [&](int i) { \
            LAUNCH(kernel, gridX, gridY, threads, room, ROOM(p.packed[i % p.copies]), \
                    ROOM(codes), ROOM(scales), ROOM(sums), rows, p.k, p.n, ROOM(got)); \
        }; \
        double s = seconds(p.copies, once); \
        double rate = (double) p.bytes / s; \
        snprintf(what, sizeof(what), "%-28s [%d,%d] x [%d,%d] %8.1f us %6.0f GB/s = %3.0f %% of " \
                "the copy, %6.1f TFLOP/s", #kernel, rows, p.k, p.n, p.k, s * 1e6, rate / 1e9, \
                100 * rate / copyRate, 2.0 * rows * p.k * (double) p.n / s / 1e12); \
        same(what, want, got, count); \
    } while (false)
    if (rows <= 16) {
        TRY(product_few_packed, ceil_div(p.n, 32 / a), ceil_div(rows, 8), 256, few);
    }
    if (rows > 8 && rows <= 256) {
        TRY(product_tiles_packed_small, ceil_div(p.n, Small::m), ceil_div(rows, Small::n),
                Small::threads, 4 * Small::words * Small::stages);
    }
    if (rows > 16) {
        TRY(product_tiles_packed_middle, ceil_div(p.n, Middle::m), ceil_div(rows, Middle::n),
                Middle::threads, 4 * Middle::words * Middle::stages);
        TRY(product_tiles_packed_large, ceil_div(p.n, Large::m), ceil_div(rows, Large::n),
                Large::threads, 4 * Large::words * Large::stages);
    }
}

int main() {
    double copyRate = copy_rate();
    int shapes[][2] = {{4096, 4096}, {14336, 4096}, {4096, 14336}, {768, 2048}};
    for (auto& shape : shapes) {
        Product p = TINY ? product_of(40, 256) : product_of(shape[0], shape[1]);
        int counts[] = {1, 2, 4, 8, 32, 64, 2048};
        for (int rows : counts) {
            check(p, TINY && rows > 32 ? 70 : rows, copyRate);
        }
    }
    return 0;
}
