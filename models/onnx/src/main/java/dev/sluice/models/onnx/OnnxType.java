package dev.sluice.models.onnx;

import java.util.Optional;

/// Element types of ONNX tensors (`TensorProto.DataType` of onnx.proto, ids in brackets).
enum OnnxType {
    FLOAT(1, 32), UINT8(2, 8), INT8(3, 8), UINT16(4, 16), INT16(5, 16), INT32(6, 32), INT64(7, 64),
    STRING(8, 0), BOOL(9, 8), FLOAT16(10, 16), DOUBLE(11, 64), UINT32(12, 32), UINT64(13, 64),
    BFLOAT16(16, 16), FLOAT8E4M3FN(17, 8), FLOAT8E5M2(19, 8), UINT4(21, 4), INT4(22, 4);

    private final int id;
    private final int bits;

    OnnxType(int id, int bits) {
        this.id = id;
        this.bits = bits;
    }

    int id() { return id; }

    /// Bytes of `elements`; four-bit elements are packed to whole bytes. A string has none.
    long bytes(long elements) {
        return (elements * bits + 7) / 8;
    }

    static Optional<OnnxType> of(int id) {
        for (OnnxType type : values()) {
            if (type.id == id) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}
