// What the programs share that check and time the fast kernels on a GPU, beside the shared ones.
// Compiled by nvcc they run on the device; compiled by g++ with EMULATED, on the emulator with tiny
// shapes, so that the programs themselves are known to work before a GPU is at hand.
#pragma once

#if defined(EMULATED)
#include "emulator.h"
#include <chrono>
#else
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cuda_runtime.h>
#endif

#if !defined(EMULATED)
inline void must(cudaError_t status, const char* what) {
    if (status != cudaSuccess) {
        printf("FAILED %s: %s\n", what, cudaGetErrorString(status));
        exit(1);
    }
}
inline unsigned char* device_room(size_t bytes) {
    void* at;
    must(cudaMalloc(&at, bytes), "cudaMalloc");
    must(cudaMemset(at, 0xFF, bytes), "cudaMemset");
    return (unsigned char*) at;
}
inline void to_device(void* to, const void* from, size_t bytes) {
    must(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice), "copy to the device");
}
inline void to_host(void* to, const void* from, size_t bytes) {
    must(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost), "copy from the device");
}
inline void copy_on_device(void* to, const void* from, size_t bytes) {
    must(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice), "copy on the device");
}
#define LAUNCH(kernel, gridX, gridY, threads, shared, ...) do { \
        must(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, \
                (int) (shared)), #kernel " shared memory"); \
        kernel<<<dim3((unsigned) (gridX), (unsigned) (gridY)), (unsigned) (threads), \
                (size_t) (shared)>>>(__VA_ARGS__); \
        must(cudaGetLastError(), #kernel); \
    } while (false)
static const bool TINY = false;
#else
inline unsigned char* device_room(size_t bytes) {
    auto* at = (unsigned char*) aligned_alloc(256, (bytes + 255) / 256 * 256);
    memset(at, 0xFF, bytes);
    return at;
}
inline void to_device(void* to, const void* from, size_t bytes) { memcpy(to, from, bytes); }
inline void to_host(void* to, const void* from, size_t bytes) { memcpy(to, from, bytes); }
inline void copy_on_device(void* to, const void* from, size_t bytes) { memcpy(to, from, bytes); }
#define LAUNCH(kernel, gridX, gridY, threads, shared, ...) \
    emulated::launch(dim3((unsigned) (gridX), (unsigned) (gridY)), dim3((unsigned) (threads)), \
            (size_t) (shared), 0, [&] { kernel(__VA_ARGS__); })
static const bool TINY = true;
#endif

#define SHARED_KERNEL(name) shared::name
#define ROOM(at) (at), 0ull

inline int ceil_div(int a, int b) { return (a + b - 1) / b; }

inline unsigned random_word() {
    static unsigned long long state = 88172645463325252ull;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned) (state >> 16);
}
inline float random_float() { return (float) (int) random_word() / 2147483648.0f; }

inline unsigned char* random_floats(size_t count) {
    auto* host = (float*) malloc(4 * count);
    for (size_t i = 0; i < count; i++) {
        host[i] = random_float() + random_float();
    }
    unsigned char* device = device_room(4 * count);
    to_device(device, host, 4 * count);
    free(host);
    return device;
}

// Ends the program where two rooms of floats differ in a bit.
inline void same(const char* what, const unsigned char* want, const unsigned char* got,
        size_t count) {
    auto* a = (unsigned*) malloc(4 * count);
    auto* b = (unsigned*) malloc(4 * count);
    to_host(a, want, 4 * count);
    to_host(b, got, 4 * count);
    size_t wrong = 0;
    size_t first = 0;
    for (size_t i = 0; i < count; i++) {
        first = a[i] != b[i] && wrong == 0 ? i : first;
        wrong += a[i] != b[i];
    }
    if (wrong > 0) {
        float x, y;
        memcpy(&x, &a[first], 4);
        memcpy(&y, &b[first], 4);
        printf("DIFFERENT %s: %zu of %zu, first at %zu: expected %.9g, got %.9g\n", what, wrong,
                count, first, (double) x, (double) y);
    } else {
        printf("same bits %s\n", what);
    }
    free(a);
    free(b);
}

// Seconds of one call, which queues work: the least of five rounds of `times` calls.
template <class Work> inline double seconds(int times, Work work) {
    double best = 1e9;
    for (int round = 0; round < (TINY ? 1 : 6); round++) {
#if defined(EMULATED)
        auto start = std::chrono::steady_clock::now();
        work(0);
        best = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
#else
        cudaEvent_t start, end;
        must(cudaEventCreate(&start), "event");
        must(cudaEventCreate(&end), "event");
        must(cudaEventRecord(start), "event");
        for (int i = 0; i < times; i++) {
            work(i);
        }
        must(cudaEventRecord(end), "event");
        must(cudaEventSynchronize(end), "running");
        float milliseconds;
        must(cudaEventElapsedTime(&milliseconds, start, end), "event");
        best = round > 0 && milliseconds / 1e3 / times < best ? milliseconds / 1e3 / times : best;
        must(cudaEventDestroy(start), "event");
        must(cudaEventDestroy(end), "event");
#endif
    }
    return best;
}

// Bytes read plus written a second by a copy on the device.
inline double copy_rate() {
    size_t bytes = TINY ? 1 << 20 : (size_t) 2 << 30;
    unsigned char* from = device_room(bytes);
    unsigned char* to = device_room(bytes);
    double rate = 2.0 * (double) bytes / seconds(4, [&](int) { copy_on_device(to, from, bytes); });
    printf("copy of %zu MiB: %.0f GB/s\n", bytes >> 20, rate / 1e9);
#if !defined(EMULATED)
    must(cudaFree(from), "free");
    must(cudaFree(to), "free");
#endif
    return rate;
}
