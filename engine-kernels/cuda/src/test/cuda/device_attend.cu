// Paged attention of decode on a device: the bits of the shared kernels, and the bytes of keys and
// values a second. Compiled once for each encoding of the cache.
#include "on_device.h"
#if defined(EMULATED)
#include "shared.h"
#else
namespace shared {
#include "dialect.h"
#endif
#include "encodings.h"
#include "attention.cl"
static long long encoded_bytes(int cols) { return (long long) ENCODED_BYTES(cols); }
#include "shared_end.h"
using shared::encoded_bytes;
#include "../../main/cuda/attend.cu"

static const int PAGE = 16;
static const int DIM = 128;

static unsigned char* ints_on_device(const int* values, size_t count) {
    unsigned char* at = device_room(4 * count);
    to_device(at, values, 4 * count);
    return at;
}

static void check(int sequences, int heads, int kvHeads, int length, double copyRate) {
    int pages = sequences * (length / PAGE);
    int words = (int) (PAGE * kvHeads * encoded_bytes(DIM) / 4);
    size_t cacheBytes = 4 * (size_t) pages * (size_t) words;
    unsigned char* cache[2];
    size_t slots = (size_t) pages * PAGE;
    auto* host = (int*) malloc(4 * slots);
    for (size_t i = 0; i < slots; i++) {
        host[i] = (int) i;
    }
    unsigned char* all = ints_on_device(host, slots);
    unsigned char* rows = random_floats(slots * (size_t) (kvHeads * DIM));
    long long units = (long long) slots * kvHeads * (DIM / STORED);
    for (auto& pool : cache) {
        pool = device_room(cacheBytes);
        LAUNCH(SHARED_KERNEL(store_rows), (int) ((units + 63) / 64), 1, 64, 0, ROOM(rows), DIM,
                ROOM(pool), words, PAGE, kvHeads, DIM, 0, ROOM(all), units);
    }
    // Pages in an order that no prefetcher guesses.
    for (int i = pages - 1; i > 0; i--) {
        int j = (int) (random_word() % (unsigned) (i + 1));
        int kept = host[i];
        host[i] = host[j];
        host[j] = kept;
    }
    unsigned char* table = ints_on_device(host, (size_t) pages);
    for (int i = 0; i < sequences; i++) {
        host[i] = length - 1 - i % PAGE;
        host[sequences + i] = i;
    }
    unsigned char* positions = ints_on_device(host, (size_t) sequences);
    unsigned char* owners = ints_on_device(host + sequences, (size_t) sequences);
    free(host);
    int groups = sequences * heads;
    int splits = ceil_div(length, SPLIT);
    unsigned char* q = random_floats((size_t) (groups * DIM));
    unsigned char* states = device_room(4 * (size_t) groups * (size_t) (splits * (DIM + 2)));
    size_t count = (size_t) (groups * DIM);
    unsigned char* want = device_room(4 * count);
    unsigned char* got = device_room(4 * count);
    int pageCols = length / PAGE;
#define SCENE_ARGUMENTS ROOM(q), ROOM(cache[0]), words, DIM, ROOM(cache[1]), words, DIM, DIM, \
        PAGE, kvHeads, heads, ROOM(positions), ROOM(owners), ROOM(table), pageCols, 0.088388f, 0.0f, 0
    LAUNCH(SHARED_KERNEL(attention_rows), groups, 1, 64, 0, SCENE_ARGUMENTS, ROOM(q), 0,
            ROOM(want));
    char what[200];
    double bytes = 2.0 * (double) sequences * length * kvHeads * (double) encoded_bytes(DIM);
    auto report = [&](const char* name, double s) {
        snprintf(what, sizeof(what), "%-20s %d x %d positions, %d/%d heads %8.1f us %6.0f GB/s = "
                "%3.0f %% of the copy", name, sequences, length, heads, kvHeads, s * 1e6,
                bytes / s / 1e9, 100 * bytes / s / copyRate);
        same(what, want, got, count);
    };
    size_t room = 4096 + 4 * 8 * (DIM + 334)
            + 2 * (size_t) SPLIT * (size_t) ROW_STRIDE(DIM);
    report("attention_splits8", seconds(10, [&](int) {
        LAUNCH(attention_splits8, sequences * kvHeads, splits, 256, room, SCENE_ARGUMENTS, splits,
                ROOM(states));
        LAUNCH(SHARED_KERNEL(attention_merge), groups, 1, 64, 0, ROOM(states), splits, DIM, heads,
                ROOM(positions), 0, ROOM(q), 0, ROOM(got));
    }));
    report("attention_rows8", seconds(10, [&](int) {
        LAUNCH(attention_rows8, sequences * kvHeads, 1, 256, room, SCENE_ARGUMENTS, ROOM(q), 0,
                ROOM(got));
    }));
}

int main() {
    double copyRate = copy_rate();
    if (TINY) {
        check(3, 8, 2, 320, copyRate);
        return 0;
    }
    check(1, 32, 8, 8192, copyRate);
    check(1, 32, 4, 32768, copyRate);
    check(32, 32, 8, 2048, copyRate);
    check(32, 32, 8, 8192, copyRate);
    return 0;
}
