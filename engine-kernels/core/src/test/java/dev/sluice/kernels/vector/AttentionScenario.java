package dev.sluice.kernels.vector;

import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/// One attention layer over sequences of the given lengths, with queries, keys and values from a
/// seed. [#run] feeds the sequences to a backend in steps of any size, in pages of any order, and
/// returns the outputs by sequence and position, so that runs can be compared.
record AttentionScenario(DType dtype, int pageSize, int kvHeads, int heads, int keyDim,
        int valueDim,
        boolean latent, int window, float softcap, boolean sinks, int[] lengths, long seed) {

    static AttentionScenario of(DType dtype, int kvHeads, int heads, int keyDim, int valueDim,
            int... lengths) {
        return new AttentionScenario(dtype, 32, kvHeads, heads, keyDim, valueDim, false, 0, 0,
                false,
                lengths, 42);
    }

    AttentionScenario withPageSize(int size) {
        return new AttentionScenario(dtype, size, kvHeads, heads, keyDim, valueDim, latent, window,
                softcap, sinks, lengths, seed);
    }

    AttentionScenario withLatent() {
        return new AttentionScenario(dtype, pageSize, kvHeads, heads, keyDim, valueDim, true,
                window,
                softcap, sinks, lengths, seed);
    }

    AttentionScenario with(int newWindow, float newSoftcap, boolean newSinks) {
        return new AttentionScenario(dtype, pageSize, kvHeads, heads, keyDim, valueDim, latent,
                newWindow, newSoftcap, newSinks, lengths, seed);
    }

    /// How the sequences are fed: at most `chunk` rows of each sequence a step, all sequences in
    /// one step or one after another, pages dealt out in an order drawn from `pageSeed`.
    record Feed(int chunk, boolean together, long pageSeed) {}

    float scale() { return (float) (1 / Math.sqrt(keyDim)); }

    /// Largest difference that float arithmetic may show to the oracle, of outputs of values in
    /// -1..1. A score is a chain of keyDim roundings of sums of at most keyDim times the largest
    /// |q k| = 4, times scale; it moves a weight by its error, twice as it is in the denominator
    /// too; sums of n weights and n products round n times at most, half of it in lanes.
    double tolerance() {
        double unit = Math.scalb(1.0, -24);
        int longest = Arrays.stream(lengths).max().orElseThrow();
        double score = (keyDim + 4) * unit * 4 * keyDim * scale();
        return 2 * score + (longest + 16) * unit;
    }

    /// Outputs [all positions, heads*valueDim], sequence after sequence.
    float[] run(Kernels kernels, Feed feed) {
        var random = new Random(seed);
        int total = Arrays.stream(lengths).sum();
        float[] q = uniform(random, total * heads * keyDim, 2);
        float[] k = uniform(random, total * kvHeads * keyDim, 2);
        float[] v = uniform(random, total * kvHeads * valueDim, 1);
        float[] z = uniform(random, heads, 3);
        var spec = new AttentionSpec(heads, scale(), softcap, window,
                sinks ? device(kernels, Matrix.host(z, 1, heads)) : Matrix.none(heads));
        int[][] tables = pageTables(feed.pageSeed);
        int pages = Arrays.stream(tables).mapToInt(t -> t.length).sum() + 1;
        KvPages kv = kernels.allocateKv(dtype, pages, pageSize, kvHeads, keyDim, valueDim, latent);
        // Whatever is not stored must not matter.
        kv.keys().memory().fill((byte) 0xFF);
        if (!latent) {
            kv.values().memory().fill((byte) 0xFF);
        }
        float[] out = new float[total * heads * valueDim];
        for (int[][] step : steps(feed)) {
            step(kernels, kv, spec, tables, step, new float[][] {q, k, v, out});
        }
        return out;
    }

    private static float[] uniform(Random random, int count, float bound) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (random.nextFloat() * 2 - 1) * bound;
        }
        return values;
    }

    private static Matrix device(Kernels kernels, Matrix host) {
        Matrix device = kernels.allocate(host.dtype(), host.rows(), host.cols());
        kernels.write(host, device);
        return device;
    }

    /// Pages of each sequence. Page 0 stays unused.
    private int[][] pageTables(long pageSeed) {
        int[] counts = Arrays.stream(lengths).map(n -> (n + pageSize - 1) / pageSize).toArray();
        List<Integer> free = new ArrayList<>();
        for (int page = 1; page <= Arrays.stream(counts).sum(); page++) {
            free.add(page);
        }
        Collections.shuffle(free, new Random(pageSeed));
        int[][] tables = new int[lengths.length][];
        int next = 0;
        for (int s = 0; s < lengths.length; s++) {
            tables[s] = new int[counts[s]];
            for (int i = 0; i < counts[s]; i++) {
                tables[s][i] = free.get(next++);
            }
        }
        return tables;
    }

    /// Steps as runs {sequence, first position, count}.
    private List<int[][]> steps(Feed feed) {
        List<int[][]> steps = new ArrayList<>();
        int[] done = new int[lengths.length];
        while (!Arrays.equals(done, lengths)) {
            List<int[]> runs = new ArrayList<>();
            for (int s = 0; s < lengths.length; s++) {
                int count = Math.min(feed.chunk, lengths[s] - done[s]);
                if (count > 0 && (feed.together || runs.isEmpty())) {
                    runs.add(new int[] {s, done[s], count});
                    done[s] += count;
                }
            }
            steps.add(runs.toArray(int[][]::new));
        }
        return steps;
    }

    private void step(Kernels kernels, KvPages kv, AttentionSpec spec, int[][] tables, int[][] runs,
            float[][] data) {
        int rows = Arrays.stream(runs).mapToInt(run -> run[2]).sum();
        int[] positions = new int[rows];
        int[] sequences = new int[rows];
        int[] slots = new int[rows];
        int[] sources = new int[rows];
        int row = 0;
        for (int[] run : runs) {
            for (int p = run[1]; p < run[1] + run[2]; p++) {
                positions[row] = p;
                sequences[row] = run[0];
                slots[row] = tables[run[0]][p / pageSize] * pageSize + p % pageSize;
                sources[row++] = Arrays.stream(lengths).limit(run[0]).sum() + p;
            }
        }
        int maxPages = Arrays.stream(tables).mapToInt(t -> t.length).max().orElseThrow();
        int[] table = new int[tables.length * maxPages];
        Arrays.fill(table, Integer.MIN_VALUE / 2); // an entry that is not needed must not be read
        for (int s = 0; s < tables.length; s++) {
            int used = 0;
            for (int i = 0; i < rows; i++) {
                used = sequences[i] == s ? positions[i] / pageSize + 1 : used;
            }
            System.arraycopy(tables[s], 0, table, s * maxPages, used);
            hideBeforeWindow(table, s * maxPages, positions, sequences, s);
        }
        Matrix slotMatrix = device(kernels, Matrix.host(slots, rows, 1));
        var map = new RowMap(device(kernels, Matrix.host(positions, rows, 1)),
                device(kernels, Matrix.host(sequences, rows, 1)), slotMatrix,
                device(kernels, Matrix.host(table, tables.length, maxPages)));
        kernels.storeKeys(part(kernels, data[1], sources, kvHeads * keyDim), 0, kv, slotMatrix);
        if (!latent) {
            kernels.storeValues(part(kernels, data[2], sources, kvHeads * valueDim), kv,
                    slotMatrix);
        }
        Matrix out = kernels.allocate(DType.F32, rows, heads * valueDim);
        out.memory().fill((byte) 0xFF);
        kernels.attention(spec, part(kernels, data[0], sources, heads * keyDim), kv, map, out);
        float[] host = new float[rows * heads * valueDim];
        kernels.read(out, Matrix.host(host, rows, heads * valueDim));
        for (int i = 0; i < rows; i++) {
            System.arraycopy(host, i * heads * valueDim, data[3], sources[i] * heads * valueDim,
                    heads * valueDim);
        }
    }

    /// A page that every row's window has passed may belong to another sequence already.
    private void hideBeforeWindow(int[] table, int at, int[] positions, int[] sequences, int s) {
        int first = Integer.MAX_VALUE;
        for (int i = 0; i < positions.length; i++) {
            first = sequences[i] == s ? Math.min(first, positions[i]) : first;
        }
        if (window > 0 && first < Integer.MAX_VALUE) {
            int dead = Math.max(0, first - window + 1) / pageSize;
            Arrays.fill(table, at, at + dead, Integer.MIN_VALUE / 2);
        }
    }

    private static Matrix part(Kernels kernels, float[] all, int[] sources, int cols) {
        float[] values = new float[sources.length * cols];
        for (int i = 0; i < sources.length; i++) {
            System.arraycopy(all, sources[i] * cols, values, i * cols, cols);
        }
        return device(kernels, Matrix.host(values, sources.length, cols));
    }
}
