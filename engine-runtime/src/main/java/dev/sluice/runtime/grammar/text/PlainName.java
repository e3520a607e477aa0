package dev.sluice.runtime.grammar.text;

/// A place in a name that is written as it is, in UTF-8. Immutable, equal by value.
public record PlainName(TextState text, Utf8Prefix character) {
    public static final PlainName BROKEN = new PlainName(TextState.NONE, Utf8Prefix.NONE);

    public static PlainName start(TextState text) {
        return new PlainName(text, Utf8Prefix.NONE);
    }

    public boolean isBroken() { return text == TextState.NONE; }

    /// Which name this is if it ends here, or [TextDfa#NO_LABEL].
    public int label() {
        return character.isWhole() ? text.label() : TextDfa.NO_LABEL;
    }

    public PlainName step(int b) {
        Utf8Prefix next = character.step(b);
        if (next.isBroken()) {
            return BROKEN;
        }
        if (next.isWhole()) {
            return new PlainName(text.next(next.bits()), Utf8Prefix.NONE);
        }
        return text.anyNext(next.low(), next.high()) ? new PlainName(text, next) : BROKEN;
    }
}
