package dev.sluice.runtime.grammar.automaton;

/// A place in a fixed text, and where to go on behind it.
///
/// @param at     symbols of the marker that have come
/// @param space  how much white space may still come before it: templates write at most an empty
///               line between the parts of a call
public record Fixed(Marker marker, int at, int space, Position then) implements Position {
    private static final int SPACE_MAX = 2;

    /// The place before a text; behind it where it is empty.
    public static Position of(Marker marker, Position then) {
        return marker.length() == 0 ? then : new Fixed(marker, 0, 0, then);
    }

    /// The same with white space before the text, if there is one.
    public static Position spaced(Marker marker, Position then) {
        return marker.length() == 0 ? then : new Fixed(marker, 0, SPACE_MAX, then);
    }

    /// The place after the first symbol of a text.
    public static Position rest(Marker marker, Position then) {
        return marker.length() == 1 ? then : new Fixed(marker, 1, 0, then);
    }

    @Override
    public Position step(int b) {
        Position next = symbol(b);
        boolean isSpace = at == 0 && space > 0 && (b == ' ' || b == '\n');
        return next == Nowhere.NOWHERE && isSpace ? new Fixed(marker, 0, space - 1, then) : next;
    }

    @Override
    public Position stepToken(int tokenId) {
        return symbol(StateTable.TOKEN + tokenId);
    }

    private Position symbol(int symbol) {
        if (marker.symbol(at) != symbol) {
            return Nowhere.NOWHERE;
        }
        return at + 1 == marker.length() ? then : new Fixed(marker, at + 1, 0, then);
    }

    @Override
    public boolean accepts() { return false; }

    @Override
    public boolean outsideJson() { return true; }
}
