package dev.sluice.runtime.grammar;

import dev.sluice.runtime.grammar.automaton.Position;
import dev.sluice.runtime.grammar.automaton.State;
import dev.sluice.runtime.grammar.automaton.StateTable;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/// The masks of one grammar over one vocabulary, computed when first asked for and shared by all
/// sequences. Any thread; two that ask at once for the same mask may both compute it.
final class MaskCache {
    /// Five thousand masks of a vocabulary of 100,000. Beyond it the cache starts anew.
    private static final long BYTES_MAX = 64L << 20;

    private final StateTable table;
    private final VocabularyTrie trie;
    private final Map<State, StateMask> masks = new ConcurrentHashMap<>();
    private final AtomicLong heldBytes = new AtomicLong();

    MaskCache(StateTable table, VocabularyTrie trie) {
        this.table = table;
        this.trie = trie;
    }

    VocabularyTrie trie() { return trie; }

    /// The mask of `state`; `walk` computes it where it is new.
    StateMask mask(State state, MaskWalk walk) {
        StateMask known = masks.get(state);
        return known != null ? known : compute(state, walk);
    }

    private StateMask compute(State state, MaskWalk walk) {
        Position shared = state.position().sameMask(trie.plain().longest());
        State owner = shared == state.position() ? state : table.state(shared);
        StateMask mask = masks.get(owner);
        if (mask == null) {
            mask = walk.mask(owner);
            if (heldBytes.addAndGet(mask.bytes()) > BYTES_MAX) {
                masks.clear();
                heldBytes.set(mask.bytes());
            }
            masks.put(owner, mask);
        }
        if (owner != state) {
            heldBytes.addAndGet(64);
            masks.put(state, mask);
        }
        return mask;
    }
}
