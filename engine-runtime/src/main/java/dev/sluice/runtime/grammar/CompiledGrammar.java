package dev.sluice.runtime.grammar;

import dev.sluice.runtime.grammar.automaton.Position;
import dev.sluice.runtime.grammar.automaton.State;
import dev.sluice.runtime.grammar.automaton.StateTable;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;

/// A grammar as an automaton: where it begins, its states so far, and their masks for each
/// vocabulary. Any thread.
final class CompiledGrammar implements Grammar {
    private final Position start;
    private final List<String> notes;
    private final boolean isEmpty;
    private final boolean watchesKeys;
    private final StateTable table = new StateTable();
    private final Map<VocabularyTrie, MaskCache> caches = new WeakHashMap<>();

    /// @param watchesKeys  whether property names may come that only [KeyLedger] can tell apart
    CompiledGrammar(Position start, boolean isEmpty, boolean watchesKeys, List<String> notes) {
        this.start = start;
        this.isEmpty = isEmpty;
        this.watchesKeys = watchesKeys;
        this.notes = List.copyOf(notes);
    }

    @Override
    public boolean isEmpty() { return isEmpty; }

    @Override
    public List<String> notes() { return notes; }

    Position start() { return start; }

    boolean watchesKeys() { return watchesKeys; }

    StateTable table() { return table; }

    State startState() { return table.state(start); }

    synchronized MaskCache masks(VocabularyTrie trie) {
        MaskCache known = caches.get(trie);
        if (known == null) {
            known = new MaskCache(table, trie);
            caches.put(trie, known);
        }
        return known;
    }
}
