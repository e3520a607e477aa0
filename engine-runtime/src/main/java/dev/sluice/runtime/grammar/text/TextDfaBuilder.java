package dev.sluice.runtime.grammar.text;

import dev.sluice.runtime.grammar.automaton.Budget;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Builds a [TextDfa] from states that are discovered one after the other, known by a key each,
/// and leaves out those from which no label can be reached. One use, one thread.
final class TextDfaBuilder<K> {
    private final Budget budget;
    private final Map<K, Integer> numbers = new HashMap<>();
    private final List<K> keys = new ArrayList<>();
    private final List<int[]> starts = new ArrayList<>();
    private final List<int[]> targets = new ArrayList<>();
    private final List<Integer> labels = new ArrayList<>();

    TextDfaBuilder(Budget budget) {
        this.budget = budget;
    }

    /// The number of the state with this key, which is new if it was not asked for before.
    int state(K key) {
        Integer known = numbers.get(key);
        if (known != null) {
            return known;
        }
        budget.spend(10);
        numbers.put(key, keys.size());
        keys.add(key);
        return keys.size() - 1;
    }

    /// The first state that has no ranges yet, if there is one.
    boolean hasNext() { return starts.size() < keys.size(); }

    K next() { return keys.get(starts.size()); }

    /// Completes the state of [#next]. Neighbouring ranges with one target are joined.
    void complete(int[] from, int[] to, int label) {
        budget.spend(from.length);
        int size = 0;
        int[] joinedFrom = new int[from.length];
        int[] joinedTo = new int[from.length];
        for (int i = 0; i < from.length; i++) {
            if (size == 0 || joinedTo[size - 1] != to[i]) {
                joinedFrom[size] = from[i];
                joinedTo[size++] = to[i];
            }
        }
        starts.add(Arrays.copyOf(joinedFrom, size));
        targets.add(Arrays.copyOf(joinedTo, size));
        labels.add(label);
    }

    TextDfa build() {
        int[] numbered = alive();
        int count = 0;
        for (int state = 0; state < numbered.length; state++) {
            numbered[state] = numbered[state] == 0 ? TextDfa.DEAD : count++;
        }
        if (count == 0 || numbered[0] == TextDfa.DEAD) {
            return new TextDfa(new int[0][], new int[0][], new int[0]);
        }
        int[][] keptStarts = new int[count][];
        int[][] keptTargets = new int[count][];
        int[] keptLabels = new int[count];
        for (int state = 0; state < numbered.length; state++) {
            int to = numbered[state];
            if (to != TextDfa.DEAD) {
                keptStarts[to] = starts.get(state);
                keptLabels[to] = labels.get(state);
                keptTargets[to] = targets.get(state).clone();
                for (int i = 0; i < keptTargets[to].length; i++) {
                    int target = keptTargets[to][i];
                    keptTargets[to][i] = target == TextDfa.DEAD ? target : numbered[target];
                }
            }
        }
        return new TextDfa(keptStarts, keptTargets, keptLabels);
    }

    /// 1 for the states from which a label can be reached.
    private int[] alive() {
        int size = starts.size();
        List<List<Integer>> before = new ArrayList<>();
        for (int state = 0; state < size; state++) {
            before.add(new ArrayList<>());
        }
        int[] alive = new int[size];
        var stack = new ArrayList<Integer>();
        for (int state = 0; state < size; state++) {
            for (int target : targets.get(state)) {
                if (target != TextDfa.DEAD) {
                    before.get(target).add(state);
                }
            }
            if (labels.get(state) != TextDfa.NO_LABEL) {
                alive[state] = 1;
                stack.add(state);
            }
        }
        while (!stack.isEmpty()) {
            for (int state : before.get(stack.removeLast())) {
                if (alive[state] == 0) {
                    alive[state] = 1;
                    stack.add(state);
                }
            }
        }
        return alive;
    }
}
