package dev.sluice.kernels.vector;

import dev.sluice.kernels.Matrix;
import java.util.Arrays;

/// The (token, slot) pairs of a step in the order of their experts, by a stable counting sort:
/// within an expert, pairs stay in the order of tokens and slots. Reused from call to call.
final class ExpertOrder {
    /// First position of each expert, and after the last expert the number of pairs.
    int[] starts = {};
    /// Position of pair `token * slots + slot`.
    int[] positions = {};
    /// Expert of that pair.
    int[] experts = {};
    int pairs;
    int slots;

    /// Sorts the pairs of `expertIds` [T,K] among `expertCount` experts; the token of each
    /// position goes to `tokens`.
    void sort(Matrix expertIds, int expertCount, int[] tokens) {
        slots = expertIds.cols();
        pairs = expertIds.rows() * slots;
        if (positions.length < pairs) {
            positions = new int[pairs];
            experts = new int[pairs];
        }
        if (starts.length < expertCount + 1) {
            starts = new int[expertCount + 1];
        }
        Arrays.fill(starts, 0);
        for (int i = 0; i < pairs; i++) {
            int expert = expertIds.i32(i / slots, i % slots);
            if (expert < 0 || expert >= expertCount) {
                throw new IllegalArgumentException("expert %d of row %d, there are %d"
                        .formatted(expert, i / slots, expertCount));
            }
            experts[i] = expert;
            starts[expert + 1]++;
        }
        for (int e = 0; e < expertCount; e++) {
            starts[e + 1] += starts[e];
        }
        // Placing moves each start to the expert's end; moving the array up restores the starts.
        for (int i = 0; i < pairs; i++) {
            int position = starts[experts[i]]++;
            positions[i] = position;
            tokens[position] = i / slots;
        }
        System.arraycopy(starts, 0, starts, 1, expertCount);
        starts[0] = 0;
    }

    int rows(int expert) {
        return starts[expert + 1] - starts[expert];
    }
}
