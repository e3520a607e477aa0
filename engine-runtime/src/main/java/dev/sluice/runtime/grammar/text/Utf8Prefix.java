package dev.sluice.runtime.grammar.text;

/// The bytes so far of a character in UTF-8 (RFC 3629): their bits, how many bytes are missing,
/// and the least code point that may be written at this length. Tokens may end inside a character,
/// so a place in a text holds one of these. Immutable.
record Utf8Prefix(int bits, int missing, int least) {
    static final Utf8Prefix NONE = new Utf8Prefix(0, 0, 0);
    static final Utf8Prefix BROKEN = new Utf8Prefix(-1, -1, 0);

    boolean isWhole() { return missing == 0; }

    boolean isBroken() { return missing < 0; }

    /// A byte below 0x80 is whole at once. Bytes that no well-formed text has are BROKEN.
    Utf8Prefix step(int b) {
        if (missing > 0) {
            return b >> 6 == 2 ? checked(new Utf8Prefix(bits << 6 | b & 0x3f, missing - 1, least))
                    : BROKEN;
        }
        if (b < 0x80) {
            return new Utf8Prefix(b, 0, 0);
        }
        if (b < 0xC2 || b > 0xF4) {
            return BROKEN;
        }
        return b < 0xE0 ? new Utf8Prefix(b & 0x1f, 1, 0x80)
                : b < 0xF0 ? new Utf8Prefix(b & 0x0f, 2, 0x800)
                : new Utf8Prefix(b & 0x07, 3, 0x10000);
    }

    /// A prefix after which the same bytes may come. Where all characters lead to one place, this
    /// makes a handful of places out of hundreds. The second byte is bound by the first one only
    /// after E0, ED, F0 and F4.
    Utf8Prefix alike() {
        if (missing < 1) {
            return this;
        }
        boolean lead = missing == (least == 0x80 ? 1 : least == 0x800 ? 2 : 3);
        boolean bound = lead && (least == 0x800 && (bits == 0 || bits == 0xd)
                || least == 0x10000 && (bits == 0 || bits == 4));
        return bound ? this : new Utf8Prefix(4 * least >> 6 * missing, missing, least);
    }

    private static Utf8Prefix checked(Utf8Prefix next) {
        return next.low() > next.high() ? BROKEN : next;
    }

    /// The code points that begin so lie between [#low] and [#high]; surrogates are left out.
    int low() {
        int low = Math.max(bits << 6 * missing, least);
        return low >= 0xD800 && low <= 0xDFFF ? 0xE000 : low;
    }

    int high() {
        int high = Math.min((bits + 1 << 6 * missing) - 1, CodePoints.MAX);
        return high >= 0xD800 && high <= 0xDFFF ? 0xD7FF : high;
    }
}
