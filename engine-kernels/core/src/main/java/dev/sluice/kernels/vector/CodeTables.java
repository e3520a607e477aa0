package dev.sluice.kernels.vector;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorSpecies;

/// Values of codes that are indices, biased so that they are unsigned, as vectors of bytes: a
/// vector of any width has 16 lanes of them or more.
final class CodeTables {
    private static final VectorSpecies<Byte> B = ByteVector.SPECIES_PREFERRED;

    /// IQ4_NL's values, plus 128.
    static final ByteVector NONLINEAR = repeat(new int[] {
        1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241});

    /// Twice E2M1's values, plus 12.
    static final ByteVector E2M1 = repeat(new int[] {
        12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0});

    private CodeTables() {
    }

    private static ByteVector repeat(int[] values) {
        byte[] bytes = new byte[B.length()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) values[i % values.length];
        }
        return ByteVector.fromArray(B, bytes, 0);
    }
}
