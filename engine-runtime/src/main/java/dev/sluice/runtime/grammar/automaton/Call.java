package dev.sluice.runtime.grammar.automaton;

/// `rule`, and then on at `after`. A rule that may be empty must be skipped by its caller, who
/// then also lists what follows it: a call reads at least one byte.
public record Call(Rule rule, Position after) { }
