package dev.sluice.kernels;

/// Element encoding. A row of a quantised matrix is a sequence of whole blocks; the layouts are
/// ggml's (`ggml-common.h`), which model files carry. Little-endian throughout.
public enum DType {
    F32(1, 4), F16(1, 2), BF16(1, 2), I32(1, 4),
    Q8_0(32, 34), Q4_0(32, 18), Q4_1(32, 20), Q5_0(32, 22), Q5_1(32, 24),
    Q2_K(256, 84), Q3_K(256, 110), Q4_K(256, 144), Q5_K(256, 176), Q6_K(256, 210),
    IQ4_NL(32, 18), IQ4_XS(256, 136), MXFP4(32, 17),
    /// A float32 scale, then 128 values in E4M3: DeepSeek-V3's 128x128 tiles with the tile's
    /// scale repeated on each row, so that a row stands alone.
    F8_E4M3(128, 132);

    private final int blockElements;
    private final int blockBytes;

    DType(int blockElements, int blockBytes) {
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    public int blockElements() { return blockElements; }

    public int blockBytes() { return blockBytes; }

    public boolean quantised() { return blockElements > 1; }

    /// Bytes of one row of `cols` elements.
    public long rowBytes(int cols) {
        if (cols < 0 || cols % blockElements != 0) {
            throw new IllegalArgumentException(
                    "%s rows hold whole blocks of %d, got cols=%d"
                            .formatted(this, blockElements, cols));
        }
        return (long) cols / blockElements * blockBytes;
    }
}
