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
    /// Per depth the only state there, on the stack that the walk began with. Most nodes have just
    /// that, and then the tips are not kept.
    private State[] alone = new State[1];
    private Frame stack = Frame.bottom();
    /// Per depth the end of the subtree in whose free text the grammar stands, 0 outside of any.
    private int[] freeEnd = new int[1];
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
            alone[0] = state;
            if (step(1, StateTable.TOKEN + id)) {
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
        stack = frame;
        alone[0] = state;
        enter(node, 0, words);
        int at = node + 1;
        while (at < end) {
            int depth = trie.depth(at) - from;
            if (freeEnd[depth - 1] > 0 && trie.plain().mixed(at) > at) {
                at = Math.min(trie.plain().mixed(at), freeEnd[depth - 1]);
                continue;
            }
            if (!step(depth, trie.label(at))) {
                at = trie.after(at);
                continue;
            }
            int firstAfter = trie.firstToken(at + 1);
            for (int i = trie.firstToken(at); i < firstAfter; i++) {
                int id = trie.token(i);
                words[id >> 6] |= 1L << id;
            }
            enter(at, depth, words);
            if (noteExits && trie.after(at) > at + 1 && reachesBottom(depth)) {
                noteExit(at);
            }
            at++;
        }
    }

    /// Steps from the level above to `depth`. False when nothing is left.
    private boolean step(int depth, int label) {
        if (depth >= levels.length) {
            grow(2 * depth);
        }
        State above = alone[depth - 1];
        if (above != null && !above.hasCalls() && (!above.accepts() || stack.isBottom())) {
            State next = table.step(above, label);
            alone[depth] = next;
            return !next.isDead();
        }
        Tips before = levels[depth - 1];
        if (above != null) {
            before.clear();
            before.add(above, stack);
        }
        Tips tips = levels[depth];
        tips.step(table, before, label);
        boolean one = tips.size() == 1 && tips.frame(0) == stack;
        alone[depth] = one ? tips.state(0) : null;
        return !tips.isEmpty();
    }

    /// Takes the plain tokens below `node` at once if the grammar stands in free text there.
    private void enter(int node, int depth, long[] words) {
        boolean inside = depth > 0 && freeEnd[depth - 1] > 0;
        State state = alone[depth];
        if (state == null && levels[depth].size() == 1) {
            state = levels[depth].state(0);
        }
        int text = state == null ? 0 : state.freeText();
        freeEnd[depth] = text > 0 ? trie.after(node) : 0;
        if (text > 0 && !inside) {
            trie.plain().allow(trie, node, charactersOf(node), text, words);
        }
    }

    /// Characters that begin on the way to `node`.
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

    private boolean reachesBottom(int depth) {
        if (alone[depth] != null) {
            return Tips.reachesBottom(alone[depth], stack);
        }
        return reachesBottom(levels[depth]);
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

    private void grow(int size) {
        int known = levels.length;
        levels = Arrays.copyOf(levels, size);
        alone = Arrays.copyOf(alone, size);
        freeEnd = Arrays.copyOf(freeEnd, size);
        for (int i = known; i < size; i++) {
            levels[i] = new Tips();
        }
    }
}
