package dev.sluice.kernels.vector;

import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowMap;
import java.util.Arrays;
import java.util.Random;

/// One attention layer with sequences that begin with the same prefix and differ after it, a row
/// of each at its end. The prefix is in shared pages, or each sequence has a copy of it.
final class SharedPrefixScene implements AutoCloseable {
    /// `prefix` positions are a multiple of the page size.
    record Shape(DType dtype, int kvHeads, int heads, int keyDim, int valueDim, boolean latent,
            int sequences, int prefix, int tail) {}

    static final int PAGE = 32;

    private final Shape shape;
    private final ComputePool pool;
    private final Kernels kernels;
    private final VectorAttention attention;
    private final KvPages pages;
    private final int[] shared;
    private final int[] own;
    private final int maxPages;
    private final AttentionSpec spec;
    private final Matrix q;
    private final Matrix out;

    SharedPrefixScene(Shape shape, int threads) {
        this.shape = shape;
        pool = new ComputePool(threads);
        attention = new VectorAttention(pool);
        kernels = new Kernels(new VectorBackend(new BackendOptions(0, 1, Long.MAX_VALUE)));
        int prefixPages = shape.prefix / PAGE;
        maxPages = prefixPages + (shape.tail + PAGE - 1) / PAGE;
        pages = kernels.allocateKv(shape.dtype, shape.sequences * maxPages, PAGE, shape.kvHeads,
                shape.keyDim, shape.valueDim, shape.latent);
        own = new int[shape.sequences * maxPages];
        Arrays.setAll(own, i -> i);
        shared = own.clone();
        var random = new Random(7);
        store(random, 0, shape.prefix);
        for (int s = 0; s < shape.sequences; s++) {
            for (int i = 0; i < prefixPages; i++) {
                kernels.copyPage(pages, i, s * maxPages + i);
                shared[s * maxPages + i] = i;
            }
            store(random, s * maxPages * PAGE + shape.prefix, shape.tail);
        }
        spec = new AttentionSpec(shape.heads, (float) (1 / Math.sqrt(shape.keyDim)), 0, 0,
                Matrix.none(shape.heads));
        q = uniform(random, shape.sequences, shape.heads * shape.keyDim);
        out = kernels.allocate(DType.F32, shape.sequences, shape.heads * shape.valueDim);
    }

    private void store(Random random, int firstSlot, int count) {
        int[] slots = new int[count];
        Arrays.setAll(slots, i -> firstSlot + i);
        Matrix slotMatrix = Matrix.host(slots, count, 1);
        kernels.storeKeys(uniform(random, count, shape.kvHeads * shape.keyDim), 0, pages,
                slotMatrix);
        if (!shape.latent) {
            kernels.storeValues(uniform(random, count, shape.kvHeads * shape.valueDim), pages,
                    slotMatrix);
        }
    }

    private static Matrix uniform(Random random, int rows, int cols) {
        float[] values = new float[rows * cols];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat() * 2 - 1;
        }
        return Matrix.host(values, rows, cols);
    }

    /// Outputs [sequences, heads * valueDim] of the last position of each sequence.
    float[] run(boolean sharing) {
        attend(sharing);
        float[] host = new float[shape.sequences * shape.heads * shape.valueDim];
        kernels.read(out, Matrix.host(host, shape.sequences, shape.heads * shape.valueDim));
        return host;
    }

    void attend(boolean sharing) {
        int[] positions = new int[shape.sequences];
        Arrays.fill(positions, shape.prefix + shape.tail - 1);
        int[] sequences = new int[shape.sequences];
        Arrays.setAll(sequences, s -> s);
        Matrix ints = Matrix.host(positions, shape.sequences, 1);
        attention.attention(spec, q, pages, new RowMap(ints,
                Matrix.host(sequences, shape.sequences, 1), ints,
                Matrix.host(sharing ? shared : own, shape.sequences, maxPages)), out);
    }

    /// Bytes of keys and values that all calls so far have read.
    long bytesRead() {
        int dim = shape.keyDim; // the tests that count have keys and values of one size
        return attention.tilesRead() * KvLayout.TILE * shape.dtype.rowBytes(dim);
    }

    @Override
    public void close() {
        pool.close();
        kernels.close();
    }
}
