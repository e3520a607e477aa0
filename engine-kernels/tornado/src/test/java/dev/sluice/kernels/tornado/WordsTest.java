package dev.sluice.kernels.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// Goal: kernels can not see the bits of a float, and make floats of halves and bfloat16 (and the
/// reverse) by arithmetic; it must give the bits that the JDK gives. Method: every half and every
/// bfloat16, and random floats of every size; bytes and words at every address.
class WordsTest {
    @Test
    @DisplayName("every half has the value that the JDK gives it")
    void halves() {
        for (int bits = 0; bits < 65536; bits++) {
            assertEquals(Float.float16ToFloat((short) bits), Words.half(bits), "half " + bits);
        }
    }

    @Test
    @DisplayName("every bfloat16 has its value, subnormal ones are zero")
    void brains() {
        for (int bits = 0; bits < 65536; bits++) {
            float want = Float.intBitsToFloat(bits << 16);
            if (Math.abs(want) < Float.MIN_NORMAL) {
                want = Math.copySign(0, want);
            }
            float got = Words.brain(bits);
            // The arithmetic does not tell a NaN from infinity.
            assertEquals(Float.isNaN(want) ? Math.copySign(Float.POSITIVE_INFINITY, got) : want,
                    got, "bfloat16 " + bits);
        }
    }

    @Test
    @DisplayName("a float becomes the half and the bfloat16 nearest to it")
    void rounded() {
        var random = new Random(5);
        for (int i = 0; i < 1_000_000; i++) {
            int bits = i < 70_000 ? i * 61_681 : random.nextInt();
            float value = Float.intBitsToFloat(bits);
            if (!Float.isNaN(value)) {
                assertEquals(Float.floatToFloat16(value) & 65535, Words.toHalf(bits, value),
                        "half of " + value);
                // As the JDK rounds to half: by the distance to both neighbours.
                float down = Float.intBitsToFloat(bits & 0xFFFF0000);
                int brain = Words.toBrain(bits);
                double off = Math.abs((double) Float.intBitsToFloat(brain << 16) - value);
                if (Float.isFinite(value) && Float.isFinite((float) off)) {
                    double step = Math.ulp(down) * 65536.0;
                    assertEquals(true, off <= step / 2, "bfloat16 of " + value);
                }
            }
        }
    }

    @Test
    @DisplayName("bytes, halfwords and words are read at any address that they may have")
    void addresses() {
        var words = new IntArray(8);
        for (int i = 0; i < 8; i++) {
            words.set(i, 0x9F8E7D6C + i * 0x11223344);
        }
        for (int at = 0; at < 27; at++) {
            int word = byteOf(words, at) | byteOf(words, at + 1) << 8
                    | byteOf(words, at + 2) << 16 | byteOf(words, at + 3) << 24;
            assertEquals(byteOf(words, at), Words.byteAt(words, at));
            assertEquals((byte) byteOf(words, at), Words.signedByteAt(words, at));
            assertEquals(word, Words.anyWord(words, at), "byte " + at);
            if (at % 2 == 0) {
                assertEquals(word, Words.evenWord(words, at), "byte " + at);
                assertEquals(word & 65535, Words.halfwordAt(words, at), "byte " + at);
            }
        }
    }

    private static int byteOf(IntArray words, int at) {
        return words.get(at / 4) >>> (8 * (at % 4)) & 255;
    }
}
