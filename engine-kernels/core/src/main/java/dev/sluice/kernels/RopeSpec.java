package dev.sluice.kernels;

/// Rotary position embedding of one kind of layer.
///
/// @param inverseFrequencies [1, dims/2] F32 with every scaling (linear, llama3, YaRN, longrope)
///                           already applied
/// @param magnitude          factor on cos and sin; 1 except for YaRN and longrope
public record RopeSpec(Matrix inverseFrequencies, float magnitude, Pairing pairing) {

    public enum Pairing {
        /// (2m, 2m+1)
        INTERLEAVED,
        /// (m, m + dims/2)
        HALVES
    }

    /// Rotated elements of a head.
    public int dims() { return 2 * inverseFrequencies.cols(); }
}
