package dev.sluice.runtime.grammar;

import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.grammar.automaton.Marker;
import dev.sluice.runtime.grammar.automaton.StateTable;
import java.util.ArrayList;
import java.util.List;

/// Fixed parts of calls in the symbols of one vocabulary: the names of its control tokens are those
/// tokens, everything else is text. Immutable.
final class CallMarkers {
    private final Tokenizer tokenizer;
    private final List<String> controls = new ArrayList<>();

    CallMarkers(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        for (int id = 0; id < tokenizer.vocabSize(); id++) {
            if (tokenizer.isControl(id) && tokenizer.bytes(id).length == 0
                    && tokenizer.name(id).length() > 1) {
                controls.add(tokenizer.name(id));
            }
        }
    }

    Marker of(String text) {
        int at = text.length();
        String found = "";
        for (String control : controls) {
            int position = text.indexOf(control);
            boolean earlier = position >= 0 && position < at;
            if (earlier || position == at && control.length() > found.length()) {
                at = position;
                found = control;
            }
        }
        Marker before = Marker.text(text.substring(0, at));
        return found.isEmpty() ? before : before.then(Marker.token(tokenizer.id(found)))
                .then(of(text.substring(at + found.length())));
    }

    static boolean isText(Marker marker) {
        for (int i = 0; i < marker.length(); i++) {
            if (marker.symbol(i) >= StateTable.TOKEN) {
                return false;
            }
        }
        return true;
    }

    /// The token that a marker of one symbol is.
    static int token(Marker marker) {
        return marker.symbol(0) - StateTable.TOKEN;
    }
}
