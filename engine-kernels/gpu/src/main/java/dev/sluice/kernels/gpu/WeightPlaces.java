package dev.sluice.kernels.gpu;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;
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
    /// The table that was asked for last, before it is known whether it is there already.
    private long[] words = {};
    private long[] baseAddresses = {};
    private int baseCount;

    /// @param places  [groups, 4] I32: two 64-bit words a group, offset and number of the base
    /// @param bases   the bases, each as a matrix at offset 0
    record Table(Matrix places, Matrix[] bases, long[] words, DType dtype) { }

    WeightPlaces(Device device) {
        this.device = device;
    }

    /// The table for `weights`, where group g uses weight `index` of g, or none below 0.
    Table of(List<Matrix> weights, int groups, IntUnaryOperator index) {
        if (words.length != 2 * groups) {
            words = new long[2 * groups];
        }
        if (baseAddresses.length < weights.size()) {
            baseAddresses = new long[weights.size()];
        }
        baseCount = 0;
        for (int g = 0; g < groups; g++) {
            int i = index.applyAsInt(g);
            words[2 * g] = 0;
            words[2 * g + 1] = -1;
            if (i >= 0) {
                place(g, weights.get(i));
            }
        }
        Table before = tables.get(weights);
        return before != null && isCurrent(before) ? before : written(weights, before);
    }

    private void place(int group, Matrix weight) {
        boolean absolute = device.addressesMemory();
        long address = absolute ? 0 : weight.memory().address();
        int base = 0;
        while (base < baseCount && baseAddresses[base] != address) {
            base++;
        }
        if (base == baseCount) {
            baseAddresses[baseCount++] = address;
        }
        words[2 * group] = weight.byteOffset() + (absolute ? weight.memory().address() : 0);
        words[2 * group + 1] = base;
    }

    private boolean isCurrent(Table before) {
        boolean same = before.bases.length == baseCount && Arrays.equals(before.words, words);
        for (int i = 0; same && i < baseCount; i++) {
            same = before.bases[i].memory().address() == baseAddresses[i];
        }
        return same;
    }

    private Table written(List<Matrix> weights, Table before) {
        var bases = new Matrix[baseCount];
        for (int i = 0; i < baseCount; i++) {
            bases[i] = Matrix.of(DType.F32, 0, 1, MemorySegment.ofAddress(baseAddresses[i]), 0);
        }
        Matrix places = before != null && before.words.length == words.length ? before.places
                : room(words.length / 2);
        device.write(Matrix.of(DType.I32, words.length / 2, 4, MemorySegment.ofArray(words), 0),
                places);
        var table = new Table(places, bases, words.clone(), encoding(weights));
        tables.put(weights, table);
        return table;
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
