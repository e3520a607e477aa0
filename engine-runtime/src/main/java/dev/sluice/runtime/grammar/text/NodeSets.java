package dev.sluice.runtime.grammar.text;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/// The subset construction: an [Nfa] read as a deterministic automaton whose states are sets of
/// nodes. Nodes from which no match can be reached are left out of every set, so a set that is not
/// empty can always be completed. Immutable.
final class NodeSets {
    private final Nfa nfa;
    private final BitSet alive;
    private final NodeSet start;

    NodeSets(Nfa nfa) {
        this.nfa = nfa;
        alive = alive();
        start = close(nfa.start(), true);
    }

    NodeSet start() { return start; }

    Nfa nfa() { return nfa; }

    NodeSet next(NodeSet from, int codePoint) {
        var bits = new BitSet();
        for (int node : from.nodes()) {
            if (nfa.kind(node) == Nfa.Kind.CHARACTERS && nfa.set(node).contains(codePoint)) {
                nfa.close(nfa.target(node), false, false, bits);
            }
        }
        bits.and(alive);
        return NodeSet.of(bits);
    }

    boolean anyNext(NodeSet from, int low, int high) {
        for (int node : from.nodes()) {
            if (nfa.kind(node) == Nfa.Kind.CHARACTERS && alive.get(node)
                    && nfa.set(node).intersects(low, high)) {
                return true;
            }
        }
        return false;
    }

    boolean accepts(NodeSet set) {
        for (int node : set.nodes()) {
            if (node == Nfa.MATCH) {
                return true;
            }
            if (nfa.kind(node) == Nfa.Kind.TEXT_END) {
                var bits = new BitSet();
                nfa.close(node, false, true, bits);
                if (bits.get(Nfa.MATCH)) {
                    return true;
                }
            }
        }
        return false;
    }

    /// Rules that may begin here, each with the set after it.
    List<CallTo> calls(NodeSet set) {
        var calls = new ArrayList<CallTo>();
        for (int node : set.nodes()) {
            if (nfa.kind(node) == Nfa.Kind.CALL) {
                calls.add(new CallTo(node, close(nfa.target(node), false)));
            }
        }
        return calls;
    }

    record CallTo(int node, NodeSet after) { }

    private NodeSet close(int node, boolean atStart) {
        var bits = new BitSet();
        nfa.close(node, atStart, false, bits);
        bits.and(alive);
        return NodeSet.of(bits);
    }

    /// Nodes from which the match can be reached. A check for the start of the text never passes
    /// after a character; behind a check for the end only the match may come.
    private BitSet alive() {
        return reaching(true);
    }

    private BitSet reaching(boolean reading) {
        int size = nfa.size();
        List<List<Integer>> before = new ArrayList<>();
        for (int node = 0; node < size; node++) {
            before.add(new ArrayList<>());
        }
        var ends = reading ? reaching(false) : new BitSet();
        for (int node = 0; node < size; node++) {
            boolean passes = switch (nfa.kind(node)) {
                case FREE -> true;
                case CHARACTERS -> reading && !nfa.set(node).isEmpty();
                case CALL -> reading;
                case TEXT_END -> !reading || ends.get(nfa.target(node));
                case MATCH, TEXT_START -> false;
            };
            for (int target : passes ? nfa.targets(node) : new int[0]) {
                before.get(target).add(node);
            }
        }
        var reached = new BitSet();
        var stack = new ArrayList<Integer>();
        stack.add(Nfa.MATCH);
        reached.set(Nfa.MATCH);
        while (!stack.isEmpty()) {
            for (int node : before.get(stack.removeLast())) {
                if (!reached.get(node)) {
                    reached.set(node);
                    stack.add(node);
                }
            }
        }
        return reached;
    }
}
