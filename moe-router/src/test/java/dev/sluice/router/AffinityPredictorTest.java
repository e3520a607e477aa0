package dev.sluice.router;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Goal: fetching the experts that a predictor names finds more of the next layer's than keeping
/// the most popular.
///
/// Method: 5,000 tokens of a trace with strong affinity are counted, 5,000 others fetched for: a
/// fetch of the four likeliest experts of 32 against the layer's four most popular.
class AffinityPredictorTest {
    private static final int EXPERTS = 32;
    private static final int FETCHED = 4;

    @Test
    void findsMoreThanPopularity() {
        var trace = new MarkovTrace(EXPERTS, 8, 0.05, 3);
        int[][] seen = trace.tokens(5_000);
        int[][] unseen = trace.tokens(5_000);
        List<PairCounts> pairs = trace.pairs(seen);
        var predictor = new ExpertAffinity(new int[] {0, 1, 2, 3, 4, 5, 6, 7}, pairs);
        var ranked = new int[FETCHED];
        var scores = new float[EXPERTS];
        int byAffinity = 0;
        int byPopularity = 0;
        for (int layer = 0; layer < 7; layer++) {
            int[] popular = popular(pairs.get(layer));
            for (int[] token : unseen) {
                int count = predictor.rank(layer, new int[] {token[layer]}, 1, scores, ranked);
                assertEquals(FETCHED, count);
                byAffinity += contains(ranked, token[layer + 1]) ? 1 : 0;
                byPopularity += contains(popular, token[layer + 1]) ? 1 : 0;
            }
        }
        System.out.printf("%d of %d experts fetched: hits %.3f by affinity, %.3f by popularity%n",
                FETCHED, EXPERTS, byAffinity / 35_000.0, byPopularity / 35_000.0);
        assertTrue(byAffinity >= 1.5 * byPopularity, byAffinity + " against " + byPopularity);
    }

    private static int[] popular(PairCounts counts) {
        Integer[] experts = new Integer[EXPERTS];
        Arrays.setAll(experts, e -> e);
        Arrays.sort(experts, (a, b) -> Long.compare(counts.colSum(b), counts.colSum(a)));
        return Arrays.stream(experts).limit(FETCHED).mapToInt(e -> e).toArray();
    }

    private static boolean contains(int[] values, int value) {
        return Arrays.stream(values).anyMatch(v -> v == value);
    }

    @Test
    void ranksByTheFormula() {
        var counts = new PairCounts(2, 3);
        for (int i = 0; i < 6; i++) {
            counts.add(0, 2);
        }
        counts.add(0, 1);
        counts.add(1, 0);
        var scores = new float[3];
        var ranked = new int[2];
        var affinity = new ExpertAffinity(new int[] {3, 5}, List.of(counts));
        assertEquals(2, affinity.rank(3, new int[] {0}, 1, scores, ranked));
        assertArrayEquals(new int[] {2, 1}, ranked, Arrays.toString(scores));
        // (W + 8 P(q)) / (W[p,*] + 8), with P = 1/8, 1/8, 6/8
        assertArrayEquals(new float[] {1 / 15f, 2 / 15f, 12 / 15f}, scores, 1e-6f);
        assertEquals(0, affinity.rank(5, new int[] {0}, 1, scores, ranked), "no layer after 5");
        assertEquals(0, AffinityPredictor.none().rank(3, new int[] {0}, 1, scores, ranked));
        assertEquals(3, affinity.rank(3, new int[] {1}, 1, scores, new int[7]));
    }

    @Test
    void entropyTellsHowMuchRowsTell() {
        var certain = new PairCounts(4, 4);
        var uniform = new PairCounts(4, 4);
        for (int p = 0; p < 4; p++) {
            for (int q = 0; q < 4; q++) {
                certain.add(p, 3 - p);
                uniform.add(p, q);
            }
        }
        assertEquals(0, certain.conditionalEntropy(), 1e-12);
        assertEquals(Math.log(4), uniform.conditionalEntropy(), 1e-12);
    }
}
