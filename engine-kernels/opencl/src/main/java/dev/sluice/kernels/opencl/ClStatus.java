package dev.sluice.kernels.opencl;

import dev.sluice.kernels.DeviceException;

/// Status codes of OpenCL calls.
final class ClStatus {
    static final int SUCCESS = 0;

    private ClStatus() { }

    /// Throws unless `code` is success.
    ///
    /// @param what  the call and what was asked of it
    static void require(int code, String what) {
        if (code != SUCCESS) {
            throw failure(code, what);
        }
    }

    static DeviceException failure(int code, String what) {
        return new DeviceException("OpenCL: %s failed with %d (%s)".formatted(what, code,
                name(code)));
    }

    /// The names that callers meet; OpenCL 1.2, appendix A, has all.
    static String name(int code) {
        return switch (code) {
            case -1 -> "device not found";
            case -2 -> "device not available";
            case -3 -> "compiler not available";
            case -4 -> "memory object allocation failure";
            case -5 -> "out of resources";
            case -6 -> "out of host memory";
            case -11 -> "build program failure";
            case -14 -> "execution status error in a wait list";
            case -30 -> "invalid value";
            case -34 -> "invalid context";
            case -36 -> "invalid command queue";
            case -38 -> "invalid memory object";
            case -42 -> "invalid binary";
            case -45 -> "invalid program executable";
            case -46 -> "invalid kernel name";
            case -48 -> "invalid kernel";
            case -49 -> "invalid argument index";
            case -51 -> "invalid argument size";
            case -52 -> "invalid kernel arguments";
            case -54 -> "invalid work group size";
            case -61 -> "invalid buffer size";
            case -1001 -> "no platform: no driver is registered with the loader";
            default -> "see the OpenCL specification";
        };
    }
}
