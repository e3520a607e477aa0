package dev.sluice.kernels;

/// Order of a matrix in memory.
public enum Layout {
    /// Rows one after another, as in a model file. Any row can be viewed alone.
    ROWS,
    /// A backend's own order of the same encoding, made by [Kernels#prepare]. Only products of
    /// the backend that made it can read it, and only whole.
    PACKED
}
