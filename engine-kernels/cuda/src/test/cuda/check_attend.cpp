// Paged attention against the shared kernels: every result has the same bits. Compiled once for
// each encoding of the cache.
#include "checks.h"
#include "shared.h"
#include "encodings.h"
#include "attention.cl"
constexpr auto encoded_bytes = [](int cols) { return ENCODED_BYTES(cols); };
#include "shared_end.h"
#include "../../main/cuda/attend.cu"

struct Scene {
    int heads, kvHeads, keyDim, valueDim, pageSize, window;
    float softcap;
    bool sunk;
};

struct Rows {
    Mat<int> positions, sequences;
    explicit Rows(int rows) : positions(1, rows), sequences(1, rows) { }
};

// Pages of `sequences` sequences of `length` positions, in shuffled order.
struct Pages {
    Mat<int> keys, values, table;
    int keyWords, valueWords;
};

static int page_words(const Scene& s, int dim) {
    return (int) ((s.pageSize * s.kvHeads * shared::encoded_bytes(dim) + 3) / 4);
}

static Pages random_pages(const Scene& s, int sequences, int length) {
    int perSequence = ceil_div(length, s.pageSize);
    int pages = sequences * perSequence;
    Pages p = {Mat<int>(pages, page_words(s, s.keyDim)), Mat<int>(pages, page_words(s, s.valueDim)),
        Mat<int>(sequences, perSequence), page_words(s, s.keyDim), page_words(s, s.valueDim)};
    std::vector<int> numbers;
    for (int i = 0; i < pages; i++) {
        numbers.push_back(i);
    }
    std::shuffle(numbers.begin(), numbers.end(), source);
    p.table.values = numbers;
    int slots = pages * s.pageSize;
    Mat<int> all(slots, 1);
    for (int i = 0; i < slots; i++) {
        all.at(i, 0) = i;
    }
    auto store = [&](Mat<int>& to, int dim) {
        Mat<float> rows = floats_of(slots, s.kvHeads * dim);
        long units = (long) slots * s.kvHeads * (dim / STORED);
        run(ceil_div((int) units, 64), 64, 0, 0, [&] {
            shared::store_rows(PASS(rows), dim, PASS(to), to.cols, s.pageSize, s.kvHeads, dim, 0,
                    PASS(all), units);
        });
    };
    store(p.keys, s.keyDim);
    store(p.values, s.valueDim);
    return p;
}

static size_t attend_shared(const Scene& s, int queries, int apart) {
    size_t rooms = 2 * SPLIT * 8 + 4 * (size_t) queries * (size_t) (s.keyDim + SPLIT + NORM_LANES
            + ATTEND_THREADS / 32 + 4 + 2);
    size_t keys = (size_t) (SPLIT * ROW_STRIDE(s.keyDim));
    size_t values = (size_t) (SPLIT * ROW_STRIDE(s.valueDim));
    return rooms + (apart ? keys + values : std::max(keys, values));
}

