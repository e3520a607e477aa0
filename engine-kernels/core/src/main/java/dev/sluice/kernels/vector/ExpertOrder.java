package dev.sluice.kernels.vector;

import dev.sluice.kernels.ExpertTable;
import dev.sluice.kernels.Matrix;
import java.util.Arrays;

/// The (token, slot) pairs of a step in the order of the places that serve them, by a stable
/// counting sort: within a place, pairs stay in the order of tokens and slots. Reused from call
/// to call.
final class ExpertOrder {
    /// Position of a pair whose expert is not present.
    static final int NOWHERE = Integer.MIN_VALUE;

    /// First position of each place, and after the last place the number of placed pairs.
    int[] starts = {};
    /// Position of pair `token * slots + slot`, or [#NOWHERE].
    int[] positions = {};
    /// Pair of each position.
    int[] pairs = {};
    /// Place of each pair, or [#NOWHERE].
    private int[] placeOf = {};
    /// Expert of each pair.
    int[] experts = {};
    /// Places with pairs, those with the most first: the costly tasks of a layer begin early, so
    /// that its end is not one thread's. Equal ones in the order of their numbers.
    int[] used = {};
    int usedCount;
    int slots;
    /// Pairs whose expert is present.
    int placed;
    private long[] keys = {};

    /// Sorts the pairs of `expertIds` [T,K].
    void sort(Matrix expertIds, ExpertTable table) {
        slots = expertIds.cols();
        int pairCount = expertIds.rows() * slots;
        int places = table.placeCount();
        reserve(pairCount, places);
        Arrays.fill(starts, 0, places + 1, 0);
        for (int i = 0; i < pairCount; i++) {
            int expert = expertIds.i32(i / slots, i % slots);
            if (expert < 0 || expert >= table.experts()) {
                throw new IllegalArgumentException("expert %d of row %d, there are %d"
                        .formatted(expert, i / slots, table.experts()));
            }
            experts[i] = expert;
            placeOf[i] = table.isPresent(expert) ? table.place(expert, i / slots) : NOWHERE;
            if (placeOf[i] != NOWHERE) {
                starts[placeOf[i] + 1]++;
            }
        }
        rankPlaces(places);
        for (int p = 0; p < places; p++) {
            starts[p + 1] += starts[p];
        }
        placed = starts[places];
        // Placing moves each start to the place's end; moving the array up restores the starts.
        for (int i = 0; i < pairCount; i++) {
            positions[i] = NOWHERE;
            if (placeOf[i] != NOWHERE) {
                int position = starts[placeOf[i]]++;
                positions[i] = position;
                pairs[position] = i;
            }
        }
        System.arraycopy(starts, 0, starts, 1, places);
        starts[0] = 0;
    }

    private void reserve(int pairCount, int places) {
        if (positions.length < pairCount) {
            positions = new int[pairCount];
            pairs = new int[pairCount];
            placeOf = new int[pairCount];
            experts = new int[pairCount];
        }
        if (starts.length < places + 1) {
            starts = new int[places + 1];
            used = new int[places];
            keys = new long[places];
        }
    }

    /// While `starts[p + 1]` is the number of pairs of place p.
    private void rankPlaces(int places) {
        usedCount = 0;
        for (int p = 0; p < places; p++) {
            if (starts[p + 1] > 0) {
                keys[usedCount++] = (long) -starts[p + 1] << 32 | p;
            }
        }
        Arrays.sort(keys, 0, usedCount);
        for (int i = 0; i < usedCount; i++) {
            used[i] = (int) keys[i];
        }
    }

    int rows(int place) {
        return starts[place + 1] - starts[place];
    }
}
