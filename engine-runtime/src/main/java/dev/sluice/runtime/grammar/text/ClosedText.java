package dev.sluice.runtime.grammar.text;

import dev.sluice.runtime.grammar.automaton.Done;
import dev.sluice.runtime.grammar.automaton.Marker;
import dev.sluice.runtime.grammar.automaton.Nowhere;
import dev.sluice.runtime.grammar.automaton.Position;
import dev.sluice.runtime.grammar.automaton.StateTable;

/// A place in text that is written as it is, without quotes or escapes, up to the first marker that
/// closes it. The marker is part of the rule. Matched as by Knuth, Morris and Pratt (1977), so that
/// one place knows both what the text is and how much of the marker has come:
///
///     text so far | beginning of the marker, `matched` symbols
///
/// The text's automaton must not allow texts that have the marker inside, or a place might have no
/// way on.
///
/// @param text       where the text before the marker's beginning stands
/// @param character  the bytes of its last character, if that is not whole
public record ClosedText(TextState text, Utf8Prefix character, Marker close, int matched)
        implements Position {

    /// The place at the beginning of a text, which some text must lead on from.
    public static ClosedText start(TextState text, Marker close) {
        return new ClosedText(text, Utf8Prefix.NONE, close, 0);
    }

    @Override
    public Position step(int b) {
        return symbol(b);
    }

    @Override
    public Position stepToken(int tokenId) {
        return symbol(StateTable.TOKEN + tokenId);
    }

    private Position symbol(int symbol) {
        if (close.symbol(matched) == symbol) {
            if (matched + 1 == close.length()) {
                return mayEnd() ? Done.DONE : Nowhere.NOWHERE;
            }
            return alive(new ClosedText(text, character, close, matched + 1));
        }
        // What looked like the marker is text after all, but for an end that begins it anew.
        int kept = matched;
        while (kept > 0 && !(close.symbol(kept - 1) == symbol
                && close.isBorder(matched, kept - 1))) {
            kept--;
        }
        ClosedText after = fed(matched + 1 - kept, symbol);
        return after.text == TextState.NONE ? Nowhere.NOWHERE
                : alive(new ClosedText(after.text, after.character, close, kept));
    }

    private boolean mayEnd() {
        return character.isWhole() && text.label() >= 0;
    }

    private static Position alive(ClosedText place) {
        boolean goesOn = place.mayEnd() || place.matched == 0
                || place.fed(place.matched, 0).text != TextState.NONE;
        return goesOn ? place : Nowhere.NOWHERE;
    }

    /// The place after the first `count` symbols of what has been matched and `last` behind it.
    private ClosedText fed(int count, int last) {
        ClosedText at = this;
        for (int i = 0; i < count && at.text != TextState.NONE; i++) {
            at = at.byteOfText(i < matched ? close.symbol(i) : last);
        }
        return at;
    }

    private ClosedText byteOfText(int b) {
        Utf8Prefix next = b < StateTable.TOKEN ? character.step(b) : Utf8Prefix.BROKEN;
        if (next.isBroken()) {
            return at(TextState.NONE, Utf8Prefix.NONE);
        }
        if (next.isWhole()) {
            return at(text.next(next.bits()), Utf8Prefix.NONE);
        }
        return text.anyNext(next.low(), next.high())
                ? at(text, text.isUniform(0x80) ? next.alike() : next)
                : at(TextState.NONE, Utf8Prefix.NONE);
    }

    private ClosedText at(TextState newText, Utf8Prefix newCharacter) {
        return new ClosedText(newText, newCharacter, close, matched);
    }

    @Override
    public boolean accepts() { return false; }

    @Override
    public Position sameMask(int characters) {
        TextState same = text.sameMask(characters + close.length());
        return same == text ? this : new ClosedText(same, character, close, matched);
    }

    @Override
    public boolean outsideJson() { return true; }
}
