package dev.sluice.runtime.grammar;

import dev.sluice.runtime.grammar.automaton.Budget;
import dev.sluice.runtime.grammar.text.PatternAt;
import dev.sluice.runtime.grammar.text.RegexParser;
import java.util.List;
import java.util.Set;

/// Compiles grammars. What can not be honoured exactly is a [GrammarRejected] that says what and
/// where, and so is what would take more than the fixed limits. Any thread; a request's own.
public final class Grammars {
    private Grammars() { }

    /// Texts that the whole of a regular expression matches (ECMA-262, `u` flag; no look-around,
    /// back references or word boundaries).
    public static Grammar regex(String expression) {
        var budget = new Budget();
        budget.on("regex", "");
        var start = PatternAt.start(RegexParser.parse(expression, budget), budget, Set.of());
        if (!start.isPossible()) {
            throw budget.rejected("no text matches");
        }
        return new CompiledGrammar(start, false, List.of());
    }
}
