package dev.sluice.kernels.gpu;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;

/// Device tables that say where the weights of groups lie: for each group the byte offset and the
/// number of the base it counts from, -1 for a group without a weight. A table is written when it
/// differs from what its list had last, so fixed weights are written once. Engine thread only.
final class WeightPlaces {
    /// Lists come and go when experts are placed anew; beyond this many, tables are used again.
    private static final int TABLES_MAX = 4096;

    private final Device device;
    private final Map<List<Matrix>, Table> tables = new IdentityHashMap<>();
    private final Map<Integer, Deque<Matrix>> unused = new HashMap<>();

    /// @param places  [groups, 4] I32: two 64-bit words a group, offset and number of the base
    /// @param bases   the bases, each as a matrix at offset 0
    record Table(Matrix places, Matrix[] bases, long[] words, DType dtype) { }

    WeightPlaces(Device device) {
        this.device = device;
    }

    /// The table for `weights`, where group g uses weight `index` of g, or none below 0.
    Table of(List<Matrix> weights, int groups, IntUnaryOperator index) {
        var bases = new Matrix[weights.size()];
        var words = new long[2 * groups];
        int baseCount = 0;
        for (int g = 0; g < groups; g++) {
            int i = index.applyAsInt(g);
            if (i < 0) {
                words[2 * g + 1] = -1;
                continue;
            }
            Matrix weight = weights.get(i);
            if (device.addressesMemory()) {
                bases[0] = Matrix.none(1);
                baseCount = 1;
                words[2 * g] = weight.memory().address() + weight.byteOffset();
                continue;
            }
            int base = find(bases, baseCount, weight);
            if (base == baseCount) {
                bases[baseCount++] = Matrix.of(DType.F32, 0, 1, weight.memory(), 0);
            }
            words[2 * g] = weight.byteOffset();
            words[2 * g + 1] = base;
        }
        return current(weights, Arrays.copyOf(bases, baseCount), words);
    }

    private static int find(Matrix[] bases, int count, Matrix weight) {
        int base = 0;
        while (base < count
                && bases[base].memory().address() != weight.memory().address()) {
            base++;
        }
        return base;
    }

    private Table current(List<Matrix> weights, Matrix[] bases, long[] words) {
        Table before = tables.get(weights);
        if (before != null && Arrays.equals(before.words, words)
                && sameBases(before.bases, bases)) {
            return before;
        }
        Matrix places = before != null && before.words.length == words.length ? before.places
                : room(words.length / 2);
        var host = Matrix.of(DType.I32, words.length / 2, 4,
                java.lang.foreign.MemorySegment.ofArray(words), 0);
        device.write(host, places);
        var table = new Table(places, bases, words, encoding(weights));
        tables.put(weights, table);
        return table;
    }

    private static boolean sameBases(Matrix[] before, Matrix[] now) {
        boolean same = before.length == now.length;
        for (int i = 0; same && i < now.length; i++) {
            same = before[i].memory().address() == now[i].memory().address();
        }
        return same;
    }

    private static DType encoding(List<Matrix> weights) {
        DType first = weights.getFirst().dtype();
        for (Matrix weight : weights) {
            if (weight.dtype() != first) {
                throw new IllegalArgumentException("weights of one product are in %s and %s"
                        .formatted(first, weight.dtype()));
            }
        }
        return first;
    }

    private Matrix room(int groups) {
        if (tables.size() >= TABLES_MAX) {
            tables.values().forEach(table -> unused.computeIfAbsent(table.places.rows(),
                    _ -> new ArrayDeque<>()).add(table.places));
            tables.clear();
        }
        Deque<Matrix> free = unused.get(groups);
        return free != null && !free.isEmpty() ? free.pop()
                : device.allocate(DType.I32, groups, 4, "a table of weights");
    }
}
