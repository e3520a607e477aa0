package dev.sluice.runtime.grammar.text;

import java.util.Arrays;
import java.util.BitSet;

/// Nodes of an [Nfa] that a text may have led to: ascending, closed under free moves. Equal by
/// value. Immutable but for its moves, which are found once and remembered; any thread.
final class NodeSet {
    private final int[] nodes;
    private final int hash;
    private Moves moves;

    /// Where each range of code points leads: `starts[i]` to `starts[i + 1]`, exclusive, to
    /// `targets[i]`, which is empty where nothing follows.
    record Moves(int[] starts, NodeSet[] targets) {

        NodeSet target(int codePoint) {
            int found = Arrays.binarySearch(starts, codePoint);
            return targets[found >= 0 ? found : -found - 2];
        }
    }

    NodeSet(int[] nodes) {
        this.nodes = nodes;
        hash = Arrays.hashCode(nodes);
    }

    static NodeSet of(BitSet bits) {
        int[] nodes = new int[bits.cardinality()];
        int count = 0;
        for (int node = bits.nextSetBit(0); node >= 0; node = bits.nextSetBit(node + 1)) {
            nodes[count++] = node;
        }
        return new NodeSet(nodes);
    }

    int[] nodes() { return nodes; }

    boolean isEmpty() { return nodes.length == 0; }

    /// What `sets` found for this set. Racing threads may both look.
    Moves moves(NodeSets sets) {
        Moves known = moves;
        if (known == null) {
            known = sets.moves(this);
            moves = known;
        }
        return known;
    }

    @Override
    public boolean equals(Object other) {
        return this == other || other instanceof NodeSet set && hash == set.hash
                && Arrays.equals(nodes, set.nodes);
    }

    @Override
    public int hashCode() { return hash; }

    @Override
    public String toString() { return Arrays.toString(nodes); }
}
