package dev.sluice.kernels;

/// Keys and values of one layer (or its latent rows) in fixed pages.
///
/// The bytes of a page are the backend's own affair, but one page is one row of `keys` and, where
/// there is one, of `values`, so pages can be copied, exported and restored as bytes:
///
///     keys   [pages, pageBytesOfKeys / 4]   I32 words of backend-private order
///     values [pages, ...]                   the same; zero rows when `latent`
///
/// @param dtype    encoding of the stored elements: F32, F16, BF16 or Q8_0
/// @param latent   values are the first `valueDim` elements of the key rows (MLA)
public record KvPages(DType dtype, int pages, int pageSize, int kvHeads, int keyDim, int valueDim,
        boolean latent, Matrix keys, Matrix values) {

    public KvPages {
        if (AttentionSpec.SPLIT_POSITIONS % pageSize != 0) {
            throw new IllegalArgumentException(
                    "a page of %d positions does not divide a split of %d"
                            .formatted(pageSize, AttentionSpec.SPLIT_POSITIONS));
        }
    }

    public long byteSize() { return keys.byteSize() + values.byteSize(); }
}
