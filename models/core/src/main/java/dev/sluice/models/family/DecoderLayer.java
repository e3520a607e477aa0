package dev.sluice.models.family;

import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;

/// One transformer layer:
///
///     x += residualScale * normAfter(attention(normBefore(x)))
///     x += residualScale * normAfter(feedForward(normBefore(x)))
///
/// Each norm is a [1,D] weight, or no rows where the family has none: Llama norms before, OLMo 2
/// after, Gemma both.
record DecoderLayer(Matrix attentionNorm, Sublayer attention, Matrix attentionPostNorm,
        Matrix feedForwardNorm, Sublayer feedForward, Matrix feedForwardPostNorm) {

    /// The same norms around other sublayers.
    DecoderLayer with(Sublayer otherAttention, Sublayer otherFeedForward) {
        return new DecoderLayer(attentionNorm, otherAttention, attentionPostNorm,
                feedForwardNorm, otherFeedForward, feedForwardPostNorm);
    }

    void forward(Kernels kernels, Step step, Residual residual, Matrix x) {
        sublayer(kernels, step, residual, x, attentionNorm, attention, attentionPostNorm);
        sublayer(kernels, step, residual, x, feedForwardNorm, feedForward, feedForwardPostNorm);
    }

    private static void sublayer(Kernels kernels, Step step, Residual residual, Matrix x,
            Matrix normBefore, Sublayer sublayer, Matrix normAfter) {
        Matrix in = x;
        if (normBefore.rows() > 0) {
            in = residual.normed(step.rowCount());
            kernels.rmsNorm(x, normBefore, residual.epsilon(), in);
        }
        Matrix out = residual.delta(step.rowCount());
        sublayer.forward(step, in, out);
        if (normAfter.rows() > 0) {
            kernels.rmsNorm(out, normAfter, residual.epsilon(), out);
        }
        kernels.add(x, out, residual.scale());
    }
}
