package dev.sluice.kernels.contract;

import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Sequences with keys, values and queries that depend on the seed and the position alone, in the
/// pages of one backend: the same scene can be played in any chunks, any company and any pages.
///
/// Slots of a page that no step has filled hold large values, so that a read past a row's own
/// position shows.
final class AttentionScene {
    /// A layer: `kvType` is the encoding of the cache.
    record Layer(int heads, int kvHeads, int keyDim, int valueDim, boolean latent, int window,
            float softcap, boolean sinks, DType kvType, int pageSize) {

        static Layer grouped(int heads, int kvHeads, int dim, DType kvType) {
            return new Layer(heads, kvHeads, dim, dim, false, 0, 0, false, kvType, 32);
        }

        Layer with(int newWindow, float newSoftcap, boolean newSinks) {
            return new Layer(heads, kvHeads, keyDim, valueDim, latent, newWindow, newSoftcap,
                    newSinks, kvType, pageSize);
        }

        Layer paged(int newPageSize) {
            return new Layer(heads, kvHeads, keyDim, valueDim, latent, window, softcap, sinks,
                    kvType, newPageSize);
        }

        float scale() {
            return (float) (1 / Math.sqrt(keyDim));
        }
    }

    /// Positions `from` to `to` (exclusive) of a sequence.
    record Chunk(int sequence, int from, int to) { }

    private static final float STALE = 60;

    private final Kernels kernels;
    private final Layer layer;
    private final long seed;
    private final int[][] pageTable;
    private final KvPages pages;
    private final AttentionSpec spec;

    /// @param sequences  sequences that the page table has rows for
    /// @param positions  the longest of them
    /// @param pageOrder  seed of the order in which pages are handed out
    AttentionScene(Kernels kernels, Layer layer, long seed, int sequences, int positions,
            long pageOrder) {
        this.kernels = kernels;
        this.layer = layer;
        this.seed = seed;
        int perSequence = (positions + layer.pageSize() - 1) / layer.pageSize();
        int[] order = Samples.shuffled(new Random(pageOrder), sequences * perSequence + 1);
        this.pageTable = new int[sequences][perSequence];
        for (int i = 0; i < sequences * perSequence; i++) {
            pageTable[i / perSequence][i % perSequence] = order[i];
        }
        this.pages = kernels.allocateKv(layer.kvType(), sequences * perSequence + 1,
                layer.pageSize(), layer.kvHeads(), layer.keyDim(), layer.valueDim(),
                layer.latent());
        Matrix sinks = Matrix.none(layer.heads());
        if (layer.sinks()) {
            sinks = floats(Samples.gaussian(new Random(seed + 1), layer.heads()), layer.heads());
        }
        this.spec = new AttentionSpec(
                layer.heads(), layer.scale(), layer.softcap(), layer.window(), sinks);
        fillStale();
    }

    KvPages pages() { return pages; }

    private void fillStale() {
        int slots = pages.pages() * layer.pageSize();
        int[] all = new int[slots];
        float[] keys = new float[slots * layer.kvHeads() * layer.keyDim()];
        Arrays.fill(keys, STALE);
        for (int s = 0; s < slots; s++) {
            all[s] = s;
        }
        kernels.storeKeys(floats(keys, layer.kvHeads() * layer.keyDim()), 0, pages, ints(all));
        if (!layer.latent()) {
            float[] values = new float[slots * layer.kvHeads() * layer.valueDim()];
            Arrays.fill(values, STALE);
            kernels.storeValues(floats(values, layer.kvHeads() * layer.valueDim()), pages,
                    ints(all));
        }
    }

    /// The numbers of (kind, sequence, position), the same on every backend.
    private float[] numbers(int kind, int sequence, int position, int count) {
        return Samples.gaussian(
                new Random(seed * 31 + kind + 7919L * sequence + 104729L * position), count);
    }

    /// Gives every sequence its own copy of the pages that hold the first `positions[s]` of
    /// sequence 0.
    void copyPrefix(int[] positions) {
        for (int s = 1; s < pageTable.length; s++) {
            for (int i = 0; i < positions[s] / layer.pageSize(); i++) {
                kernels.copyPage(pages, pageTable[0][i], pageTable[s][i]);
            }
        }
    }

    /// Lets every sequence use the pages that hold the first `positions[s]` of sequence 0.
    void sharePrefix(int[] positions) {
        for (int s = 1; s < pageTable.length; s++) {
            System.arraycopy(pageTable[0], 0, pageTable[s], 0, positions[s] / layer.pageSize());
        }
    }

