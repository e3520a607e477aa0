package dev.sluice.models.onnx;

/// How an exported graph stores its large matrices. Norms, biases and the router stay float32.
public enum WeightForm {
    /// float32, the embedding table too.
    F32(0),
    /// Blocks of 32 with a float32 scale, code minus 8 times the scale; the output matrix has
    /// eight bits, since errors there go straight into the logits.
    INT4(4),
    /// Blocks of 32 with a float32 scale, code minus 128 times the scale.
    INT8(8);

    private final int bits;

    WeightForm(int bits) {
        this.bits = bits;
    }

    /// Of one code; 0 for float32.
    int bits() { return bits; }
}
