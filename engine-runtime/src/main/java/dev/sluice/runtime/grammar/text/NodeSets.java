package dev.sluice.runtime.grammar.text;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.TreeSet;

/// The subset construction: an [Nfa] read as a deterministic automaton whose states are sets of
/// nodes. Nodes from which no match can be reached are left out of every set, so a set that is not
/// empty can always be completed. Immutable.
final class NodeSets {
    private final Nfa nfa;
    private final BitSet alive;
    private final BitSet[] closures;
    private final NodeSet start;

    NodeSets(Nfa nfa) {
        this.nfa = nfa;
        alive = alive();
        closures = new BitSet[nfa.size()];
        start = close(nfa.start(), true);
    }

    NodeSet start() { return start; }

    Nfa nfa() { return nfa; }

    NodeSet next(NodeSet from, int codePoint) {
        return from.moves(this).target(codePoint);
    }

    /// Where each range of code points leads from a set.
    NodeSet.Moves moves(NodeSet from) {
        int[] starts = boundaries(from);
        NodeSet[] targets = new NodeSet[starts.length];
        for (int i = 0; i < starts.length; i++) {
            var bits = new BitSet();
            for (int node : from.nodes()) {
                if (nfa.kind(node) == Nfa.Kind.CHARACTERS && nfa.set(node).contains(starts[i])) {
                    bits.or(closure(nfa.target(node)));
                }
            }
            targets[i] = NodeSet.of(bits);
        }
        return new NodeSet.Moves(starts, targets);
    }

    private int[] boundaries(NodeSet set) {
        var bounds = new TreeSet<Integer>();
        bounds.add(0);
        for (int node : set.nodes()) {
            CodePoints points = nfa.set(node);
            for (int i = 0; i < points.rangeCount(); i++) {
                bounds.add(points.low(i));
                bounds.add(points.high(i) + 1);
            }
        }
        bounds.remove(CodePoints.MAX + 1);
        int[] starts = new int[bounds.size()];
        int count = 0;
        for (int bound : bounds) {
            starts[count++] = bound;
        }
        return starts;
    }

    /// The live nodes reached from a node without reading. Not to be changed.
    private BitSet closure(int node) {
        BitSet known = closures[node];
        if (known == null) {
            known = new BitSet();
            nfa.close(node, false, false, known);
            known.and(alive);
            closures[node] = known;
        }
        return known;
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
