package dev.sluice.kernels.tornado;

import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// Bytes of the device's memory, which kernels see as 32-bit words, and numbers in other encodings
/// made of them. Called from kernels, so that the limits of TornadoVM 5.2 apply: no
/// `Float.intBitsToFloat`, no `>>>` (it comes out as `>>`), no `Math.fma`, no constant arrays.
final class Words {
    private Words() { }

    static int byteAt(IntArray words, long at) {
        return words.get((int) (at >> 2)) >> (8 * ((int) at & 3)) & 255;
    }

    static int signedByteAt(IntArray words, long at) {
        return words.get((int) (at >> 2)) << (24 - 8 * ((int) at & 3)) >> 24;
    }

    /// 16 bits at an even address.
    static int halfwordAt(IntArray words, long at) {
        return words.get((int) (at >> 2)) >> (8 * ((int) at & 2)) & 65535;
    }

    /// 32 bits at an even address.
    static int evenWord(IntArray words, long at) {
        int i = (int) (at >> 2);
        int word = words.get(i);
        if (((int) at & 2) != 0) {
            word = (word >> 16 & 65535) | words.get(i + 1) << 16;
        }
        return word;
    }

    /// 32 bits at any address.
    static int anyWord(IntArray words, long at) {
        int i = (int) (at >> 2);
        int shift = 8 * ((int) at & 3);
        int word = words.get(i);
        if (shift != 0) {
            word = (word >> shift & ((1 << (32 - shift)) - 1)) | words.get(i + 1) << (32 - shift);
        }
        return word;
    }

    /// 2^n for 0 <= n <= 128, the last being infinite.
    static float powerOfTwo(int n) {
        float power = (n & 1) != 0 ? 2.0f : 1.0f;
        power = power * ((n & 2) != 0 ? 4.0f : 1.0f);
        power = power * ((n & 4) != 0 ? 16.0f : 1.0f);
        power = power * ((n & 8) != 0 ? 256.0f : 1.0f);
        power = power * ((n & 16) != 0 ? 65536.0f : 1.0f);
        power = power * ((n & 32) != 0 ? 4294967296.0f : 1.0f);
        power = power * ((n & 64) != 0 ? 1.8446744e19f : 1.0f);
        return (n & 128) != 0 ? Float.POSITIVE_INFINITY : power;
    }

    /// The value of an IEEE half.
    static float half(int bits) {
        int exponent = bits >> 10 & 31;
        int mantissa = bits & 1023;
        float value;
        if (exponent == 0) {
            value = (float) mantissa * 5.9604645e-8f;
        } else if (exponent == 31) {
            // TornadoVM 5.2 can not print a constant NaN: the root of a negative number is one.
            value = Float.POSITIVE_INFINITY + TornadoMath.sqrt(-(float) mantissa);
        } else {
            value = (float) (1024 + mantissa) * (float) (1 << exponent) * 2.9802322e-8f;
        }
        return (bits & 32768) != 0 ? -value : value;
    }

    static float halfAt(IntArray words, long at) {
        return half(halfwordAt(words, at));
    }

    /// The value of a bfloat16; subnormal ones are 0.
    static float brain(int bits) {
        int exponent = bits >> 7 & 255;
        float value = 0.0f;
        if (exponent >= 127) {
            value = (1.0f + (float) (bits & 127) * 0.0078125f) * powerOfTwo(exponent - 127);
        } else if (exponent > 0) {
            value = (1.0f + (float) (bits & 127) * 0.0078125f) / powerOfTwo(127 - exponent);
        }
        return (bits & 32768) != 0 ? -value : value;
    }

    /// To the nearest integer, of two the even one, where |x| < 2^22.
    static float nearest(float x) {
        float shifted = x + 12582912.0f;
        return shifted - 12582912.0f;
    }

    /// The half nearest to the float `value`, whose bits are `bits`; ties to even.
    static int toHalf(int bits, float value) {
        int sign = bits >> 16 & 32768;
        int magnitude = bits & 0x7FFFFFFF;
        int half;
        if (magnitude > 0x7F800000) {
            half = 0x7E00;
        } else if (magnitude >= 0x47800000) {
            half = 0x7C00;
        } else if (magnitude >= 0x38800000) {
            half = (magnitude + 0xFFF + (magnitude >> 13 & 1) - 0x38000000) >> 13;
        } else {
            float positive = value < 0.0f ? -value : value;
            half = (int) nearest(positive * 16777216.0f);
        }
        return sign | half;
    }

    /// The bfloat16 nearest to the float with these bits; ties to even, a NaN stays one.
    static int toBrain(int bits) {
        int rounded = bits + 0x7FFF + (bits >> 16 & 1);
        int brain = (bits & 0x7FFFFFFF) > 0x7F800000 ? bits >> 16 | 64 : rounded >> 16;
        return brain & 65535;
    }
}
