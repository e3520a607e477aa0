package dev.sluice.runtime.grammar;

import dev.sluice.runtime.grammar.GrammarTrigger.Branch;
import java.util.List;

/// What a whole text is: a trigger at its very beginning with the grammar behind it, or a text of
/// another grammar. An answer that must call a tool, or that is either a call or a JSON value.
/// Compiled by [Grammars#starting]. Immutable.
///
///     (trigger [grammar] closing)  |  [other]
///
/// A little white space may come before a trigger. Against [GrammarTrigger] nothing else may:
/// a text that has to come is not put off until there is no room left for it.
///
/// @param branches  what a trigger begins; at least one
/// @param others    what else the text may be
/// @param again     whether further triggers may follow a branch
public record GrammarStart(List<Branch> branches, List<Grammar> others, boolean again) {

    public GrammarStart {
        branches = List.copyOf(branches);
        others = List.copyOf(others);
        if (branches.isEmpty()) {
            throw new IllegalArgumentException("a start without a trigger");
        }
    }
}
