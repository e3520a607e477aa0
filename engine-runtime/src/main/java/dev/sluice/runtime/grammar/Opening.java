package dev.sluice.runtime.grammar;

import dev.sluice.runtime.grammar.FreeText.Matched;
import dev.sluice.runtime.grammar.FreeText.Triggered;
import dev.sluice.runtime.grammar.automaton.Call;
import dev.sluice.runtime.grammar.automaton.Done;
import dev.sluice.runtime.grammar.automaton.Nowhere;
import dev.sluice.runtime.grammar.automaton.Position;
import dev.sluice.runtime.grammar.automaton.Rule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// A place where a trigger has to come now, see [GrammarStart]: `matched` is its beginning, as far
/// as it has come.
record Opening(Triggers triggers, Matched matched, int space) implements Position {
    /// White space before a trigger: templates write at most an empty line.
    private static final int SPACE_MAX = 2;

    @Override
    public Position step(int b) {
        byte[] text = Arrays.copyOf(matched.bytes(), matched.bytes().length + 1);
        text[text.length - 1] = (byte) b;
        if (triggers.find(text) >= 0) {
            return new Triggered(triggers, triggers.find(text));
        }
        if (triggers.begins(text)) {
            return new Opening(triggers, new Matched(text), space);
        }
        boolean isSpace = b == ' ' || b == '\n';
        return isSpace && text.length == 1 && space < SPACE_MAX
                ? new Opening(triggers, matched, space + 1) : Nowhere.NOWHERE;
    }

    @Override
    public Position stepToken(int tokenId) {
        int branch = isBlank() ? triggers.find(tokenId) : -1;
        return branch >= 0 ? new Triggered(triggers, branch) : Nowhere.NOWHERE;
    }

    @Override
    public boolean accepts() { return isBlank() && triggers.mayEndFree(); }

    @Override
    public List<Call> calls() {
        var calls = new ArrayList<Call>();
        if (isBlank() && space == 0) {
            for (Rule other : triggers.others()) {
                calls.add(new Call(other, Done.DONE));
            }
        }
        return calls;
    }

    @Override
    public boolean outsideJson() { return true; }

    private boolean isBlank() { return matched.bytes().length == 0; }
}
