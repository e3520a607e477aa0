package dev.sluice.runtime.grammar;

import java.util.List;

/// What a text may be: a language of byte strings that is compiled once and then constrains any
/// number of sequences at a time, each with its [GrammarState]. Made by [Grammars]. Immutable as
/// far as a caller can see (what was computed for one sequence is kept for the others); any thread.
public sealed interface Grammar permits CompiledGrammar {

    /// Whether there is no text at all, so that a request with this grammar can only fail.
    boolean isEmpty();

    /// What a caller should know about how the grammar was read, one sentence each: keywords that
    /// are annotations only, for instance. Never something that is not honoured.
    List<String> notes();
}
