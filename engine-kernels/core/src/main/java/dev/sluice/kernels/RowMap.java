package dev.sluice.kernels;

/// Where the rows of a step stand in their sequences. Matrices, not arguments, because they
/// change on every step while a recorded graph is replayed.
///
/// @param positions  [T,1] I32, position of each row in its sequence
/// @param sequences  [T,1] I32, index of each row's sequence in `pageTable`; rows of one sequence
///                   are neighbours whose positions do not descend
/// @param slots      [T,1] I32, page * pageSize + offset where the row's key and value go
/// @param pageTable  [S, maxPages] I32, page of each pageSize positions of a sequence
public record RowMap(Matrix positions, Matrix sequences, Matrix slots, Matrix pageTable) {}
