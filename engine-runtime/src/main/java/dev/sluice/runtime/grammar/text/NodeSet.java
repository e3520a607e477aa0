package dev.sluice.runtime.grammar.text;

import java.util.Arrays;
import java.util.BitSet;

/// Nodes of an [Nfa] that a text may have led to: ascending, closed under free moves. Equal by
/// value. Immutable.
record NodeSet(int[] nodes) {

    static NodeSet of(BitSet bits) {
        int[] nodes = new int[bits.cardinality()];
        int count = 0;
        for (int node = bits.nextSetBit(0); node >= 0; node = bits.nextSetBit(node + 1)) {
            nodes[count++] = node;
        }
        return new NodeSet(nodes);
    }

    boolean isEmpty() { return nodes.length == 0; }

    @Override
    public boolean equals(Object other) {
        return other instanceof NodeSet(int[] others) && Arrays.equals(nodes, others);
    }

    @Override
    public int hashCode() { return Arrays.hashCode(nodes); }
}
