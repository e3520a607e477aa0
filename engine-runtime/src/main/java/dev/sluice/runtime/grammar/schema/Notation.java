package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.automaton.Marker;
import java.util.Optional;

/// How values are written inside the call of a tool. Immutable.
///
///     JSON      {"a": ["x", true, null]}
///     PYTHON    {"a": ["x", True, None]}
///     marked    {a:["x",true,null]}             the quotes a marker, keys without any
///
/// @param python   whether constants are Python's
/// @param without  a text that no string or name has in it, because it ends the value for a reader
///                 that does not look for quotes; empty for none
/// @param quote    what stands around texts instead of quotes
public record Notation(boolean python, String without, Optional<Marker> quote) {
    /// Keys that can stand without quotes: no punctuation, and no white space at either end.
    public static final String BARE_NAMES = "^[^\\s{}\\[\\],:<]+( [^\\s{}\\[\\],:<]+)*$";

    public static final Notation JSON = new Notation(false, "", Optional.empty());
    public static final Notation PYTHON = new Notation(true, "", Optional.empty());

    /// JSON inside of a tag that `close` ends.
    public static Notation jsonWithout(String close) {
        return new Notation(false, close, Optional.empty());
    }

    public static Notation marked(Marker quote, String quoteText) {
        return new Notation(false, quoteText, Optional.of(quote));
    }

    String word(String json) {
        if (!python) {
            return json;
        }
        return json.equals("null") ? "None"
                : Character.toUpperCase(json.charAt(0)) + json.substring(1);
    }
}
