// A pretended NVIDIA driver for PretendDriverTest: the calls that the backend makes, over host
// memory, so that the real binding (JCuda and java.lang.foreign) runs on a machine without a GPU.
// Streams run at once. Of the kernels only scale_rows does anything, and with 13 elements it
// faults, as an illegal access would: every later call fails until the context is gone.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t address;

static int fault = 0;
static int users = 0;
static void* current = 0;
static int capturing = 0;
static float* recorded_at = 0;
static float recorded_factor = 0;
static address recorded_count = 0;

#define CALL(name) int name
#define CHECK if (fault) return fault
// The calls that need a context.
#define WITHIN CHECK; if (!current) return 201

CALL(cuInit)(unsigned flags) { return getenv("PRETEND_NO_DEVICE") ? 100 : 0; }
CALL(cuDriverGetVersion)(int* version) { *version = 12040; return 0; }
CALL(cuGetErrorName)(int code, const char** text) {
    *text = code == 700 ? "CUDA_ERROR_ILLEGAL_ADDRESS" : "CUDA_ERROR_OTHER";
    return 0;
}
CALL(cuGetErrorString)(int code, const char** text) {
    *text = code == 700 ? "an illegal memory access was encountered" : "another error";
    return 0;
}
CALL(cuDeviceGetCount)(int* count) { *count = 2; return 0; }
CALL(cuDeviceGet)(int* device, int index) { *device = index; return index < 2 ? 0 : 101; }
CALL(cuDeviceGetName)(char* name, int length, int device) {
    strncpy(name, device ? "Pretended second" : "Pretended first", length);
    return 0;
}
CALL(cuDeviceTotalMem_v2)(size_t* bytes, int device) { *bytes = 3ull << 30; return 0; }
CALL(cuDeviceGetAttribute)(int* value, int which, int device) {
    *value = which == 75 ? 8 : which == 76 ? 6 : which == 16 ? 84 : -1;
    return 0;
}
CALL(cuDevicePrimaryCtxRetain)(void** context, int device) {
    CHECK;
    users++;
    *context = (void*) (uintptr_t) (0x1000 + device);
    return 0;
}
CALL(cuDevicePrimaryCtxRelease_v2)(int device) {
    if (--users == 0) {
        fault = 0;
        current = 0;
    }
    return 0;
}
CALL(cuCtxSetCurrent)(void* context) { CHECK; current = context; return 0; }

CALL(cuMemGetInfo_v2)(size_t* left, size_t* total) {
    WITHIN;
    *left = 1ull << 30;
    *total = 3ull << 30;
    return 0;
}
CALL(cuMemAlloc_v2)(address* made, size_t bytes) {
    WITHIN;
    if (bytes > 100u << 20) {
        return 2;
    }
    void* memory = malloc(bytes);
    memset(memory, 0xFF, bytes);
    *made = (address) (uintptr_t) memory;
    return 0;
}
CALL(cuMemFree_v2)(address memory) { WITHIN; free((void*) (uintptr_t) memory); return 0; }
CALL(cuMemHostAlloc)(void** made, size_t bytes, unsigned flags) {
    WITHIN;
    *made = malloc(bytes);
    return flags == 1 ? 0 : 1;
}
CALL(cuMemFreeHost)(void* memory) { WITHIN; free(memory); return 0; }
CALL(cuMemcpyHtoDAsync_v2)(address to, const void* from, size_t bytes, void* stream) {
    WITHIN;
    memcpy((void*) (uintptr_t) to, from, bytes);
    return stream ? 0 : 1;
}
CALL(cuMemcpyDtoHAsync_v2)(void* to, address from, size_t bytes, void* stream) {
    WITHIN;
    memcpy(to, (void*) (uintptr_t) from, bytes);
    return stream ? 0 : 1;
}
CALL(cuMemcpyDtoDAsync_v2)(address to, address from, size_t bytes, void* stream) {
    WITHIN;
    memcpy((void*) (uintptr_t) to, (void*) (uintptr_t) from, bytes);
    return stream ? 0 : 1;
}
CALL(cuMemsetD8Async)(address to, unsigned char value, size_t bytes, void* stream) {
    WITHIN;
    memset((void*) (uintptr_t) to, value, bytes);
    return stream ? 0 : 1;
}

static int handle(void** made) { *made = malloc(8); return 0; }

CALL(cuStreamCreate)(void** made, unsigned flags) { WITHIN; return flags == 1 ? handle(made) : 1; }
CALL(cuStreamDestroy_v2)(void* stream) { WITHIN; free(stream); return 0; }
CALL(cuStreamSynchronize)(void* stream) { WITHIN; return stream ? 0 : 1; }
CALL(cuStreamWaitEvent)(void* stream, void* event, unsigned flags) {
    WITHIN;
    return stream && event ? 0 : 1;
}
CALL(cuEventCreate)(void** made, unsigned flags) { WITHIN; return flags == 2 ? handle(made) : 1; }
CALL(cuEventDestroy_v2)(void* event) { WITHIN; free(event); return 0; }
CALL(cuEventRecord)(void* event, void* stream) { WITHIN; return stream && event ? 0 : 1; }
CALL(cuEventSynchronize)(void* event) { WITHIN; return event ? 0 : 1; }

CALL(cuModuleLoadData)(void** made, const char* image) {
    WITHIN;
    size_t length = strlen(image);
    return strncmp(image, "//", 2) == 0 && image[length - 1] == '\n' ? handle(made) : 218;
}
CALL(cuModuleUnload)(void* module) { WITHIN; free(module); return 0; }
CALL(cuModuleGetFunction)(void** function, void* module, const char* name) {
    WITHIN;
    *function = strdup(name);
    return module ? 0 : 1;
}

static void scale(float* x, float factor, address count) {
    for (address i = 0; i < count; i++) {
        x[i] *= factor;
    }
}

CALL(cuLaunchKernel)(const char* function, unsigned gridX, unsigned gridY, unsigned gridZ,
        unsigned blockX, unsigned blockY, unsigned blockZ, unsigned shared, void* stream,
        void** parameters, void** extra) {
    WITHIN;
    if (!gridX || !gridY || gridZ != 1 || !blockX || blockX > 1024 || blockY != 1 || blockZ != 1
            || shared || !stream || extra) {
        return 1;
    }
    if (strcmp(function, "scale_rows") == 0) {
        float* x = (float*) (uintptr_t) (*(address*) parameters[0] + *(address*) parameters[1]);
        float factor = *(float*) parameters[2];
        address count = *(address*) parameters[3];
        if (count == 13) {
            return fault = 700;
        }
        if (capturing) {
            recorded_at = x;
            recorded_factor = factor;
            recorded_count = count;
        } else {
            scale(x, factor, count);
        }
    }
    return 0;
}

CALL(cuStreamBeginCapture_v2)(void* stream, int mode) {
    WITHIN;
    capturing = 1;
    return mode == 1 ? 0 : 1;
}
CALL(cuStreamEndCapture)(void* stream, void** graph) {
    WITHIN;
    capturing = 0;
    return handle(graph);
}
CALL(cuGraphInstantiateWithFlags)(void** made, void* graph, unsigned long long flags) {
    WITHIN;
    return flags == 0 ? handle(made) : 1;
}
CALL(cuGraphDestroy)(void* graph) { WITHIN; free(graph); return 0; }
CALL(cuGraphLaunch)(void* graph, void* stream) {
    WITHIN;
    scale(recorded_at, recorded_factor, recorded_count);
    return 0;
}
CALL(cuGraphExecDestroy)(void* graph) { WITHIN; free(graph); return 0; }
