package dev.sluice.kernels.contract;

import java.util.EnumSet;
import java.util.Set;

/// One planted fault each, with the checks that must reject it. The last few are no faults: other
/// honest ways to round, which the whole suite must accept.
enum Fault {
    ALLOCATES_DIRTY(KernelContract.MEMORY),
    WRITE_FORGETS_OFFSET(KernelContract.MEMORY),
    READ_FORGETS_OFFSET(KernelContract.MEMORY),
    EMBED_OFF_BY_ONE_ROW(KernelContract.EMBED),
    EMBED_FORGETS_SCALE(KernelContract.EMBED),
    GATHER_SKIPS_LAST_ROW(KernelContract.GATHER_ROWS),
    GATHER_IN_ORDER(KernelContract.GATHER_ROWS),
    COPY_ONE_COLUMN_MORE(KernelContract.COPY_COLUMNS),
    RMS_FIRST_ROW_ONLY(KernelContract.RMS_NORM),
    RMS_FORGETS_EPSILON(KernelContract.RMS_NORM),
    RMS_IGNORES_LAST_COLUMN(KernelContract.RMS_NORM),
    RMS_WRITES_PAST_END(KernelContract.RMS_NORM),
    RMS_WRITES_BEFORE_START(KernelContract.RMS_NORM),
    LAYER_NORM_FORGETS_MEAN(KernelContract.LAYER_NORM),
    LAYER_NORM_FORGETS_BIAS(KernelContract.LAYER_NORM),
    LAYER_NORM_FORGETS_EPSILON(KernelContract.LAYER_NORM),
    LAYER_NORM_FIRST_ROW_ONLY(KernelContract.LAYER_NORM),
    GELU_BY_TANH(KernelContract.GELU),
    GELU_SKIPS_LAST_ELEMENT(KernelContract.GELU),
    ATTENTION_BY_ROW_NUMBER(KernelContract.WHOLE_TEXT_ATTENTION),
    BIAS_FIRST_ROW_ONLY(KernelContract.ADD_BIAS),
    ADD_FORGETS_FACTOR(KernelContract.ADD),
    ADD_CHANGES_Y(KernelContract.ADD),
    GATED_SUM_WITHOUT_SIGMOID(KernelContract.ADD_GATED),
    SCALE_SKIPS_LAST_ELEMENT(KernelContract.SCALE),
    SOFTCAP_IS_A_CLAMP(KernelContract.SOFTCAP),
    CLAMP_FROM_ABOVE_ONLY(KernelContract.CLAMP),
    ACTIVATION_SWAPS_OPERANDS(KernelContract.GATED_ACTIVATION),
    ACTIVATION_ALWAYS_SILU(KernelContract.GATED_ACTIVATION),
    ACTIVATION_CLEARS_OUT_FIRST(KernelContract.GATED_ACTIVATION),
    MATMUL_IGNORES_LAST_COLUMN(KernelContract.MATMUL),
    MATMUL_OFF_BY_ONE_ROW(KernelContract.MATMUL),
    MATMUL_SKIPS_LAST_ROW(KernelContract.MATMUL),
    MATMUL_TRUNCATES_X(KernelContract.MATMUL),
    MATMUL_HALF_SCALES(KernelContract.MATMUL),
    MATMUL_WRITES_PAST_END(KernelContract.MATMUL),
    MATMUL_CHANGES_X(KernelContract.MATMUL),
    PREPARE_CHANGES_THE_FILE(KernelContract.MATMUL),
    HEADS_SHARE_A_WEIGHT(KernelContract.HEAD_MATMUL),
    HEADS_CLEAR_OTHER_COLUMNS(KernelContract.HEAD_MATMUL),
    ANGLES_IN_DOUBLE(KernelContract.ROTARY_ANGLES),
    ANGLES_FORGET_MAGNITUDE(KernelContract.ROTARY_ANGLES),
    ROPE_TURNS_BACKWARDS(KernelContract.ROPE),
    ROPE_ALWAYS_HALVES(KernelContract.ROPE),
    ROPE_FORGETS_COLUMN(KernelContract.ROPE),
    COPY_PAGE_KEYS_ONLY(KernelContract.PAGES),
    STORE_FILLS_NEXT_SLOTS(KernelContract.PAGES),
    STORE_KEYS_FORGETS_COLUMN(KernelContract.ATTENTION),
    ATTENTION_WITHOUT_WINDOW(KernelContract.ATTENTION),
    ATTENTION_WINDOW_ONE_MORE(KernelContract.ATTENTION),
    ATTENTION_WITHOUT_SOFTCAP(KernelContract.ATTENTION),
    ATTENTION_WITHOUT_SINKS(KernelContract.ATTENTION),
    ATTENTION_SINKS_ARE_SCALED(KernelContract.ATTENTION),
    ATTENTION_TRUNCATES_Q(KernelContract.ATTENTION),
    ATTENTION_SEES_FUTURE(KernelContract.ATTENTION),
    ATTENTION_WRONG_KV_HEAD(KernelContract.ATTENTION),
    ATTENTION_PAGES_IN_ORDER(KernelContract.ATTENTION),
    ATTENTION_FIRST_SEQUENCE_ONLY(KernelContract.ATTENTION),
    ROUTE_TIES_HIGHER_ID(KernelContract.ROUTE_TOP_K),
    ROUTE_FORGETS_NORMALISATION(KernelContract.ROUTE_TOP_K),
    ROUTE_FORGETS_SCALE(KernelContract.ROUTE_TOP_K),
    ROUTE_FORGETS_BIAS(KernelContract.ROUTE_TOP_K),
    ROUTE_WEIGHTS_ARE_BIASED(KernelContract.ROUTE_TOP_K),
    ROUTE_WITHOUT_GROUPS(KernelContract.ROUTE_TOP_K),
    ROUTE_GROUPS_BY_BEST(KernelContract.ROUTE_TOP_K),
    EXPERTS_WITHOUT_LAST(KernelContract.EXPERT_FFN),
    EXPERTS_EQUALLY_WEIGHTED(KernelContract.EXPERT_FFN),
    EXPERTS_WITHOUT_BIAS(KernelContract.EXPERT_FFN),
    EXPERTS_OFF_BY_ONE(KernelContract.EXPERT_FFN),
    COUNT_OVERWRITES(KernelContract.COUNT_EXPERTS),
    COUNT_ONCE_PER_ROW(KernelContract.COUNT_EXPERTS),
    ROOM_KEEPS_ITS_FIRST_WEIGHT(KernelContract.WEIGHT_ROOMS),
    PLACES_ARE_EXPERT_IDS(KernelContract.EXPERT_PLACES),
    COPIES_ARE_NEIGHBOURS(KernelContract.EXPERT_PLACES),
    EXPERT_ROWS_CLEAR_THE_ABSENT(KernelContract.EXPERT_HALVES),
    EXPERT_ROWS_SLOT_BY_SLOT(KernelContract.EXPERT_HALVES),
    COMBINE_LAST_SLOT_TWICE(KernelContract.EXPERT_HALVES),
    COMBINE_OTHER_BITS(KernelContract.EXPERT_HALVES),
    /// One unit in the last place more when a row is alone: far inside every tolerance.
    MATMUL_OTHER_BITS_ALONE(KernelContract.MATMUL_INVARIANCE),
    RMS_OTHER_BITS_ALONE(KernelContract.RMS_NORM_INVARIANCE),
    LAYER_NORM_OTHER_BITS_ALONE(KernelContract.ENCODER_ROW_INVARIANCE),
    ACTIVATION_OTHER_BITS_ALONE(KernelContract.ELEMENT_INVARIANCE),
    ROUTE_OTHER_BITS_ALONE(KernelContract.ROUTE_INVARIANCE),
    EXPERTS_OTHER_BITS_ALONE(KernelContract.EXPERT_INVARIANCE),
    ATTENTION_OTHER_BITS_ALONE(KernelContract.ATTENTION_INVARIANCE),
    /// The same for rows whose sequences begin with the same page.
    ATTENTION_OTHER_BITS_SHARED(KernelContract.SHARED_PREFIX_INVARIANCE),

    /// Sums in float, one after another: the worst order that is still honest.
    HONEST_FLOAT_SUMS,
    /// Activations in 8-bit codes with a float scale per block of the weight.
    HONEST_QUANTISED_ACTIVATIONS;

    private final KernelContract rejectedBy;

    Fault(KernelContract rejectedBy) {
        this.rejectedBy = rejectedBy;
    }

    Fault() {
        this(null);
    }

    static Set<Fault> planted() {
        return EnumSet.range(ALLOCATES_DIRTY, ATTENTION_OTHER_BITS_SHARED);
    }

    static Set<Fault> honest() {
        return EnumSet.complementOf(EnumSet.copyOf(planted()));
    }

    KernelContract rejectedBy() { return rejectedBy; }
}
