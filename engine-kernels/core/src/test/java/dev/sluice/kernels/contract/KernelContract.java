package dev.sluice.kernels.contract;

import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.spi.KernelBackend;

/// The differential suite that every backend must pass, and that every planted fault must fail:
/// one check per operation against the scalar oracle, and batch invariance.
///
/// Each check reaches the subject as a model does: through [Kernels], activations by `allocate`
/// and `write`, weights by `prepare`, results by `read`. Failures are AssertionErrors with the
/// operation, the seed, the shape and the worst element.
public enum KernelContract {
    MEMORY(RowContract::memory),
    EMBED(RowContract::embed),
    GATHER_ROWS(RowContract::gatherRows),
    COPY_COLUMNS(RowContract::copyColumns),
    RMS_NORM(RowContract::rmsNorm),
    LAYER_NORM(EncoderContract::layerNorm),
    GELU(EncoderContract::gelu),
    WHOLE_TEXT_ATTENTION(EncoderContract::wholeTextAttention),
    ADD_BIAS(RowContract::addBias),
    ADD(RowContract::add),
    ADD_GATED(RowContract::addGated),
    SCALE(RowContract::scale),
    SOFTCAP(RowContract::softcap),
    CLAMP(RowContract::clamp),
    GATED_ACTIVATION(RowContract::gatedActivation),
    MATMUL(ProductContract::matmul),
    HEAD_MATMUL(ProductContract::headMatmul),
    ROTARY_ANGLES(AttentionContract::rotaryAngles),
    ROPE(AttentionContract::rope),
    PAGES(AttentionContract::pages),
    ATTENTION(AttentionContract::attention),
    ROUTE_TOP_K(ExpertContract::routeTopK),
    EXPERT_FFN(ExpertContract::expertFfn),
    COUNT_EXPERTS(ExpertContract::countExperts),
    WEIGHT_ROOMS(ExpertPlaceContract::weightRooms),
    EXPERT_PLACES(ExpertPlaceContract::places),
    EXPERT_HALVES(ExpertPlaceContract::halves),
    MATMUL_INVARIANCE(InvarianceContract::matmul),
    RMS_NORM_INVARIANCE(InvarianceContract::rmsNorm),
    ENCODER_ROW_INVARIANCE(EncoderContract::invariance),
    ELEMENT_INVARIANCE(InvarianceContract::elements),
    ROUTE_INVARIANCE(InvarianceContract::routeTopK),
    EXPERT_INVARIANCE(InvarianceContract::expertFfn),
    ATTENTION_INVARIANCE(InvarianceContract::attention),
    SHARED_PREFIX_INVARIANCE(SharedPrefixContract::attention);

    private interface Check {
        void run(Kernels subject, long seed);
    }

    private final Check check;

    KernelContract(Check check) {
        this.check = check;
    }

    /// Judges `subject`, which the caller closes. What it allocates stays until then.
    public void check(KernelBackend subject, long seed) {
        check.run(new Kernels(subject), seed);
    }
}
