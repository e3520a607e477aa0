package dev.sluice.runtime.grammar.gbnf;

import dev.sluice.runtime.grammar.GrammarRejected;
import dev.sluice.runtime.grammar.automaton.Budget;
import dev.sluice.runtime.grammar.automaton.Call;
import dev.sluice.runtime.grammar.automaton.Position;
import dev.sluice.runtime.grammar.automaton.Rule;
import dev.sluice.runtime.grammar.text.Expression;
import dev.sluice.runtime.grammar.text.PatternAt;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Compiles a GBNF grammar. A rule that can be empty is made optional where it is called, a rule
/// that no text can finish is cut out, and one that can begin with itself is refused: the automaton
/// reads a byte before it comes back to a rule.
public final class GbnfCompiler {
    private final Budget budget = new Budget();
    private final Map<Rule, Expression> bodies;
    private final Set<Rule> nullable = new HashSet<>();
    private final Set<Rule> finite = new HashSet<>();

    private GbnfCompiler(String text) {
        budget.on("gbnf", "");
        bodies = GbnfParser.parse(text, budget);
    }

    /// Where a text of the rule `root` begins.
    public static PatternAt compile(String text) {
        return new GbnfCompiler(text).root();
    }

    private PatternAt root() {
        close(nullable, false);
        close(finite, true);
        var starts = new LinkedHashMap<Rule, PatternAt>();
        bodies.forEach((rule, body) -> {
            budget.on(rule.toString(), "");
            PatternAt start = PatternAt.start(possible(body), budget, nullable);
            starts.put(rule, start);
            rule.entries(List.of(start));
        });
        for (Rule rule : bodies.keySet()) {
            if (finite.contains(rule)) {
                refuseLeftRecursion(rule, starts);
            }
        }
        Rule root = bodies.keySet().iterator().next();
        for (Rule rule : bodies.keySet()) {
            root = rule.toString().equals("root") ? rule : root;
        }
        if (!finite.contains(root)) {
            throw new GrammarRejected("root", "", "no text can end it");
        }
        return starts.get(root);
    }

    /// The least set of rules that are empty, or that some text ends, given those already found.
    private void close(Set<Rule> found, boolean reading) {
        boolean changed = true;
        while (changed) {
            changed = false;
            for (Map.Entry<Rule, Expression> entry : bodies.entrySet()) {
                budget.spend(1);
                if (!found.contains(entry.getKey()) && ends(entry.getValue(), found, reading)) {
                    changed |= found.add(entry.getKey());
                }
            }
        }
    }

    private boolean ends(Expression expression, Set<Rule> found, boolean reading) {
        budget.spend(1);
        return switch (expression) {
            case Expression.Characters(var set) -> reading && !set.isEmpty();
            case Expression.Reference(var rule) -> found.contains(rule);
            case Expression.Start() -> true;
            case Expression.End() -> true;
            case Expression.Repeat(var body, int least, int _) ->
                    least == 0 || ends(body, found, reading);
            case Expression.Sequence(var parts) -> {
                boolean all = true;
                for (Expression part : parts) {
                    all &= ends(part, found, reading);
                }
                yield all;
            }
            case Expression.Choice(var options) -> {
                boolean some = false;
                for (Expression option : options) {
                    some |= ends(option, found, reading);
                }
                yield some;
            }
        };
    }

    /// The expression with an empty class in place of each rule that no text ends.
    private Expression possible(Expression expression) {
        return switch (expression) {
            case Expression.Reference(var rule) -> finite.contains(rule) ? expression
                    : new Expression.Characters(dev.sluice.runtime.grammar.text.CodePoints.NONE);
            case Expression.Repeat(var body, int least, int most) ->
                    new Expression.Repeat(possible(body), least, most);
            case Expression.Sequence(var parts) -> new Expression.Sequence(all(parts));
            case Expression.Choice(var options) -> new Expression.Choice(all(options));
            case Expression.Characters _, Expression.Start _, Expression.End _ -> expression;
        };
    }

    private List<Expression> all(List<Expression> expressions) {
        var possible = new ArrayList<Expression>();
        for (Expression each : expressions) {
            possible.add(possible(each));
        }
        return possible;
    }

    private void refuseLeftRecursion(Rule rule, Map<Rule, PatternAt> starts) {
        var seen = new HashSet<Rule>();
        var open = new ArrayList<Rule>();
        open.add(rule);
        while (!open.isEmpty()) {
            Position start = starts.get(open.removeLast());
            for (Call call : start.calls()) {
                budget.spend(4);
                if (call.rule() == rule) {
                    throw new GrammarRejected(rule.toString(), "",
                            "left recursion: the rule can begin with itself");
                }
                if (seen.add(call.rule())) {
                    open.add(call.rule());
                }
            }
        }
    }
}