template <class Walk, class Splits, class SharedWalk, class SharedSplits> static void check(
        Walk walk, Splits splits, SharedWalk sharedWalk, SharedSplits sharedSplits, int queries,
        const Scene& s, Rows& rows, Pages& p, int order) {
    int count = rows.positions.cols;
    int group = s.heads / s.kvHeads;
    Mat<float> q = floats_of(count * s.heads, s.keyDim);
    Mat<float> sinks = floats_of(1, s.heads);
    float scale = 1.0f / std::sqrt((float) s.keyDim);
    int tileQueries = group < queries ? queries / group * group : queries;
    int apart = order % 2 == 1 && attend_shared(s, queries, 1) <= 227 * 1024 ? 1 : 0;
    int groups = count * s.heads;
    dim3 grid((unsigned) (ceil_div(count * group, tileQueries) * s.kvHeads));
    std::string what = text(" %d queries: %d rows %d/%d heads of %d,%d window %d order %d",
            queries, count, s.heads, s.kvHeads, s.keyDim, s.valueDim, s.window, order);
    Mat<float> want = poisoned(groups, s.valueDim);
    Mat<float> out = poisoned(groups, s.valueDim);
    run(groups, 64, 0, 0, [&] {
        shared::attention_rows(PASS(q), PASS(p.keys), p.keyWords, s.keyDim, PASS(p.values),
                p.valueWords, s.valueDim, s.valueDim, s.pageSize, s.kvHeads, s.heads,
                PASS(rows.positions), PASS(rows.sequences), PASS(p.table), p.table.cols, scale,
                s.softcap, s.window, PASS(sinks), s.sunk, PASS(want));
    });
    run(grid, 256, attend_shared(s, queries, apart), order, [&] {
        walk(PASS(q), PASS(p.keys), p.keyWords, s.keyDim, PASS(p.values), p.valueWords,
                s.valueDim, s.valueDim, s.pageSize, s.kvHeads, s.heads, count, tileQueries, apart,
                PASS(rows.positions), PASS(rows.sequences), PASS(p.table), p.table.cols, scale,
                s.softcap, s.window, PASS(sinks), s.sunk, PASS(out));
    });
    check_same("attend_rows" + what, want.values, out.values);
    int splitCount = ceil_div(p.table.cols * s.pageSize, SPLIT);
    Mat<float> states = poisoned(groups, splitCount * (s.valueDim + 2));
    grid.y = (unsigned) splitCount;
    run(grid, 256, attend_shared(s, queries, apart), order, [&] {
        splits(PASS(q), PASS(p.keys), p.keyWords, s.keyDim, PASS(p.values), p.valueWords,
                s.valueDim, s.valueDim, s.pageSize, s.kvHeads, s.heads, count, tileQueries, apart,
                PASS(rows.positions), PASS(rows.sequences), PASS(p.table), p.table.cols, scale,
                s.softcap, s.window, splitCount, PASS(states));
    });
    out = poisoned(groups, s.valueDim);
    run(groups, 64, 0, 0, [&] {
        shared::attention_merge(PASS(states), splitCount, s.valueDim, s.heads,
                PASS(rows.positions), s.window, PASS(sinks), s.sunk, PASS(out));
    });
    check_same("attend_splits" + what, want.values, out.values);
    if (group > queries && group % queries != 0) {
        return;
    }
    size_t bytes = attend_shared(s, queries, 1);
    bytes = bytes <= APART_BYTES_MAX ? bytes : attend_shared(s, queries, 0);
    grid = dim3((unsigned) (count * s.kvHeads * (group < queries ? 1 : group / queries)));
    out = poisoned(groups, s.valueDim);
    run(grid, 256, bytes, order, [&] {
        sharedWalk(PASS(q), PASS(p.keys), p.keyWords, s.keyDim, PASS(p.values), p.valueWords,
                s.valueDim, s.valueDim, s.pageSize, s.kvHeads, s.heads, PASS(rows.positions),
                PASS(rows.sequences), PASS(p.table), p.table.cols, scale, s.softcap, s.window,
                PASS(sinks), s.sunk, PASS(out));
    });
    check_same("attention_rows" + what, want.values, out.values);
    int tileRows = group <= 16 ? 16 / group : 1;
    if (queries == 16 && group <= 16 && count % tileRows == 0) {
        grid = dim3((unsigned) (count / tileRows * s.kvHeads));
        out = poisoned(groups, s.valueDim);
        run(grid, 256, bytes, order, [&] {
            attention_many16(PASS(q), PASS(p.keys), p.keyWords, s.keyDim, PASS(p.values),
                    p.valueWords, s.valueDim, s.valueDim, s.pageSize, s.kvHeads, s.heads,
                    PASS(rows.positions), PASS(rows.sequences), PASS(p.table), p.table.cols,
                    scale, s.softcap, s.window, PASS(sinks), s.sunk, PASS(out));
        });
        check_same("attention_many16" + what, want.values, out.values);
        grid = dim3((unsigned) (count * s.kvHeads));
    }
    Mat<float> states2 = poisoned(groups, splitCount * (s.valueDim + 2));
    grid.y = (unsigned) splitCount;
    run(grid, 256, bytes, order, [&] {
        sharedSplits(PASS(q), PASS(p.keys), p.keyWords, s.keyDim, PASS(p.values), p.valueWords,
                s.valueDim, s.valueDim, s.pageSize, s.kvHeads, s.heads, PASS(rows.positions),
                PASS(rows.sequences), PASS(p.table), p.table.cols, scale, s.softcap, s.window,
                splitCount, PASS(states2));
    });
    out = poisoned(groups, s.valueDim);
    run(groups, 64, 0, 0, [&] {
        shared::attention_merge(PASS(states2), splitCount, s.valueDim, s.heads,
                PASS(rows.positions), s.window, PASS(sinks), s.sunk, PASS(out));
    });
    check_same("attention_splits" + what, want.values, out.values);
}

