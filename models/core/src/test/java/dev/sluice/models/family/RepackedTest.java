package dev.sluice.models.family;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Dequantiser;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.MalformedModelException;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.family.Repacked.Rows;
import dev.sluice.models.file.FileTensor;
import dev.sluice.models.file.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Goal: rewritten tensors hold the numbers that the stored ones mean.
///
/// Method: random codes and scales are written as transformers stores them, repacked, decoded by
/// [Dequantiser] and compared, element by element, with their definition worked out here. Every
/// tensor starts at an odd byte of its file.
class RepackedTest {
    private static final int OFFSET = 3;
    private static final int TILE = 128;
    /// OCP microscaling formats 1.0, table of E2M1.
    private static final float[] E2M1 = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};

    // ---- FP8 ----------------------------------------------------------------------------

    @Test
    void fp8IsValueTimesTheScaleOfItsTile() {
        int rows = 200;
        int cols = 384;
        byte[] codes = fp8Codes(rows * cols);
        float[] scales = scales(2 * 3);
        try (var arena = Arena.ofConfined()) {
            Matrix m = Repacked.fp8(tensor(TensorType.F8_E4M3, codes, cols, rows),
                    floats(scales, 3, 2), arena);
            assertEquals(DType.F8_E4M3, m.dtype());
            assertEquals(rows, m.rows());
            assertEquals(cols, m.cols());
            var row = new float[cols];
            for (int r = 0; r < rows; r++) {
                Dequantiser.row(m, r, row);
                for (int c = 0; c < cols; c++) {
                    float scale = scales[r / TILE * 3 + c / TILE];
                    assertEquals(e4m3(codes[r * cols + c]) * scale, row[c],
                            "element [%d,%d]".formatted(r, c));
                }
            }
        }
    }

    @Test
    void fp8RowsOfBrokenTilesAreRefused() {
        try (var arena = Arena.ofConfined()) {
            FileTensor weight = tensor(TensorType.F8_E4M3, new byte[4 * 192], 192, 4);
            var refused = assertThrows(UnsupportedModelException.class,
                    () -> Repacked.fp8(weight, floats(scales(2), 2, 1), arena));
            assertTrue(refused.getMessage().contains("192"), refused.getMessage());
        }
    }

    @Test
    void fp8ScalesOfAnotherShapeAreRefused() {
        try (var arena = Arena.ofConfined()) {
            FileTensor weight = tensor(TensorType.F8_E4M3, new byte[200 * 256], 256, 200);
            for (long[] dims : new long[][] {{1, 2}, {2, 1}, {2, 3}, {3, 2}, {4}}) {
                int count = (int) (dims[0] * (dims.length > 1 ? dims[1] : 1));
                assertThrows(MalformedModelException.class,
                        () -> Repacked.fp8(weight, floats(scales(count), dims), arena));
            }
        }
    }

    /// Scales that are not float32 must not be read as such.
    @Test
    void fp8ScalesOfAnotherTypeAreRefused() {
        try (var arena = Arena.ofConfined()) {
            FileTensor weight = tensor(TensorType.F8_E4M3, new byte[128 * 128], 128, 128);
            FileTensor scales = tensor(TensorType.BF16, new byte[2], 1, 1);
            assertThrows(MalformedModelException.class,
                    () -> Repacked.fp8(weight, scales, arena));
        }
    }

    @Test
    void anEmptyFp8TensorIsRefused() {
        try (var arena = Arena.ofConfined()) {
            FileTensor weight = tensor(TensorType.F8_E4M3, new byte[0], 0, 4);
            assertThrows(MalformedModelException.class,
                    () -> Repacked.fp8(weight, floats(scales(1), 1, 1), arena));
        }
    }

    /// Codes of all kinds, without the two that are not numbers.
    private static byte[] fp8Codes(int count) {
        var codes = new byte[count];
        new Random(1).nextBytes(codes);
        for (int i = 0; i < count; i++) {
            codes[i] = (codes[i] & 0x7F) == 0x7F ? 0 : codes[i];
        }
        return codes;
    }

    /// Sign, four bits of exponent with bias 7, three of mantissa (Micikevicius et al. 2022).
    private static float e4m3(byte code) {
        int exponent = code >> 3 & 15;
        int mantissa = code & 7;
        double value = exponent == 0 ? mantissa * Math.pow(2, -9)
                : (8 + mantissa) * Math.pow(2, exponent - 10);
        return (float) (code < 0 ? -value : value);
    }

    private static float[] scales(int count) {
        var random = new Random(2);
        var out = new float[count];
        for (int i = 0; i < count; i++) {
            out[i] = 1e-3f + random.nextFloat();
        }
        return out;
    }

    // ---- MXFP4 --------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource(Rows.class)
    void mxfp4IsCodeTimesPowerOfTwo(Rows rows) {
        int experts = 3;
        int stored = 10;
        int perRow = 4;
        var blocks = new byte[experts * stored * perRow * 16];
        var scales = new byte[experts * stored * perRow];
        var random = new Random(3);
        random.nextBytes(blocks);
        for (int i = 0; i < scales.length; i++) {
            scales[i] = (byte) (100 + random.nextInt(56));
        }
        try (var arena = Arena.ofConfined()) {
            List<Matrix> got = Repacked.mxfp4(
                    tensor(TensorType.U8, blocks, 16, perRow, stored, experts),
                    tensor(TensorType.U8, scales, perRow, stored, experts), rows, arena);
            assertEquals(experts, got.size());
            var row = new float[perRow * 32];
            for (int e = 0; e < experts; e++) {
                Matrix m = got.get(e);
                assertEquals(DType.MXFP4, m.dtype());
                assertEquals(rows == Rows.ALL ? stored : stored / 2, m.rows());
                assertEquals(row.length, m.cols());
                for (int r = 0; r < m.rows(); r++) {
                    Dequantiser.row(m, r, row);
                    int from = (e * stored + source(rows, r)) * row.length;
                    for (int c = 0; c < row.length; c++) {
                        assertEquals(mxfp4(blocks, scales, from + c), row[c],
                                "expert %d [%d,%d]".formatted(e, r, c));
                    }
                }
            }
        }
    }

    /// Element `index` of the stored order: even ones in the low half of a byte, odd in the high.
    /// The decoder's table is of whole numbers, so a negative zero is a zero.
    private static float mxfp4(byte[] blocks, byte[] scales, int index) {
        int code = blocks[index / 2] >> 4 * (index % 2) & 15;
        double value = E2M1[code & 7] * Math.pow(2, (scales[index / 32] & 255) - 127);
        return (float) (code > 8 ? -value : value);
    }

    @Test
    void mxfp4PartsThatDoNotFitAreRefused() {
        FileTensor blocks = tensor(TensorType.U8, new byte[2 * 4 * 3 * 16], 16, 3, 4, 2);
        for (long[] dims : new long[][] {{2, 4, 2}, {3, 5, 2}, {3, 4, 1}, {24}}) {
            FileTensor scales = tensor(TensorType.U8, new byte[40], dims);
            assertMalformed(blocks, scales);
        }
        FileTensor flat = tensor(TensorType.U8, new byte[2 * 4 * 3 * 16], 48, 4, 2);
        assertMalformed(flat, tensor(TensorType.U8, new byte[24], 3, 4, 2));
        assertMalformed(blocks, tensor(TensorType.F32, new byte[96], 3, 4, 2));
    }

    private static void assertMalformed(FileTensor blocks, FileTensor scales) {
        try (var arena = Arena.ofConfined()) {
            assertThrows(MalformedModelException.class,
                    () -> Repacked.mxfp4(blocks, scales, Rows.ALL, arena));
        }
    }

    private static int source(Rows rows, int row) {
        return switch (rows) {
            case ALL -> row;
            case EVEN -> 2 * row;
            case ODD -> 2 * row + 1;
        };
    }

    // ---- transposed experts -------------------------------------------------------------

    @ParameterizedTest
    @EnumSource(Rows.class)
    void transposedFloats(Rows rows) {
        transposed(TensorType.F32, rows);
    }

    @ParameterizedTest
    @EnumSource(Rows.class)
    void transposedHalves(Rows rows) {
        transposed(TensorType.BF16, rows);
    }

    /// Stored [E,K,N]; every element is its index, which both types hold exactly.
    private static void transposed(TensorType type, Rows rows) {
        int experts = 2;
        int inner = 9;
        int stored = 14;
        var bytes = ByteBuffer.allocate(experts * inner * stored * type.blockBytes())
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < experts * inner * stored; i++) {
            int bits = Float.floatToRawIntBits(i);
            if (type == TensorType.F32) {
                bytes.putInt(bits);
            } else {
                bytes.putShort((short) (bits >>> 16));
            }
        }
        try (var arena = Arena.ofConfined()) {
            List<Matrix> got = Repacked.transposedExperts(
                    tensor(type, bytes.array(), stored, inner, experts), rows, arena);
            assertEquals(experts, got.size());
            var row = new float[inner];
            for (int e = 0; e < experts; e++) {
                Matrix m = got.get(e);
                assertEquals(type.dtype().orElseThrow(), m.dtype());
                assertEquals(rows == Rows.ALL ? stored : stored / 2, m.rows());
                for (int r = 0; r < m.rows(); r++) {
                    Dequantiser.row(m, r, row);
                    for (int k = 0; k < inner; k++) {
                        assertEquals((e * inner + k) * stored + source(rows, r), row[k],
                                "expert %d [%d,%d]".formatted(e, r, k));
                    }
                }
            }
        }
    }

    // ---- tensors over the heap ----------------------------------------------------------

    private static FileTensor floats(float[] values, long... dims) {
        var bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return tensor(TensorType.F32, bytes.array(), dims);
    }

    /// @param dims  the fastest-varying first
    private static FileTensor tensor(TensorType type, byte[] content, long... dims) {
        var file = new byte[OFFSET + content.length];
        System.arraycopy(content, 0, file, OFFSET, content.length);
        return new FileTensor("t", type, dims, Path.of("model.safetensors"),
                MemorySegment.ofArray(file), OFFSET);
    }
}
