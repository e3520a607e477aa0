package dev.sluice.models.family;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.MalformedModelException;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.file.FileTensor;
import dev.sluice.models.file.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Tensors that transformers stores in an order which no view can give, rewritten once at load.
/// Stateless.
final class Repacked {
    /// Which rows of an expert: gpt-oss interleaves gate (even) and up (odd).
    enum Rows { ALL, EVEN, ODD }

    private static final int TILE = 128;
    private static final int MX_BLOCK = 32;

    private Repacked() { }

    /// DeepSeek-V3's FP8: bytes [N,K] and float32 scales [ceil(N/128), ceil(K/128)], as rows of
    /// blocks that carry their tile's scale.
    static Matrix fp8(FileTensor weight, FileTensor scales, Arena arena) {
        if (weight.elements() == 0) {
            throw new MalformedModelException(weight.file(), weight.byteOffset(),
                    "tensor %s %s has no elements".formatted(weight.name(), weight.shape()));
        }
        requireType(scales, TensorType.F32);
        int cols = (int) weight.dim(0);
        int rows = (int) (weight.elements() / cols);
        int tileCols = Math.ceilDiv(cols, TILE);
        if (cols % TILE != 0) {
            throw new UnsupportedModelException(
                    "tensor %s: FP8 rows of %d are not whole tiles of %d"
                    .formatted(weight.name(), cols, TILE));
        }
        if (scales.dim(0) != tileCols || scales.dim(1) != Math.ceilDiv(rows, TILE)) {
            throw new MalformedModelException(scales.file(), scales.byteOffset(),
                    "tensor %s %s does not fit weights [%d,%d]"
                            .formatted(scales.name(), scales.shape(), rows, cols));
        }
        long rowBytes = DType.F8_E4M3.rowBytes(cols);
        MemorySegment out = arena.allocate(rows * rowBytes, 64);
        for (int r = 0; r < rows; r++) {
            for (int tile = 0; tile < tileCols; tile++) {
                long at = r * rowBytes + (long) tile * DType.F8_E4M3.blockBytes();
                float scale = scales.memory().get(JAVA_FLOAT_UNALIGNED,
                        scales.byteOffset() + 4L * ((long) (r / TILE) * tileCols + tile));
                out.set(JAVA_FLOAT_UNALIGNED, at, scale);
                MemorySegment.copy(weight.memory(), weight.byteOffset() + (long) r * cols
                        + (long) tile * TILE, out, at + Float.BYTES, TILE);
            }
        }
        return Matrix.of(DType.F8_E4M3, rows, cols, out, 0);
    }

    /// gpt-oss MXFP4: blocks u8 [E,N,K/32,16] with neighbours in one byte, scales u8 [E,N,K/32], as
    /// one matrix per expert of 17-byte blocks with element j beside j + 16.
    static List<Matrix> mxfp4(FileTensor blocks, FileTensor scales, Rows rows, Arena arena) {
        requireType(blocks, TensorType.U8);
        requireType(scales, TensorType.U8);
        int perRow = (int) blocks.dim(1);
        int stored = (int) blocks.dim(2);
        int experts = (int) blocks.dim(3);
        if (blocks.rank() != 4 || blocks.dim(0) != 16 || scales.dim(0) != perRow
                || scales.dim(1) != stored || scales.dim(2) != experts) {
            throw new MalformedModelException(blocks.file(), blocks.byteOffset(),
                    "tensor %s %s and its scales %s are not MXFP4 experts"
                            .formatted(blocks.name(), blocks.shape(), scales.shape()));
        }
        var out = new ArrayList<Matrix>(experts);
        int kept = rows == Rows.ALL ? stored : stored / 2;
        for (int e = 0; e < experts; e++) {
            MemorySegment to = arena.allocate(
                    (long) kept * perRow * DType.MXFP4.blockBytes(), 64);
            for (int r = 0; r < kept; r++) {
                long from = ((long) e * stored + sourceRow(rows, r)) * perRow;
                for (int b = 0; b < perRow; b++) {
                    mxfp4Block(blocks, scales, from + b, to,
                            ((long) r * perRow + b) * DType.MXFP4.blockBytes());
                }
            }
            out.add(Matrix.of(DType.MXFP4, kept, perRow * MX_BLOCK, to, 0));
        }
        return out;
    }

    private static void mxfp4Block(FileTensor blocks, FileTensor scales, long index,
            MemorySegment to, long at) {
        to.set(JAVA_BYTE, at, scales.memory().get(JAVA_BYTE, scales.byteOffset() + index));
        long from = blocks.byteOffset() + index * 16;
        for (int j = 0; j < 16; j++) {
            int low = nibble(blocks.memory(), from, j);
            int high = nibble(blocks.memory(), from, j + 16);
            to.set(JAVA_BYTE, at + 1 + j, (byte) (low | high << 4));
        }
    }

    private static int nibble(MemorySegment memory, long from, int element) {
        return memory.get(JAVA_BYTE, from + element / 2) >> 4 * (element % 2) & 15;
    }

    /// Experts [E,K,N] (in by out, as gpt-oss stores unquantised ones) as one [N,K] per expert.
    static List<Matrix> transposedExperts(FileTensor tensor, Rows rows, Arena arena) {
        Matrix all = tensor.matrix();
        int stored = (int) tensor.dim(0);
        int inner = (int) tensor.dim(1);
        int experts = (int) tensor.dim(2);
        int elementBytes = all.dtype().blockBytes();
        int kept = rows == Rows.ALL ? stored : stored / 2;
        var out = new ArrayList<Matrix>(experts);
        for (int e = 0; e < experts; e++) {
            MemorySegment to = arena.allocate((long) kept * inner * elementBytes, 64);
            long base = all.byteOffset() + (long) e * inner * stored * elementBytes;
            for (int r = 0; r < kept; r++) {
                for (int k = 0; k < inner; k++) {
                    MemorySegment.copy(all.memory(),
                            base + ((long) k * stored + sourceRow(rows, r)) * elementBytes,
                            to, ((long) r * inner + k) * elementBytes, elementBytes);
                }
            }
            out.add(Matrix.of(all.dtype(), kept, inner, to, 0));
        }
        return out;
    }

    /// Bytes of another type would be read as numbers they are not, or past the tensor's end.
    private static void requireType(FileTensor tensor, TensorType type) {
        if (tensor.type() != type) {
            throw new MalformedModelException(tensor.file(), tensor.byteOffset(),
                    "tensor %s has type %s, must be %s"
                            .formatted(tensor.name(), tensor.type(), type));
        }
    }

    private static int sourceRow(Rows rows, int row) {
        return switch (rows) {
            case ALL -> row;
            case EVEN -> 2 * row;
            case ODD -> 2 * row + 1;
        };
    }
}