    /// Stores keys and values of the chunks' positions, as one step.
    void store(List<Chunk> chunks) {
        List<int[]> rows = rows(chunks);
        int[] slots = slots(rows);
        int rest = layer.latent() ? layer.keyDim() - layer.valueDim() : 0;
        int first = layer.keyDim() - rest;
        float[] keys = new float[rows.size() * layer.kvHeads() * layer.keyDim()];
        for (int t = 0; t < rows.size(); t++) {
            put(keys, t, numbers(1, rows.get(t)[0], rows.get(t)[1],
                    layer.kvHeads() * layer.keyDim()));
        }
        // A latent key comes in two parts, as the models write it: the compressed and the rotated.
        kernels.storeKeys(columns(keys, 0, first), 0, pages, ints(slots));
        if (rest > 0) {
            kernels.storeKeys(columns(keys, first, rest), first, pages, ints(slots));
        }
        if (!layer.latent()) {
            int width = layer.kvHeads() * layer.valueDim();
            float[] values = new float[rows.size() * width];
            for (int t = 0; t < rows.size(); t++) {
                put(values, t, numbers(2, rows.get(t)[0], rows.get(t)[1], width));
            }
            kernels.storeValues(floats(values, width), pages, ints(slots));
        }
    }

    /// Attention of the given rows (sequence, position) of one step: [rows, heads * valueDim], on
    /// guarded and poisoned memory.
    float[] attend(List<int[]> rows, String context) {
        return attend(rows, rows.stream().mapToInt(row -> row[1]).toArray(), context);
    }

    /// The same for rows that see as far as if they stood at `positions`, as an encoder's do.
    float[] attend(List<int[]> rows, int[] positions, String context) {
        int width = layer.heads() * layer.keyDim();
        float[] queries = new float[rows.size() * width];
        int[] sequences = new int[rows.size()];
        for (int t = 0; t < rows.size(); t++) {
            sequences[t] = rows.get(t)[0];
            put(queries, t, numbers(3, sequences[t], rows.get(t)[1], width));
        }
        Operand q = new Operand(kernels, "q", Operand.Role.INPUT, DType.F32,
                Operand.bits(queries), rows.size(), width);
        int[] table = Arrays.stream(pageTable).flatMapToInt(Arrays::stream)
                .toArray();
        RowMap map = new RowMap(ints(positions), ints(sequences), ints(slots(rows)), written(
                Matrix.host(table, pageTable.length, pageTable[0].length)));
        int outWidth = layer.heads() * layer.valueDim();
        Operand out = new Operand(kernels, "out", Operand.Role.OUTPUT, DType.F32,
                Operand.poison(rows.size() * outWidth), rows.size(), outWidth);
        kernels.attention(spec, q.device(), pages, map, out.device());
        q.result(kernels, context);
        int[] bits = out.result(kernels, context);
        float[] result = new float[bits.length];
        for (int i = 0; i < bits.length; i++) {
            result[i] = Float.intBitsToFloat(bits[i]);
        }
        return result;
    }

    /// Stores and attends all rows of the chunks in one step, as a model does.
    float[] step(List<Chunk> chunks, String context) {
        store(chunks);
        return attend(rows(chunks), context);
    }

    static List<int[]> rows(List<Chunk> chunks) {
        var rows = new ArrayList<int[]>();
        for (Chunk chunk : chunks) {
            for (int p = chunk.from(); p < chunk.to(); p++) {
                rows.add(new int[] {chunk.sequence(), p});
            }
        }
        return rows;
    }

    private int[] slots(List<int[]> rows) {
        int[] slots = new int[rows.size()];
        for (int t = 0; t < slots.length; t++) {
            int position = rows.get(t)[1];
            slots[t] = pageTable[rows.get(t)[0]][position / layer.pageSize()] * layer.pageSize()
                    + position % layer.pageSize();
        }
        return slots;
    }

    /// Columns from.. of each head's key: [T, kvHeads * count].
    private Matrix columns(float[] keys, int from, int count) {
        float[] part = new float[keys.length / layer.keyDim() * count];
        for (int h = 0; h < keys.length / layer.keyDim(); h++) {
            System.arraycopy(keys, h * layer.keyDim() + from, part, h * count, count);
        }
        return floats(part, layer.kvHeads() * count);
    }

    private static void put(float[] all, int row, float[] values) {
        System.arraycopy(values, 0, all, row * values.length, values.length);
    }

    private Matrix floats(float[] values, int cols) {
        return written(Matrix.host(values, values.length / cols, cols));
    }

    private Matrix ints(int[] values) {
        return written(Matrix.host(values, values.length, 1));
    }

    private Matrix written(Matrix host) {
        Matrix device = kernels.allocate(host.dtype(), host.rows(), host.cols());
        kernels.write(host, device);
        return device;
    }
}
