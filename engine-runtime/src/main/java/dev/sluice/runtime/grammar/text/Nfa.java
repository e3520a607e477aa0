package dev.sluice.runtime.grammar.text;

import dev.sluice.runtime.grammar.automaton.Budget;
import dev.sluice.runtime.grammar.automaton.Rule;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Set;

/// A nondeterministic automaton over code points, by Thompson's construction (1968): each node
/// reads a character, calls a rule, checks for an end of the text, or goes on freely to others.
/// Node 0 is the end of the match. Immutable after [#of].
final class Nfa {
    static final int MATCH = 0;

    /// What a node does before it goes on to its targets.
    enum Kind { MATCH, FREE, CHARACTERS, CALL, TEXT_START, TEXT_END }

    private record Node(Kind kind, CodePoints set, Rule rule, int[] targets) { }

    private final List<Node> nodes = new ArrayList<>();
    private final Budget budget;
    private final Set<Rule> nullable;
    private int start;

    private Nfa(Budget budget, Set<Rule> nullable) {
        this.budget = budget;
        this.nullable = nullable;
    }

    /// The automaton of an expression; a call of a `nullable` rule may also be skipped.
    static Nfa of(Expression expression, Budget budget, Set<Rule> nullable) {
        var nfa = new Nfa(budget, nullable);
        nfa.add(Kind.MATCH, CodePoints.NONE, null);
        nfa.start = nfa.build(expression, MATCH);
        return nfa;
    }

    int start() { return start; }

    int size() { return nodes.size(); }

    Kind kind(int node) { return nodes.get(node).kind; }

    CodePoints set(int node) { return nodes.get(node).set; }

    Rule rule(int node) { return nodes.get(node).rule; }

    int target(int node) { return nodes.get(node).targets[0]; }

    int[] targets(int node) { return nodes.get(node).targets; }

    private int add(Kind kind, CodePoints set, Rule rule, int... targets) {
        budget.spend(4);
        nodes.add(new Node(kind, set, rule, targets));
        return nodes.size() - 1;
    }

    /// Nodes that read `expression` and go on at `next`; returns where they begin.
    private int build(Expression expression, int next) {
        return switch (expression) {
            case Expression.Characters(var set) -> add(Kind.CHARACTERS, set, null, next);
            case Expression.Start() -> add(Kind.TEXT_START, CodePoints.NONE, null, next);
            case Expression.End() -> add(Kind.TEXT_END, CodePoints.NONE, null, next);
            case Expression.Reference(var rule) -> {
                int call = add(Kind.CALL, CodePoints.NONE, rule, next);
                yield nullable.contains(rule)
                        ? add(Kind.FREE, CodePoints.NONE, null, call, next) : call;
            }
            case Expression.Sequence(var parts) -> {
                int at = next;
                for (int i = parts.size() - 1; i >= 0; i--) {
                    at = build(parts.get(i), at);
                }
                yield at;
            }
            case Expression.Choice(var options) -> {
                int[] targets = new int[options.size()];
                for (int i = 0; i < targets.length; i++) {
                    targets[i] = build(options.get(i), next);
                }
                yield add(Kind.FREE, CodePoints.NONE, null, targets);
            }
            case Expression.Repeat(var body, int least, int most) ->
                    repeat(body, least, most, next);
        };
    }

    private int repeat(Expression body, int least, int most, int next) {
        int at = next;
        if (most == Expression.UNLIMITED) {
            int[] targets = {0, next};
            at = add(Kind.FREE, CodePoints.NONE, null, targets);
            targets[0] = build(body, at);
        } else {
            for (int i = least; i < most; i++) {
                at = add(Kind.FREE, CodePoints.NONE, null, build(body, at), next);
            }
        }
        for (int i = 0; i < least; i++) {
            at = build(body, at);
        }
        return at;
    }

    /// Adds to `set` what is reached from `node` without reading. Free nodes are followed and left
    /// out, as are checks: a check for the end is passed only `atEnd`.
    void close(int node, boolean atStart, boolean atEnd, BitSet set) {
        var seen = new BitSet();
        int[] stack = new int[nodes.size() + 1];
        int depth = 0;
        stack[depth++] = node;
        seen.set(node);
        while (depth > 0) {
            int at = stack[--depth];
            Node here = nodes.get(at);
            boolean passes = switch (here.kind) {
                case FREE -> true;
                case TEXT_START -> atStart;
                case TEXT_END -> atEnd;
                case MATCH, CHARACTERS, CALL -> false;
            };
            boolean kept = here.kind != Kind.FREE && here.kind != Kind.TEXT_START;
            if (kept) {
                set.set(at);
            }
            for (int i = 0; passes && i < here.targets.length; i++) {
                int target = here.targets[i];
                if (!seen.get(target)) {
                    seen.set(target);
                    stack[depth++] = target;
                }
            }
        }
    }
}
