package dev.sluice.runtime.grammar;

import dev.sluice.runtime.grammar.automaton.Call;
import dev.sluice.runtime.grammar.automaton.Nowhere;
import dev.sluice.runtime.grammar.automaton.Position;
import java.util.Arrays;
import java.util.List;

/// A place in text that may be anything until a trigger comes, see [GrammarTrigger]. The text is
/// matched as by Knuth, Morris and Pratt (1977), all triggers at once: `matched` is the longest
/// end of the text so far that begins a trigger.
record FreeText(Triggers triggers, Matched matched) implements Position {

    /// Bytes, equal by value.
    record Matched(byte[] bytes) {
        static final Matched NONE = new Matched(new byte[0]);

        @Override
        public boolean equals(Object other) {
            return other instanceof Matched(byte[] others) && Arrays.equals(bytes, others);
        }

        @Override
        public int hashCode() { return Arrays.hashCode(bytes); }
    }

    @Override
    public Position step(int b) {
        byte[] text = Arrays.copyOf(matched.bytes, matched.bytes.length + 1);
        text[text.length - 1] = (byte) b;
        for (int from = 0; from < text.length; from++) {
            byte[] end = Arrays.copyOfRange(text, from, text.length);
            if (triggers.find(end) >= 0) {
                return new Triggered(triggers, triggers.find(end));
            }
            if (triggers.begins(end)) {
                return new FreeText(triggers, new Matched(end));
            }
        }
        return matched.bytes.length == 0 ? this : new FreeText(triggers, Matched.NONE);
    }

    @Override
    public Position stepToken(int tokenId) {
        int branch = triggers.find(tokenId);
        return branch >= 0 ? new Triggered(triggers, branch)
                : new FreeText(triggers, Matched.NONE);
    }

    @Override
    public boolean accepts() { return triggers.mayEndFree(); }

    @Override
    public boolean outsideJson() { return true; }

    /// Behind the trigger of a branch, before its grammar.
    record Triggered(Triggers triggers, int branch) implements Position {
        @Override
        public Position step(int b) { return Nowhere.NOWHERE; }

        @Override
        public boolean accepts() { return false; }

        @Override
        public List<Call> calls() {
            return List.of(new Call(triggers.rule(branch), triggers.closing(branch)));
        }

        @Override
        public boolean outsideJson() { return true; }
    }

    /// In the text that follows a branch's grammar.
    record Closing(Triggers triggers, int branch, int at) implements Position {
        @Override
        public Position step(int b) {
            byte[] text = triggers.closingText(branch);
            if ((text[at] & 0xff) != b) {
                return Nowhere.NOWHERE;
            }
            return at + 1 == text.length ? triggers.afterwards()
                    : new Closing(triggers, branch, at + 1);
        }

        @Override
        public boolean accepts() { return false; }

        @Override
        public boolean outsideJson() { return true; }
    }
}
