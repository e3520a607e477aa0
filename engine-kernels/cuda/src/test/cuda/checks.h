// What the checks share: seeded inputs, matrices, and comparisons that end the program.
#pragma once
#include "emulator.h"
#include <cstdarg>
#include <string>

typedef std::vector<unsigned char> Bytes;

inline std::mt19937 source(12345);

inline int uniform(int from, int to) {
    return std::uniform_int_distribution<int>(from, to)(source);
}
inline float normal() { return std::normal_distribution<float>(0.0f, 1.0f)(source); }

// A matrix behind `offset` bytes that no kernel may touch, to catch a forgotten offset.
template <typename T> struct Mat {
    std::vector<T> values;
    int rows, cols;
    Mat(int rows, int cols) : values((size_t) rows * (size_t) cols), rows(rows), cols(cols) { }
    unsigned char* base() { return (unsigned char*) values.data() - 48; }
    T& at(int r, int c) { return values[(size_t) r * (size_t) cols + (size_t) c]; }
};
#define PASS(m) (m).base(), 48ull
#define NO_MATRIX ((unsigned char*) nullptr), 0ull

inline Mat<float> floats_of(int rows, int cols, float scale = 1.0f) {
    Mat<float> m(rows, cols);
    for (float& v : m.values) {
        v = scale * normal();
    }
    return m;
}
inline Mat<float> poisoned(int rows, int cols) {
    Mat<float> m(rows, cols);
    memset((void*) m.values.data(), 0xFF, m.values.size() * 4);
    return m;
}

inline std::string text(const char* format, ...) {
    char buffer[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(buffer, sizeof(buffer), format, arguments);
    va_end(arguments);
    return buffer;
}

inline int passed = 0;

template <typename T> inline void check_same(const std::string& what, const std::vector<T>& want,
        const std::vector<T>& got) {
    if (want.size() != got.size()) {
        printf("FAILED %s: %zu elements, expected %zu\n", what.c_str(), got.size(), want.size());
        exit(1);
    }
    for (size_t i = 0; i < want.size(); i++) {
        if (memcmp(&want[i], &got[i], sizeof(T)) != 0) {
            printf("FAILED %s: element %zu of %zu: expected %.9g, got %.9g\n", what.c_str(), i,
                    want.size(), (double) want[i], (double) got[i]);
            exit(1);
        }
    }
    passed++;
}

// |got - want| <= bound, element by element.
inline void check_near(const std::string& what, const std::vector<double>& want,
        const std::vector<double>& bound, const std::vector<float>& got) {
    for (size_t i = 0; i < want.size(); i++) {
        if (!(std::fabs((double) got[i] - want[i]) <= bound[i])) {
            printf("FAILED %s: element %zu: expected %.9g, got %.9g, bound %.3g\n", what.c_str(),
                    i, want[i], (double) got[i], bound[i]);
            exit(1);
        }
    }
    passed++;
}

inline void run(dim3 grid, unsigned threads, size_t shared, int order,
        const std::function<void()>& body) {
    emulated::launch(grid, dim3(threads), shared, order, body);
}

inline int ceil_div(int a, int b) { return (a + b - 1) / b; }