// The last position of sequence 1 holds an infinite value, which only the rows that see it may
// notice: nothing may be multiplied by zero instead of being left out.
static void spoil(const Scene& s, Pages& p, int length) {
#if !defined(ENCODING_Q8_0)
    int last = length - 1;
    auto* page = (unsigned short*) &p.values.at(p.table.at(1, last / s.pageSize), 0);
    for (int head = 0; head < s.kvHeads; head++) {
        page[(last % s.pageSize * s.kvHeads + head) * s.valueDim] =
#if defined(ENCODING_F16)
                0x7C00;
#else
                0x7F80;
#endif
    }
#endif
}

static void check_all(const Scene& s, Rows& rows, int sequences, int length, int order) {
    Pages p = random_pages(s, sequences, length);
    if (sequences == 2) {
        spoil(s, p, length);
    }
    check(attend_rows4, attend_splits4, attention_rows4, attention_splits4, 4, s,
            rows, p, order % 3);
    check(attend_rows8, attend_splits8, attention_rows8, attention_splits8, 8, s,
            rows, p, (order + 1) % 3);
    check(attend_rows16, attend_splits16, attention_rows16, attention_splits16, 16, s,
            rows, p, (order + 2) % 3);
}

// A row for each sequence, at any position.
static Rows decode(int count, int length) {
    Rows rows(count);
    for (int i = 0; i < count; i++) {
        rows.positions.at(0, i) = uniform(0, length - 1);
        rows.sequences.at(0, i) = i;
    }
    return rows;
}

// A run of positions of one sequence, then of another.
static Rows prefill(int first, int second, int length) {
    Rows rows(first + second);
    for (int i = 0; i < first + second; i++) {
        rows.sequences.at(0, i) = i < first ? 1 : 0;
        rows.positions.at(0, i) = i < first ? length - first + i : i - first + 250;
    }
    return rows;
}

int main() {
    Rows one = decode(1, 700);
    one.positions.at(0, 0) = 699;
    check_all({8, 2, 128, 128, 16, 0, 0.0f, false}, one, 1, 700, 0);
    Rows some = decode(5, 530);
    some.positions.at(0, 2) = 0;
    check_all({6, 2, 64, 128, 32, 0, 30.0f, true}, some, 5, 530, 1);
    check_all({16, 1, 64, 64, 16, 100, 0.0f, true}, some, 5, 530, 2);
    Rows run = prefill(9, 4, 520);
    check_all({4, 2, 64, 64, 16, 0, 0.0f, false}, run, 2, 520, 0);
    check_all({3, 3, 192, 128, 64, 37, 0.0f, true}, run, 2, 520, 1);
    check_all({2, 1, 256, 256, 16, 0, 0.0f, false}, run, 2, 520, 2);
    Rows many = prefill(9, 7, 520);
    check_all({4, 2, 64, 64, 16, 0, 0.0f, true}, many, 2, 520, 0);
    printf("%d comparisons\n", passed);
    return 0;
}
