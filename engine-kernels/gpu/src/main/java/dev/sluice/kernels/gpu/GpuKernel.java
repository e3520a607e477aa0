package dev.sluice.kernels.gpu;

/// Every kernel with its unit and its launch shape. Groups have one dimension of `lanes` work
/// items; what a group does is said in the source, and how many groups there are follows from it:
///
/// | kernel | groups in x | groups in y |
/// |---|---|---|
/// | element kernels (all that are not listed) | elements / lanes, rounded up | 1 |
/// | `rms_norm`, `layer_norm`, `route_top_k` | rows | 1 |
/// | `product_few` | outputs / [#FEW_OUTPUTS] | rows / [#FEW_ROWS] |
/// | `product_tiles` | outputs / [#TILE] | rows / [#TILE] |
/// | `product_grouped_few`, `_tiles` | as above | tiles of the order |
/// | `attention_rows`, `attention_merge` | rows * heads | 1 |
/// | `attention_splits` | rows * heads | splits of 256 positions |
/// | `dispatch_experts` | 1 | 1 |
///
/// The lane counts are part of the kernels' arithmetic (trees over lanes) and of the local arrays
/// in their source; they are not for tuning.
public enum GpuKernel {
    GATHER_ROWS(KernelSource.ROWS, 128),
    COPY_COLUMNS(KernelSource.ROWS, 128),
    RMS_NORM(KernelSource.ROWS, 64),
    LAYER_NORM(KernelSource.ROWS, 64),
    GELU_ROWS(KernelSource.ROWS, 128),
    ADD_BIAS(KernelSource.ROWS, 128),
    ADD_ROWS(KernelSource.ROWS, 128),
    ADD_GATED(KernelSource.ROWS, 128),
    SCALE_ROWS(KernelSource.ROWS, 128),
    SOFTCAP_ROWS(KernelSource.ROWS, 128),
    CLAMP_ROWS(KernelSource.ROWS, 128),
    GATED_ACTIVATION(KernelSource.ROWS, 128),
    QUANTISE_ROWS(KernelSource.STAGE, 64),
    ORDER_ROWS(KernelSource.STAGE, 128),
    ORDER_HEADS(KernelSource.STAGE, 128),
    EMBED_ROWS(KernelSource.PRODUCTS, 64),
    PRODUCT_FEW(KernelSource.PRODUCTS, 64),
    PRODUCT_TILES(KernelSource.PRODUCTS, 64),
    PRODUCT_GROUPED_FEW(KernelSource.GROUPED, 64),
    PRODUCT_GROUPED_TILES(KernelSource.GROUPED, 64),
    ROTARY_ANGLES(KernelSource.ROTARY, 64),
    ROPE_ROWS(KernelSource.ROTARY, 64),
    STORE_ROWS(KernelSource.ATTENTION, 64),
    ATTENTION_ROWS(KernelSource.ATTENTION, 64),
    ATTENTION_SPLITS(KernelSource.ATTENTION, 64),
    ATTENTION_MERGE(KernelSource.ATTENTION, 64),
    ROUTE_TOP_K(KernelSource.EXPERTS, 64),
    COUNT_EXPERTS(KernelSource.EXPERTS, 128),
    DISPATCH_EXPERTS(KernelSource.EXPERTS, 128),
    COMBINE_EXPERTS(KernelSource.EXPERTS, 128);

    /// Rows and outputs of a group of `product_few`.
    public static final int FEW_ROWS = 4;
    public static final int FEW_OUTPUTS = 4;
    /// Rows and outputs of a group of `product_tiles`.
    public static final int TILE = 32;

    private final KernelSource source;
    private final int lanes;
    private final String symbol = name().toLowerCase(java.util.Locale.ROOT);

    GpuKernel(KernelSource source, int lanes) {
        this.source = source;
        this.lanes = lanes;
    }

    public KernelSource source() { return source; }

    /// Work items of a group.
    public int lanes() { return lanes; }

    /// The C name.
    public String symbol() { return symbol; }
}
