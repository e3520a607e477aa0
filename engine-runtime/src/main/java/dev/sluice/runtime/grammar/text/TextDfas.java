package dev.sluice.runtime.grammar.text;

import dev.sluice.runtime.grammar.automaton.Budget;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.ToIntFunction;

/// Makes automata of texts: from expressions, from lists of words, and from each other.
public final class TextDfas {
    private TextDfas() { }

    /// The texts that the whole expression matches, labelled 0, by the subset construction.
    public static TextDfa of(Expression expression, Budget budget) {
        if (isAnything(expression)) {
            return TextDfa.ANYTHING;
        }
        var sets = new NodeSets(Nfa.of(expression, budget, Set.of()));
        var builder = new TextDfaBuilder<NodeSet>(budget);
        builder.state(sets.start());
        while (builder.hasNext()) {
            NodeSet set = builder.next();
            NodeSet.Moves moves = set.moves(sets);
            int[] from = moves.starts();
            int[] to = new int[from.length];
            budget.spend(from.length * (1 + set.nodes().length / 8));
            for (int i = 0; i < from.length; i++) {
                NodeSet next = moves.targets()[i];
                to[i] = next.isEmpty() ? TextDfa.DEAD : builder.state(next);
            }
            builder.complete(from, to, sets.accepts(set) ? 0 : TextDfa.NO_LABEL);
        }
        return builder.build();
    }

    private static boolean isAnything(Expression expression) {
        return expression.equals(Expression.anything());
    }

    /// Exactly these texts; the label of each is its index.
    public static TextDfa words(List<String> words, Budget budget) {
        var indexes = new TreeMap<String, Integer>();
        for (int i = 0; i < words.size(); i++) {
            indexes.put(words.get(i), i);
        }
        var builder = new TextDfaBuilder<String>(budget);
        builder.state("");
        while (builder.hasNext()) {
            String prefix = builder.next();
            var nexts = new TreeSet<Integer>();
            for (String word : indexes.tailMap(prefix).keySet()) {
                if (!word.startsWith(prefix)) {
                    break;
                }
                budget.spend(1 + prefix.length() / 16);
                if (word.length() > prefix.length()) {
                    nexts.add(word.codePointAt(prefix.length()));
                }
            }
            int[] from = new int[2 * nexts.size() + 1];
            int[] to = new int[from.length];
            to[0] = TextDfa.DEAD;
            int size = 1;
            for (int c : nexts) {
                if (size > 1 && from[size - 1] == c || c == 0) {
                    size--;
                }
                from[size] = c;
                to[size++] = builder.state(prefix + Character.toString(c));
                from[size] = c + 1;
                to[size++] = TextDfa.DEAD;
            }
            builder.complete(Arrays.copyOf(from, size), Arrays.copyOf(to, size),
                    indexes.getOrDefault(prefix, TextDfa.NO_LABEL));
        }
        return builder.build();
    }

    /// All automata run side by side. The label of a text is made of the labels that they give it,
    /// [TextDfa#NO_LABEL] where one does not have it.
    public static TextDfa product(List<TextDfa> parts, ToIntFunction<int[]> label, Budget budget) {
        var builder = new TextDfaBuilder<NodeSet>(budget);
        int[] start = new int[parts.size()];
        for (int i = 0; i < start.length; i++) {
            start[i] = parts.get(i).isEmpty() ? TextDfa.DEAD : 0;
        }
        builder.state(new NodeSet(start));
        while (builder.hasNext()) {
            int[] states = builder.next().nodes();
            int[] from = boundaries(parts, states);
            int[] to = new int[from.length];
            for (int i = 0; i < from.length; i++) {
                budget.spend(states.length);
                int[] next = new int[states.length];
                for (int p = 0; p < next.length; p++) {
                    next[p] = states[p] == TextDfa.DEAD ? TextDfa.DEAD
                            : parts.get(p).next(states[p], from[i]);
                }
                to[i] = builder.state(new NodeSet(next));
            }
            builder.complete(from, to, label.applyAsInt(labels(parts, states)));
        }
        return builder.build();
    }

    private static int[] labels(List<TextDfa> parts, int[] states) {
        int[] labels = new int[states.length];
        for (int p = 0; p < labels.length; p++) {
            labels[p] = states[p] == TextDfa.DEAD ? TextDfa.NO_LABEL
                    : parts.get(p).label(states[p]);
        }
        return labels;
    }

    private static int[] boundaries(List<TextDfa> parts, int[] states) {
        int[] all = {0};
        for (int p = 0; p < states.length; p++) {
            if (states[p] != TextDfa.DEAD) {
                int[] more = parts.get(p).starts(states[p]);
                int[] joined = Arrays.copyOf(all, all.length + more.length);
                System.arraycopy(more, 0, joined, all.length, more.length);
                all = joined;
            }
        }
        Arrays.sort(all);
        int size = 1;
        for (int i = 1; i < all.length; i++) {
            if (all[i] != all[size - 1]) {
                all[size++] = all[i];
            }
        }
        return Arrays.copyOf(all, size);
    }

    /// The texts of `dfa` when there are at most `limit`, each shorter than `limit` characters
    /// and to be counted quickly; otherwise nothing.
    public static Collection<String> fewWords(TextDfa dfa, int limit) {
        var words = new ArrayList<String>();
        boolean few = dfa.isEmpty() || collect(dfa, 0, "", words, limit);
        return few ? words : List.of();
    }

    private static boolean collect(TextDfa dfa, int state, String prefix, List<String> words,
            int limit) {
        if (dfa.label(state) != TextDfa.NO_LABEL) {
            words.add(prefix);
        }
        if (words.size() > limit || prefix.length() > limit) {
            return false;
        }
        int[] starts = dfa.starts(state);
        for (int i = 0; i < starts.length; i++) {
            int target = dfa.targets(state)[i];
            int end = i + 1 < starts.length ? starts[i + 1] : CodePoints.MAX + 1;
            if (target != TextDfa.DEAD && end - starts[i] > limit) {
                return false;
            }
            for (int c = starts[i]; target != TextDfa.DEAD && c < end; c++) {
                if (!collect(dfa, target, prefix + Character.toString(c), words, limit)) {
                    return false;
                }
            }
        }
        return true;
    }
}
