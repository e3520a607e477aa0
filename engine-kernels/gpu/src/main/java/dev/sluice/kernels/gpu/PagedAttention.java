package dev.sluice.kernels.gpu;

import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowMap;

/// Pages of keys and values, and attention over them. Engine thread only.
///
/// A page is pageSize * kvHeads head rows one after another, each encoded by itself, and padded to
/// whole words.
final class PagedAttention {
    /// Widest head row that the kernels' local memory holds.
    private static final int COLUMNS_MAX = 1024;
    /// Most bytes of partial results; beyond, splits are reduced in one launch.
    private static final long STATE_BYTES_MAX = 64L << 20;

    private final Device device;
    private final Launch launch;
    private final Workspace workspace;

    PagedAttention(Device device, Launch launch, Workspace workspace) {
        this.device = device;
        this.launch = launch;
        this.workspace = workspace;
    }

    KvPages allocate(DType dtype, int pages, int pageSize, int kvHeads, int keyDim, int valueDim,
            boolean latent) {
        int headRows = pageSize * kvHeads;
        int keyWords = pageWords(dtype, headRows, keyDim, "keyDim");
        int valueWords = latent ? 0 : pageWords(dtype, headRows, valueDim, "valueDim");
        String what = "keys and values of %d pages of %d positions".formatted(pages, pageSize);
        Matrix keys = device.allocate(DType.I32, pages, keyWords, what);
        Matrix values = latent ? Matrix.of(DType.I32, 0, 0, keys.memory(), 0)
                : device.allocate(DType.I32, pages, valueWords, what);
        return new KvPages(dtype, pages, pageSize, kvHeads, keyDim, valueDim, latent, keys, values);
    }

    private static int pageWords(DType dtype, int headRows, int dim, String name) {
        boolean stored = switch (dtype) {
            case F32, F16, BF16, Q8_0 -> true;
            case I32, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4,
                    F8_E4M3 -> false;
        };
        if (!stored) {
            throw new IllegalArgumentException(
                    "KV is stored as F32, F16, BF16 or Q8_0, got " + dtype);
        }
        if (dim % dtype.blockElements() != 0) {
            throw new IllegalArgumentException("KV in %s needs a %s of whole blocks of %d, got %d"
                    .formatted(dtype, name, dtype.blockElements(), dim));
        }
        if (dim > COLUMNS_MAX) {
            throw new IllegalArgumentException("%s is %d, the kernel's local memory holds %d"
                    .formatted(name, dim, COLUMNS_MAX));
        }
        return Math.toIntExact((headRows * dtype.rowBytes(dim) + 3) / 4);
    }

    void copyPage(KvPages pages, int from, int to) {
        if (from == to) {
            return;
        }
        device.copy(pages.keys().rows(from, 1), pages.keys().rows(to, 1));
        if (!pages.latent()) {
            device.copy(pages.values().rows(from, 1), pages.values().rows(to, 1));
        }
    }

    void storeKeys(Matrix rows, int column, KvPages pages, Matrix slots) {
        store(rows, column, pages, pages.keys(), pages.keyDim(), slots);
    }

    void storeValues(Matrix rows, KvPages pages, Matrix slots) {
        store(rows, 0, pages, pages.values(), pages.valueDim(), slots);
    }

    private void store(Matrix rows, int column, KvPages pages, Matrix words, int dim,
            Matrix slots) {
        int width = rows.cols() / pages.kvHeads();
        int block = pages.dtype().blockElements();
        if (column % block != 0 || width % block != 0) {
            throw new IllegalArgumentException("%s stores whole blocks of %d, got columns %d..%d"
                    .formatted(pages.dtype(), block, column, column + width));
        }
        launch.of(GpuKernel.STORE_ROWS, pages.dtype()).matrix(rows).integer(width).matrix(words)
                .integer(words.cols()).integer(pages.pageSize()).integer(pages.kvHeads())
                .integer(dim).integer(column).matrix(slots)
                .over((long) rows.rows() * pages.kvHeads() * (width / block));
    }

    /// Few rows over a long context are reduced with one group a split and merged by a second
    /// launch; otherwise one group walks the splits of its row and head. The bits are the same.
    void attention(AttentionSpec spec, Matrix q, KvPages pages, RowMap rows, Matrix out) {
        if (q.rows() == 0) {
            return;
        }
        int groups = q.rows() * spec.heads();
        int splits = Math.ceilDiv(rows.pageTable().cols() * pages.pageSize(),
                AttentionSpec.SPLIT_POSITIONS);
        int stateCols = splits * (pages.valueDim() + 2);
        boolean apart = splits > 1 && groups < device.busyGroups()
                && 4L * groups * stateCols <= STATE_BYTES_MAX;
        begin(apart ? GpuKernel.ATTENTION_SPLITS : GpuKernel.ATTENTION_ROWS, spec, q, pages, rows);
        if (!apart) {
            launch.matrix(spec.sinks()).flag(spec.sinks().rows() > 0).matrix(out)
                    .groups(groups, 1);
            return;
        }
        Matrix states = workspace.room(Workspace.Room.ATTENTION, DType.F32, groups, stateCols);
        launch.integer(splits).matrix(states).groups(groups, splits);
        launch.of(GpuKernel.ATTENTION_MERGE, pages.dtype()).matrix(states).integer(splits)
                .integer(pages.valueDim()).integer(spec.heads()).matrix(rows.positions())
                .integer(spec.window()).matrix(spec.sinks()).flag(spec.sinks().rows() > 0)
                .matrix(out).groups(groups, 1);
    }

    private void begin(GpuKernel kernel, AttentionSpec spec, Matrix q, KvPages pages,
            RowMap rows) {
        Matrix values = pages.latent() ? pages.keys() : pages.values();
        int valueStride = pages.latent() ? pages.keyDim() : pages.valueDim();
        launch.of(kernel, pages.dtype()).matrix(q).matrix(pages.keys())
                .integer(pages.keys().cols()).integer(pages.keyDim()).matrix(values)
                .integer(values.cols()).integer(valueStride).integer(pages.valueDim())
                .integer(pages.pageSize()).integer(pages.kvHeads()).integer(spec.heads())
                .matrix(rows.positions()).matrix(rows.sequences()).matrix(rows.pageTable())
                .integer(rows.pageTable().cols()).real(spec.scale()).real(spec.softcap())
                .integer(spec.window());
    }
}
