package dev.sluice.runtime.grammar;

import dev.sluice.runtime.grammar.automaton.Frame;
import dev.sluice.runtime.grammar.automaton.State;
import dev.sluice.runtime.grammar.automaton.StateTable;
import dev.sluice.runtime.grammar.automaton.Tips;
import java.util.Arrays;

/// How a token mask is computed: walk the vocabulary's trie and step the grammar along.
///
///     at each node      tips = parent's tips stepped by the node's byte
///                       none left: leave out the subtree
///                       else: allow the tokens that end at this node
///
/// A mask is cached for each state of the grammar (see [MaskCache]), so it must not depend on what
/// lies below that state's rule on the stack. A token that goes on after the end of the rule does
/// depend on it. The walk notes the node where the rule may end, an *exit*, and the mask for one
/// sequence is then
///
///     mask(state, stack)  =  cached(state)
///                         |  for each exit: the exit's subtree walked from the state below
///                         |  when the state itself accepts: mask(state below, stack below)
///
/// Exits have small subtrees (what tokens hold after a closing quote), so the cached part serves
/// nearly all of the vocabulary. The split into tokens that depend on the stack and tokens that do
/// not is that of XGrammar (Dong et al. 2024, section 3.1); there it is made for all states ahead
/// of time, here for those that are met, when they are met.
///
/// Inside free text (a string without a pattern) plain tokens are taken at once, see [PlainTokens],
/// and only the subtrees that hold others are walked. Holds buffers; one thread.
final class MaskWalk {
    private final StateTable table;
    private final VocabularyTrie trie;
    private Tips[] levels = {new Tips()};
    private boolean[] free = {false};
    private int[] characters = {0};
    private int[] exits = new int[64];
    private int exitCount;

    MaskWalk(StateTable table, VocabularyTrie trie) {
        this.table = table;
        this.trie = trie;
    }

    /// The mask of `state`, whatever lies below its rule.
    StateMask mask(State state) {
        long[] words = new long[(trie.vocab() + 63) / 64];
        exitCount = 0;
        Frame bottom = Frame.bottom();
        walk(0, state, bottom, words, true);
        for (int id : trie.control()) {
            levels[0].clear();
            levels[0].add(state, bottom);
            level(1).step(table, levels[0], StateTable.TOKEN + id);
            if (!levels[1].isEmpty()) {
                words[id >> 6] |= 1L << id;
            }
        }
        return StateMask.of(words, Arrays.copyOf(exits, exitCount));
    }

    /// Sets the bits of the tokens below `node` that can follow (`state`, `frame`), which is where
    /// the grammar stands after the bytes of `node`.
    void walk(int node, State state, Frame frame, long[] words, boolean noteExits) {
        int from = trie.depth(node);
        int end = trie.after(node);
        Tips start = levels[0];
        start.clear();
        start.add(state, frame);
        free[0] = false;
        enter(node, 0, words);
        int at = node + 1;
        while (at < end) {
            int depth = trie.depth(at) - from;
            if (free[depth - 1] && !trie.plain().mixed(at)) {
                at = trie.after(at);
                continue;
            }
            Tips tips = level(depth);
            tips.step(table, levels[depth - 1], trie.label(at));
            if (tips.isEmpty()) {
                at = trie.after(at);
                continue;
            }
            int firstAfter = trie.firstToken(at + 1);
            for (int i = trie.firstToken(at); i < firstAfter; i++) {
                int id = trie.token(i);
                words[id >> 6] |= 1L << id;
            }
            enter(at, depth, words);
            if (noteExits && trie.after(at) > at + 1 && reachesBottom(tips)) {
                noteExit(at);
            }
            at++;
        }
    }

    /// Takes the plain tokens below `node` at once if the grammar stands in free text there.
    private void enter(int node, int depth, long[] words) {
        boolean inside = depth > 0 && free[depth - 1];
        boolean lead = depth > 0 && (trie.label(node) & 0xC0) != 0x80;
        characters[depth] = depth == 0 ? charactersOf(node)
                : characters[depth - 1] + (lead ? 1 : 0);
        Tips tips = levels[depth];
        int text = tips.size() == 1 ? tips.state(0).freeText() : 0;
        free[depth] = text > 0;
        if (text > 0 && !inside) {
            trie.plain().allow(trie, node, characters[depth], text, words);
        }
    }

    /// Characters that begin on the way to `node`: the leads up the path. Only exits ask.
    private int charactersOf(int node) {
        if (node == 0) {
            return 0;
        }
        byte[] text = trie.bytes(trie.token(trie.firstToken(node)));
        int count = 0;
        for (int i = 0; i < trie.depth(node); i++) {
            count += (text[i] & 0xC0) != 0x80 ? 1 : 0;
        }
        return count;
    }

    private static boolean reachesBottom(Tips tips) {
        for (int i = 0; i < tips.size(); i++) {
            if (Tips.reachesBottom(tips.state(i), tips.frame(i))) {
                return true;
            }
        }
        return false;
    }

    private void noteExit(int node) {
        if (exitCount == exits.length) {
            exits = Arrays.copyOf(exits, 2 * exitCount);
        }
        exits[exitCount++] = node;
    }

    private Tips level(int depth) {
        if (depth >= levels.length) {
            int size = 2 * depth;
            int known = levels.length;
            levels = Arrays.copyOf(levels, size);
            free = Arrays.copyOf(free, size);
            characters = Arrays.copyOf(characters, size);
            for (int i = known; i < size; i++) {
                levels[i] = new Tips();
            }
        }
        return levels[depth];
    }
}
