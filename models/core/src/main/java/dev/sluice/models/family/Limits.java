package dev.sluice.models.family;

/// Sizes that scratch memory is made for, fixed at open.
///
/// @param maxRows       rows of one step
/// @param maxSequences  sequences of one step
/// @param maxPositions  positions of one sequence
public record Limits(int maxRows, int maxSequences, int maxPositions) { }
