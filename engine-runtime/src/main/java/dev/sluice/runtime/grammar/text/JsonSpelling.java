package dev.sluice.runtime.grammar.text;

/// A place inside a JSON string (RFC 8259, section 7), between its quotes. The text is judged by
/// its value: each character may be spelled as itself in UTF-8, as `\n` and the like, or in hex,
/// beyond the basic plane as a pair of surrogates. Lone surrogates are not text.
///
///     WHOLE --backslash--> ESCAPE --u--> HEX --4 digits--> WHOLE, or a high surrogate:
///           LOW_ESCAPE --backslash--> LOW_MARK --u--> LOW_HEX --4 digits--> WHOLE
///     WHOLE --lead byte--> UTF8 --last byte--> WHOLE
///
/// Immutable, equal by value.
public record JsonSpelling(TextState text, Phase phase, Utf8Prefix character, int bits,
        int digits) {

    enum Phase { WHOLE, UTF8, ESCAPE, HEX, LOW_ESCAPE, LOW_MARK, LOW_HEX, BROKEN }

    private static final JsonSpelling BROKEN =
            new JsonSpelling(TextState.NONE, Phase.BROKEN, Utf8Prefix.NONE, 0, 0);
    private static final int SURROGATES = 0xD800;
    private static final int LOW_SURROGATES = 0xDC00;

    /// The place after the opening quote.
    public static JsonSpelling start(TextState text) {
        return new JsonSpelling(text, Phase.WHOLE, Utf8Prefix.NONE, 0, 0);
    }

    public boolean isBroken() { return phase == Phase.BROKEN; }

    /// Whether no character is half written, so that a quote ends the string.
    public boolean isWhole() { return phase == Phase.WHOLE; }

    /// The place after a byte, which is not the closing quote. Broken where no allowed text goes
    /// on so.
    public JsonSpelling step(int b) {
        return switch (phase) {
            case WHOLE -> b == '\\' ? at(Phase.ESCAPE, 0, 0)
                    : b < 0x20 || b == '"' ? BROKEN : raw(b);
            case UTF8 -> raw(b);
            case ESCAPE -> escape(b);
            case HEX -> hex(b);
            case LOW_ESCAPE -> b == '\\' ? at(Phase.LOW_MARK, bits, 0) : BROKEN;
            case LOW_MARK -> b == 'u' ? at(Phase.LOW_HEX, bits, 0) : BROKEN;
            case LOW_HEX -> lowHex(b);
            case BROKEN -> BROKEN;
        };
    }

    public int freeText() {
        return phase == Phase.WHOLE ? text.freeText() : 0;
    }

    public JsonSpelling sameMask(int characters) {
        TextState same = text.sameMask(characters);
        return same == text ? this : new JsonSpelling(same, phase, character, bits, digits);
    }

    private JsonSpelling at(Phase next, int value, int count) {
        boolean possible = next != Phase.ESCAPE || text.anyNext(0, CodePoints.MAX);
        return possible ? new JsonSpelling(text, next, Utf8Prefix.NONE, value, count) : BROKEN;
    }

    private JsonSpelling whole(int codePoint) {
        TextState next = text.next(codePoint);
        return next == TextState.NONE ? BROKEN : start(next);
    }

    private JsonSpelling raw(int b) {
        Utf8Prefix next = character.step(b);
        if (next.isBroken()) {
            return BROKEN;
        }
        if (next.isWhole()) {
            return whole(next.bits());
        }
        if (!text.anyNext(next.low(), next.high())) {
            return BROKEN;
        }
        return new JsonSpelling(text, Phase.UTF8, text.isUniform(0x80) ? next.alike() : next, 0, 0);
    }

    private JsonSpelling escape(int b) {
        return switch (b) {
            case '"', '\\', '/' -> whole(b);
            case 'b' -> whole('\b');
            case 'f' -> whole('\f');
            case 'n' -> whole('\n');
            case 'r' -> whole('\r');
            case 't' -> whole('\t');
            case 'u' -> at(Phase.HEX, 0, 0);
            default -> BROKEN;
        };
    }

    private JsonSpelling hex(int b) {
        int digit = digit(b);
        int value = bits << 4 | digit;
        int missing = 3 - digits;
        if (digit < 0 || !hexLeadsOn(value << 4 * missing, (value + 1 << 4 * missing) - 1)) {
            return BROKEN;
        }
        int alike = text.isUniform(0) ? alike(value, missing) : value;
        if (missing > 0) {
            return at(Phase.HEX, alike, digits + 1);
        }
        return Character.isHighSurrogate((char) value) ? at(Phase.LOW_ESCAPE, alike, 0)
                : whole(value);
    }

    /// Digits after which the same digits may come, where all characters lead to one place.
    private static int alike(int value, int missing) {
        int low = value << 4 * missing;
        int high = (value + 1 << 4 * missing) - 1;
        if (high < SURROGATES || low > 0xDFFF) {
            return 0;
        }
        boolean pair = low >= SURROGATES && high < LOW_SURROGATES;
        return pair ? SURROGATES >> 4 * missing : value;
    }

    /// Whether units from `low` to `high` can begin an allowed character.
    private boolean hexLeadsOn(int low, int high) {
        int highest = Math.min(high, LOW_SURROGATES - 1);
        boolean pair = Math.max(low, SURROGATES) <= highest
                && text.anyNext(paired(Math.max(low, SURROGATES), 0),
                        paired(highest, 0x3ff));
        return pair || low < SURROGATES && text.anyNext(low, Math.min(high, SURROGATES - 1))
                || high > 0xDFFF && text.anyNext(Math.max(low, 0xE000), high);
    }

    private JsonSpelling lowHex(int b) {
        int digit = digit(b);
        int value = bits << 4 | digit;
        int missing = 3 - digits;
        int low = Math.max((value & 0xffff >> 4 * missing) << 4 * missing, LOW_SURROGATES);
        int high = Math.min(((value & 0xffff >> 4 * missing) + 1 << 4 * missing) - 1, 0xDFFF);
        int first = value >>> 4 * (digits + 1);
        if (digit < 0 || low > high || !text.anyNext(paired(first, low - LOW_SURROGATES),
                paired(first, high - LOW_SURROGATES))) {
            return BROKEN;
        }
        int alike = text.isUniform(0) ? first << 4 * (digits + 1) | LOW_SURROGATES >> 4 * missing
                : value;
        return missing > 0 ? at(Phase.LOW_HEX, alike, digits + 1)
                : whole(paired(first, low - LOW_SURROGATES));
    }

    private static int paired(int highSurrogate, int lowBits) {
        return 0x10000 + (highSurrogate - SURROGATES << 10) + lowBits;
    }

    private static int digit(int b) {
        return b < 0x80 ? Character.digit(b, 16) : -1;
    }
}
