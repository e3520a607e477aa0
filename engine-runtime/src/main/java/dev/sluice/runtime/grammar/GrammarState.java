package dev.sluice.runtime.grammar;

import dev.sluice.runtime.TokenMask;
import dev.sluice.runtime.grammar.automaton.Frame;
import dev.sluice.runtime.grammar.automaton.State;
import dev.sluice.runtime.grammar.automaton.StateTable;
import dev.sluice.runtime.grammar.automaton.Tips;
import java.util.Arrays;

/// Where one sequence stands in a [Grammar]. [#fill] says which tokens may come next, [#accept]
/// takes the one that came. Every token that a mask allows leaves some way to end the text.
///
/// What came before is a chain of moments that copies share: [#copy] takes constant time, and
/// [#rollback] goes back along the chain. Engine thread only, its copies included.
public final class GrammarState {
    private final CompiledGrammar grammar;
    private final VocabularyTrie trie;
    private final MaskCache masks;
    private final MaskWalk walk;
    private final long[] words;
    private final Tips now;
    private final Tips next;
    private Moment moment;

    /// The grammar's positions after one token, and the moment before it.
    private record Moment(State[] states, Frame[] frames, KeyLedger keys, boolean ended,
            Moment before) { }

    /// The beginning of a text. The trie's vocabulary is that of the masks to fill.
    public GrammarState(Grammar grammar, VocabularyTrie trie) {
        this.grammar = switch (grammar) {
            case CompiledGrammar compiled -> compiled;
        };
        this.trie = trie;
        masks = this.grammar.masks(trie);
        walk = new MaskWalk(this.grammar.table(), trie);
        words = new long[(trie.vocab() + 63) / 64];
        now = new Tips();
        next = new Tips();
        State[] start = {this.grammar.startState()};
        moment = new Moment(start, new Frame[] {Frame.bottom()}, KeyLedger.START, false, null);
    }

    private GrammarState(GrammarState other) {
        grammar = other.grammar;
        trie = other.trie;
        masks = other.masks;
        // Buffers hold nothing between calls, and copies stay on one thread.
        walk = other.walk;
        words = other.words;
        now = other.now;
        next = other.next;
        moment = other.moment;
    }

    /// The same place, for a fork of the sequence.
    public GrammarState copy() {
        return new GrammarState(this);
    }

    /// Allows exactly the tokens that [#accept] would take, those that end the text included where
    /// it may end. Empty only after such a token, or where the text must end and the vocabulary has
    /// no token that ends it: ask [#complete] first.
    public void fill(TokenMask mask) {
        Arrays.fill(words, 0);
        if (!moment.ended) {
            for (int i = 0; i < moment.states.length; i++) {
                add(moment.states[i], moment.frames[i]);
            }
            load();
            if (grammar.watchesKeys() && !isFree(now)) {
                moment.keys.forbidRepeated(trie, words);
            }
        }
        if (!moment.ended && canEnd()) {
            for (int id : trie.endOfGeneration()) {
                words[id >> 6] |= 1L << id;
            }
        }
        mask.allowOnly(words);
    }

    /// Takes a token. False, and nothing changed, when it may not come here.
    public boolean accept(int tokenId) {
        byte[] bytes = tokenId >= 0 && tokenId < trie.vocab() ? trie.bytes(tokenId) : new byte[0];
        if (bytes.length > 0) {
            return accept(bytes);
        }
        for (int id : trie.endOfGeneration()) {
            if (id == tokenId) {
                return end();
            }
        }
        load();
        next.step(grammar.table(), now, StateTable.TOKEN + tokenId);
        if (moment.ended || next.isEmpty()) {
            return false;
        }
        now.copyFrom(next);
        advance(moment.keys);
        return true;
    }

    /// Takes text that was not drawn token by token; it counts as one token for [#rollback].
    /// False, and nothing changed, when it may not come here.
    public boolean accept(byte[] text) {
        load();
        KeyLedger keys = moment.keys;
        for (byte b : text) {
            next.step(grammar.table(), now, b & 0xff);
            if (moment.ended || next.isEmpty()) {
                return false;
            }
            now.copyFrom(next);
            if (grammar.watchesKeys()) {
                keys = isFree(now) ? KeyLedger.START : keys.step(b & 0xff);
                if (keys.isRepeated()) {
                    return false;
                }
            }
        }
        advance(keys);
        return true;
    }

    /// Whether the text may end here.
    public boolean canEnd() {
        if (moment.ended) {
            return true;
        }
        load();
        return now.canEnd();
    }

    /// Whether the text has ended, or nothing but its end may follow.
    public boolean complete() {
        if (moment.ended) {
            return true;
        }
        load();
        return now.mustEnd();
    }

    /// Takes back the last `tokens` tokens.
    public void rollback(int tokens) {
        Moment at = moment;
        for (int i = 0; i < tokens; i++) {
            at = at.before;
            if (at == null) {
                throw new IllegalArgumentException(
                        "rollback of %d tokens, %d were accepted".formatted(tokens, i));
            }
        }
        moment = at;
    }

    private boolean end() {
        if (moment.ended || !canEnd()) {
            return false;
        }
        moment = new Moment(moment.states, moment.frames, moment.keys, true, moment);
        return true;
    }

    private void add(State top, Frame stack) {
        State state = top;
        Frame frame = stack;
        while (true) {
            StateMask mask = masks.mask(state, walk);
            mask.addTo(words);
            if (frame.isBottom()) {
                return;
            }
            for (int exit : mask.exits()) {
                walk.walk(exit, frame.after(), frame.parent(), words, false);
            }
            if (!state.accepts()) {
                return;
            }
            state = frame.after();
            frame = frame.parent();
        }
    }

    private void load() {
        now.clear();
        for (int i = 0; i < moment.states.length; i++) {
            now.add(moment.states[i], moment.frames[i]);
        }
    }

    private void advance(KeyLedger keys) {
        State[] states = new State[now.size()];
        Frame[] frames = new Frame[now.size()];
        for (int i = 0; i < states.length; i++) {
            states[i] = now.state(i);
            frames[i] = now.frame(i);
        }
        moment = new Moment(states, frames, keys, false, moment);
    }

    /// Whether the text is outside of any JSON, before or after a trigger.
    private static boolean isFree(Tips tips) {
        for (int i = 0; i < tips.size(); i++) {
            if (tips.state(i).position().outsideJson()) {
                return true;
            }
        }
        return false;
    }
}
