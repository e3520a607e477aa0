package dev.sluice.bridge.cli;

import dev.sluice.kernels.DType;

/// How keys and values may be stored, as `--kv-type` names it.
enum KvType {
    F32(DType.F32), F16(DType.F16), BF16(DType.BF16), Q8_0(DType.Q8_0);

    private final DType dtype;

    KvType(DType dtype) {
        this.dtype = dtype;
    }

    DType dtype() { return dtype; }
}
