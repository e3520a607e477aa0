package dev.sluice.models.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;

/// Tensors that are views of native memory, never copies. Stateless.
final class Tensors {
    private Tensors() { }

    /// A view of `memory`, which must be native, outlive the tensor, and have exactly the shape's
    /// bytes, at most 2^31 - 1.
    static OnnxTensor view(MemorySegment memory, OnnxType type, long... shape) {
        try {
            return OnnxTensor.createTensor(OnnxRuntime.environment(),
                    memory.asByteBuffer().order(ByteOrder.nativeOrder()), shape, javaType(type));
        } catch (OrtException e) {
            throw new GraphRunException("a tensor %s%s of %d bytes: %s".formatted(type,
                    java.util.Arrays.toString(shape), memory.byteSize(), e.getMessage()), e);
        }
    }

    private static OnnxJavaType javaType(OnnxType type) {
        return switch (type) {
            case FLOAT -> OnnxJavaType.FLOAT;
            case FLOAT16 -> OnnxJavaType.FLOAT16;
            case BFLOAT16 -> OnnxJavaType.BFLOAT16;
            case DOUBLE -> OnnxJavaType.DOUBLE;
            case INT8 -> OnnxJavaType.INT8;
            case INT16 -> OnnxJavaType.INT16;
            case INT32 -> OnnxJavaType.INT32;
            case INT64 -> OnnxJavaType.INT64;
            case BOOL -> OnnxJavaType.BOOL;
            case UINT8 -> OnnxJavaType.UINT8;
            case UINT16, UINT32, UINT64, STRING, FLOAT8E4M3FN, FLOAT8E5M2, UINT4, INT4 ->
                    throw new IllegalArgumentException("no tensor of " + type + " is made here");
        };
    }
}
