package dev.sluice.runtime.grammar.automaton;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// A fixed text as an automaton reads it: bytes, and tokens that have none. What a model writes as
/// `<tool_call>` is several tokens of text in one vocabulary and one control token in another.
/// Equal by value; immutable.
public final class Marker {
    public static final Marker NONE = new Marker(new int[0]);

    private final int[] symbols;

    private Marker(int[] symbols) {
        this.symbols = symbols;
    }

    public static Marker text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int[] symbols = new int[bytes.length];
        for (int i = 0; i < symbols.length; i++) {
            symbols[i] = bytes[i] & 0xff;
        }
        return new Marker(symbols);
    }

    public static Marker token(int tokenId) {
        return new Marker(new int[] {StateTable.TOKEN + tokenId});
    }

    public Marker then(Marker next) {
        int[] all = Arrays.copyOf(symbols, symbols.length + next.symbols.length);
        System.arraycopy(next.symbols, 0, all, symbols.length, next.symbols.length);
        return new Marker(all);
    }

    public int length() { return symbols.length; }

    /// A byte, or [StateTable#TOKEN] plus the id of a token.
    public int symbol(int index) { return symbols[index]; }

    /// Whether the last `length` of the first `count` symbols are the first ones again.
    public boolean isBorder(int count, int length) {
        return Arrays.equals(symbols, count - length, count, symbols, 0, length);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Marker marker && Arrays.equals(symbols, marker.symbols);
    }

    @Override
    public int hashCode() { return Arrays.hashCode(symbols); }

    @Override
    public String toString() { return Arrays.toString(symbols); }
}
