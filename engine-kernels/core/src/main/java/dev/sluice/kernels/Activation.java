package dev.sluice.kernels;

/// The non-linearity between a feed-forward layer's gate and up projections.
public enum Activation {
    /// silu(gate) * up
    SILU,
    /// gelu(gate) * up with the tanh form of GELU
    GELU_TANH,
    /// gpt-oss: g = min(gate, 7), u = clip(up, -7, 7), (u + 1) * g * sigmoid(1.702 g)
    SWIGLU_CLAMPED
}
