package dev.sluice.kernels.cuda;

import dev.sluice.kernels.DeviceException;
import jcuda.driver.JCudaDriver;

/// Status codes of driver calls.
final class CudaStatus {
    static final int SUCCESS = 0;
    static final int OUT_OF_MEMORY = 2;
    static final int NO_DEVICE = 100;

    private CudaStatus() { }

    /// Throws unless `code` is success.
    static void require(int code, String call) {
        if (code != SUCCESS) {
            throw failure(code, call);
        }
    }

    /// With the size that was asked for.
    static void require(int code, String call, long bytes) {
        if (code != SUCCESS) {
            throw failure(code, "%s of %,d bytes".formatted(call, bytes));
        }
    }

    static DeviceException failure(int code, String call) {
        var name = new String[1];
        var text = new String[1];
        JCudaDriver.cuGetErrorName(code, name);
        JCudaDriver.cuGetErrorString(code, text);
        return failure(code, call, String.valueOf(name[0]), String.valueOf(text[0]));
    }

    static DeviceException failure(int code, String call, String name, String text) {
        return new DeviceException(
                "CUDA: %s failed with %d (%s: %s)".formatted(call, code, name, text));
    }
}
