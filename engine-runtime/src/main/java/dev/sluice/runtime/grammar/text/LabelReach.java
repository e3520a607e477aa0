package dev.sluice.runtime.grammar.text;

import dev.sluice.runtime.grammar.automaton.Budget;
import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.BitSet;

/// For each state of a [TextDfa] the labels that can be reached from it. Immutable; equal by
/// identity.
public final class LabelReach {
    private final BigInteger[] labels;

    public LabelReach(TextDfa dfa, Budget budget) {
        int size = dfa.size();
        BitSet[] reached = new BitSet[size];
        BitSet[] before = new BitSet[size];
        for (int state = 0; state < size; state++) {
            reached[state] = new BitSet();
            before[state] = new BitSet();
        }
        var changed = new ArrayDeque<Integer>();
        for (int state = 0; state < size; state++) {
            for (int target : dfa.targets(state)) {
                if (target != TextDfa.DEAD) {
                    before[target].set(state);
                }
            }
            if (dfa.label(state) >= 0) {
                reached[state].set(dfa.label(state));
                changed.add(state);
            }
        }
        while (!changed.isEmpty()) {
            int state = changed.remove();
            for (int from = before[state].nextSetBit(0); from >= 0;
                    from = before[state].nextSetBit(from + 1)) {
                budget.spend(1 + reached[state].length() / 512);
                int known = reached[from].cardinality();
                reached[from].or(reached[state]);
                if (reached[from].cardinality() > known) {
                    changed.add(from);
                }
            }
        }
        labels = new BigInteger[size];
        for (int state = 0; state < size; state++) {
            labels[state] = bits(reached[state]);
        }
    }

    /// Whether a label of `wanted` can be reached from `state`.
    public boolean anyOf(int state, BigInteger wanted) {
        return labels[state].and(wanted).signum() != 0;
    }

    private static BigInteger bits(BitSet set) {
        byte[] little = set.toByteArray();
        byte[] big = new byte[little.length];
        for (int i = 0; i < big.length; i++) {
            big[i] = little[big.length - 1 - i];
        }
        return new BigInteger(1, big);
    }
}
