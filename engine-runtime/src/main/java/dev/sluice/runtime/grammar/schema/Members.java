package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.automaton.Marker;
import java.util.Optional;
import java.util.function.Predicate;

/// How the members of an object are written where it is not a JSON object: the arguments of a call.
///
///     tagged    <parameter=KEY>VALUE</parameter> <parameter=KEY>VALUE</parameter>
///     listed    KEY=VALUE, KEY=VALUE)
///
/// @param open      before a key; empty in a list
/// @param keyEnd    behind a key
/// @param end       of the members of a list; empty for tags, which end where no further one begins
/// @param names     an expression for the keys that can be written so
/// @param value     around tagged values
public record Members(Marker open, Marker keyEnd, Marker end, String names,
        Optional<Tagged> value) {

    /// Around a tagged value.
    ///
    /// @param start       before a value; white space may come before it
    /// @param textMark    then, where the value is a text as it is; empty for none
    /// @param valueMark   then, where it is JSON
    /// @param close       behind a value
    /// @param texts       names of parameters whose values are texts as they are, without quotes
    /// @param marked      whether the marks tell the two apart, so that any text is as it is
    public record Tagged(Marker start, Marker textMark, Marker valueMark, Marker close,
            Predicate<String> texts, boolean marked) { }

    /// Keys and values as in `f(key=value, ...)` or `{key:value, ...}`.
    public static Members listed(String keyEnd, String end, String names) {
        return new Members(Marker.NONE, Marker.text(keyEnd), Marker.text(end), names,
                Optional.empty());
    }

    boolean isList() { return end.length() > 0; }
}
