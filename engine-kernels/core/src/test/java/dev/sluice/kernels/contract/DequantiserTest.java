package dev.sluice.kernels.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Dequantiser;
import dev.sluice.kernels.Layout;
import dev.sluice.kernels.Matrix;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Goal: every encoding decodes to the right floats. Method: random blocks against
/// [BlockFormulas], which is written apart from the decoder and in double, and a golden file
/// whose floats come from gguf-py (`dequantised.py` says how).
class DequantiserTest {
    private static final int BLOCKS = 1000;

    @ParameterizedTest
    @EnumSource(value = DType.class, names = "I32", mode = EnumSource.Mode.EXCLUDE)
    @DisplayName("a thousand random blocks equal the formulas in double, rounded once")
    void randomBlocks(DType dtype) {
        var random = new Random(dtype.ordinal() + 71);
        for (int b = 0; b < BLOCKS; b++) {
            byte[] block = new byte[dtype.blockBytes()];
            random.nextBytes(block);
            check(dtype, block, "random block " + b);
        }
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = "I32", mode = EnumSource.Mode.EXCLUDE)
    @DisplayName("all bits set, all clear, subnormal scales and -0 decode by the same formulas")
    void edges(DType dtype) {
        for (int fill : new int[] {0x00, 0xFF, 0x0F, 0xF0, 0x80, 0x7F}) {
            for (int half : new int[] {0x0000, 0x8000, 0x0001, 0x03FF, 0x8001, 0x7BFF, 0xFBFF}) {
                byte[] block = new byte[dtype.blockBytes()];
                Arrays.fill(block, (byte) fill);
                for (int offset : BlockFormulas.halfOffsets(dtype)) {
                    block[offset] = (byte) half;
                    block[offset + 1] = (byte) (half >> 8);
                }
                check(dtype, block, "fill %x, half %x".formatted(fill, half));
            }
        }
    }

    @Test
    @DisplayName("MXFP4 scales reach from subnormal to the largest")
    void mxfp4Scales() {
        float[] out = new float[32];
        for (int e : new int[] {0, 1, 2, 3, 127, 254}) {
            byte[] block = new byte[17];
            block[0] = (byte) e;
            block[1] = 0x0F;
            block[2] = 0x21;
            check(DType.MXFP4, block, "e " + e);
            Dequantiser.row(matrix(DType.MXFP4, block, 0), 0, out);
            assertEquals((float) (-6 * Math.pow(2, e - 127)), out[0], "e " + e + " code 15");
            assertEquals((float) (0.5 * Math.pow(2, e - 127)), out[1], "e " + e + " code 1");
            assertEquals((float) Math.pow(2, e - 127), out[17], "e " + e + " code 2, high half");
        }
    }

    @Test
    @DisplayName("rows start where their bytes do, at odd offsets too")
    void rowsAndOffsets() {
        var random = new Random(5);
        for (DType dtype : new DType[] {DType.F32, DType.BF16, DType.Q4_0, DType.MXFP4,
                DType.Q3_K}) {
            int cols = 2 * dtype.blockElements();
            byte[] three = new byte[3 * Math.toIntExact(dtype.rowBytes(cols))];
            random.nextBytes(three);
            byte[] shifted = new byte[three.length + 7];
            System.arraycopy(three, 0, shifted, 7, three.length);
            float[] out = new float[cols + 1];
            out[cols] = 42;
            var m = Matrix.of(dtype, 3, cols, MemorySegment.ofArray(shifted), 7);
            Dequantiser.row(m, 2, out);
            byte[] second = Arrays.copyOfRange(three, 5 * three.length / 6, three.length);
            assertEquals((float) BlockFormulas.element(dtype, second, 0),
                    out[dtype.blockElements()], dtype + " row 2 block 1");
            assertEquals(42, out[cols], dtype + " wrote past the row");
        }
    }

    @Test
    @DisplayName("the floats of gguf-py, to one unit in the last place")
    void golden() throws IOException {
        ByteBuffer file;
        try (InputStream in = DequantiserTest.class.getResourceAsStream("dequantised.bin")) {
            file = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
        }
        int encodings = 0;
        for (; file.hasRemaining(); encodings++) {
            byte[] name = new byte[8];
            file.get(name);
            DType dtype = DType.valueOf(new String(name, StandardCharsets.US_ASCII).strip());
            int cols = file.getInt() * dtype.blockElements();
            byte[] blocks = new byte[Math.toIntExact(dtype.rowBytes(cols))];
            file.get(blocks);
            float[] got = new float[cols];
            Dequantiser.row(matrix(dtype, blocks, 0), 0, got);
            for (int i = 0; i < cols; i++) {
                float want = file.getFloat();
                assertEquals(want, got[i], Math.ulp(want),
                        () -> dtype + " decodes as gguf-py does");
            }
        }
        assertEquals(15, encodings);
    }

    @Test
    @DisplayName("what can not be decoded is refused with a reason")
    void refusals() {
        float[] out = new float[32];
        var m = matrix(DType.Q8_0, new byte[34], 0);
        assertThrows(IndexOutOfBoundsException.class, () -> Dequantiser.row(m, 1, out));
        assertThrows(IllegalArgumentException.class, () -> Dequantiser.row(m, 0, new float[31]));
        assertThrows(IllegalArgumentException.class,
                () -> Dequantiser.row(Matrix.host(new int[1], 1, 1), 0, out));
        assertThrows(IllegalArgumentException.class, () -> Dequantiser.row(
                new Matrix(DType.Q8_0, 1, 32, Layout.PACKED, m.memory(), 0), 0, out));
    }

    private static void check(DType dtype, byte[] block, String context) {
        float[] got = new float[dtype.blockElements()];
        Dequantiser.row(matrix(dtype, block, 0), 0, got);
        for (int i = 0; i < got.length; i++) {
            float want = (float) BlockFormulas.element(dtype, block, i);
            int element = i;
            // Random scales may be infinite or NaN; assertEquals tells -0 from 0 and NaN equals
            // NaN.
            assertEquals(want, got[i], () -> dtype + " " + context + " element " + element);
        }
    }

    private static Matrix matrix(DType dtype, byte[] blocks, int offset) {
        int cols = (blocks.length - offset) / dtype.blockBytes() * dtype.blockElements();
        return Matrix.of(dtype, 1, cols, MemorySegment.ofArray(blocks), offset);
    }
}
