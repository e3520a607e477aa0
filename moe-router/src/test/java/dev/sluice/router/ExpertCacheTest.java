package dev.sluice.router;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Goal: a cache of experts gives the bits of all experts, gives up the expert that its policy
/// says, fetches what is predicted, and says what it did. Method: three small layers on the
/// oracle with chosen ids, every output compared with that of the uncached layer.
class ExpertCacheTest {
    private static final int LAYERS = 3;
    private static final int EXPERTS = 8;
    private static final int TOP_K = 2;
    private static final int MAX_ROWS = 16;
    private static final int D = 6;
    private static final int F = 4;
    private static final long EXPERT_BYTES = 3L * 4 * D * F;

    private final Kernels kernels = Kernels.open("reference", BackendOptions.defaults());
    private final Random random = new Random(3);
    private final List<ExpertWeights> stored = new ArrayList<>();
    private final List<ExpertDispatch> layers = new ArrayList<>();
    private ExpertCache cache;

    @AfterEach
    void close() {
        if (cache != null) {
            cache.close();
        }
        kernels.close();
    }

    private void open(int slots, ExpertCachePolicy policy, AffinityPredictor predictor) {
        cache = new ExpertCache(slots * EXPERT_BYTES, policy, predictor);
        for (int layer = 0; layer < LAYERS; layer++) {
            stored.add(new ExpertWeights(matrices(F, D), matrices(F, D), matrices(D, F),
                    random(EXPERTS, F), random(EXPERTS, F), random(EXPERTS, D),
                    Activation.SILU));
            layers.add(cache.add(kernels, new ExpertStore.Layer(2 * layer, TOP_K, MAX_ROWS),
                    stored.getLast()));
        }
        cache.ready();
    }

    private List<Matrix> matrices(int rows, int cols) {
        var list = new ArrayList<Matrix>();
        for (int e = 0; e < EXPERTS; e++) {
            list.add(random(rows, cols));
        }
        return list;
    }

    private Matrix random(int rows, int cols) {
        var values = new float[rows * cols];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Matrix.host(values, rows, cols);
    }

    /// One layer on rows that choose `ids`, two each.
    private void run(int layer, int... ids) {
        int rows = ids.length / TOP_K;
        Matrix x = random(rows, D);
        Matrix weights = random(rows, TOP_K);
        Matrix chosen = Matrix.host(ids, rows, TOP_K);
        Matrix want = kernels.allocate(DType.F32, rows, D);
        Matrix got = kernels.allocate(DType.F32, rows, D);
        kernels.expertFfn(x, stored.get(layer), chosen, weights, want);
        layers.get(layer).forward(kernels, x, chosen, weights, got);
        for (int i = 0; i < rows * D; i++) {
            assertEquals(want.f32(0, i), got.f32(0, i), "element " + i);
        }
    }

    private void expect(long demandHits, long prefetchHits, long misses, long evictions) {
        ExpertCacheStatistics s = cache.statistics();
        assertEquals(List.of(demandHits, prefetchHits, misses, evictions), List.of(s.demandHits(),
                s.prefetchHits(), s.misses(), s.evictions()), s.toString());
        assertEquals(s.requests(), demandHits + prefetchHits + misses);
    }

    @Test
    void theExpertUsedLongestAgoGoes() {
        open(3, ExpertCachePolicy.LRU, AffinityPredictor.none());
        run(0, 0, 1);
        run(0, 0, 2);
        expect(1, 0, 3, 0);
        run(0, 0, 3);           // Expert 1 goes.
        expect(2, 0, 4, 1);
        run(0, 2, 3);
        expect(4, 0, 4, 1);
        run(1, 2, 3);           // Another layer's: two of layer 0 go, 0 and one of 2 and 3.
        expect(4, 0, 6, 3);
        run(0, 0, 1);
        expect(4, 0, 8, 5);
        assertEquals(8 * EXPERT_BYTES, cache.statistics().bytesLoaded());
        assertEquals(4 / 12.0, cache.statistics().hitRate(), 1e-9);
    }

    @Test
    void theExpertAskedForLeastOftenGoes() {
        open(3, ExpertCachePolicy.LFU, AffinityPredictor.none());
        run(0, 0, 1);
        run(0, 0, 1);
        run(0, 0, 1);
        run(0, 2, 1);
        expect(5, 0, 3, 0);
        run(0, 3, 1);           // 2 goes, though 0 was used longer ago.
        run(0, 0, 1);
        expect(8, 0, 4, 1);
    }

    @Test
    void whatIsPredictedIsFetched() throws InterruptedException {
        // Whoever chose p will choose p + 1 next.
        open(4, ExpertCachePolicy.AFFINITY, (_, chosen, count, _, ranked) -> {
            int written = Math.min(count, ranked.length);
            for (int i = 0; i < written; i++) {
                ranked[i] = chosen[i] + 1;
            }
            return written;
        });
        run(0, 0, 5);
        // A quarter of the slots, so one expert: 1 of the next layer.
        for (int i = 0; i < 1000 && cache.statistics().prefetches() == 0; i++) {
            Thread.sleep(1);
        }
        Thread.sleep(50);
        run(1, 1, 6);
        ExpertCacheStatistics s = cache.statistics();
        assertEquals(1, s.prefetchHits(), s.toString());
        assertEquals(3, s.misses(), s.toString());
    }

    @Test
    void aStepThatNeedsMoreThanFitsRunsInWaves() {
        open(3, ExpertCachePolicy.LRU, AffinityPredictor.none());
        run(0, 0, 1, 2, 3, 4, 5, 6, 7, 1, 0, 7, 2);
        assertEquals(2, cache.statistics().waves(), cache.statistics().toString());
        expect(0, 0, 8, 5);
        // Those that are there are used before they have to go.
        run(0, 0, 1, 2, 3, 4, 5, 6, 7);
        expect(3, 0, 13, 10);
    }

    /// Random steps of one to many rows while the other thread fetches right and wrong guesses.
    @ParameterizedTest
    @EnumSource(ExpertCachePolicy.class)
    void bitsOfEveryExpertInAnyHistory(ExpertCachePolicy policy) {
        var guesses = new Random(8);
        open(7, policy, (_, _, _, _, ranked) -> {
            for (int i = 0; i < ranked.length; i++) {
                ranked[i] = guesses.nextInt(EXPERTS);
            }
            return ranked.length;
        });
        for (int step = 0; step < 3000; step++) {
            int rows = step % 5 == 0 ? 1 + random.nextInt(MAX_ROWS) : 1;
            for (int layer = 0; layer < LAYERS; layer++) {
                int[] ids = new int[rows * TOP_K];
                for (int i = 0; i < ids.length; i += TOP_K) {
                    ids[i] = random.nextInt(EXPERTS);
                    ids[i + 1] = (ids[i] + 1 + random.nextInt(EXPERTS - 1)) % EXPERTS;
                }
                run(layer, ids);
            }
        }
        ExpertCacheStatistics s = cache.statistics();
        assertTrue(s.demandHits() > 0 && s.misses() > 0 && s.evictions() > 0 && s.waves() > 0,
                s.toString());
        assertEquals(policy == ExpertCachePolicy.AFFINITY, s.prefetches() > 0, s.toString());
    }

    @Test
    void aBudgetOfLessThanATokenNeedsIsRefusedWithTheNumbers() {
        var refused = assertThrows(ExpertBudgetException.class,
                () -> open(2, ExpertCachePolicy.LRU, AffinityPredictor.none()));
        assertTrue(refused.getMessage().contains("%,d bytes is too small".formatted(
                2 * EXPERT_BYTES)), refused.getMessage());
        assertTrue(refused.getMessage().contains("one more take %,d bytes".formatted(
                3 * EXPERT_BYTES)), refused.getMessage());
    }

    @Test
    void anExpertThatCanNotBeReadFailsTheStepAndSaysWhich() {
        open(3, ExpertCachePolicy.LRU, AffinityPredictor.none());
        Arena arena = Arena.ofShared();
        MemorySegment gone = arena.allocate(4L * D * F);
        var gate = new ArrayList<>(stored.getFirst().gate());
        gate.set(5, Matrix.of(DType.F32, F, D, gone, 0));
        ExpertWeights s = stored.getFirst();
        cache.close();
        cache = new ExpertCache(3 * EXPERT_BYTES, ExpertCachePolicy.LRU, AffinityPredictor.none());
        layers.set(0, cache.add(kernels, new ExpertStore.Layer(0, TOP_K, MAX_ROWS),
                new ExpertWeights(gate, s.up(), s.down(), s.gateBias(), s.upBias(), s.downBias(),
                        s.activation())));
        cache.ready();
        arena.close();
        run(0, 1, 2);
        var failed = assertThrows(IllegalStateException.class, () -> layers.getFirst().forward(
                kernels, random(1, D), Matrix.host(new int[] {1, 5}, 1, 2), random(1, 2),
                kernels.allocate(DType.F32, 1, D)));
        assertTrue(failed.getMessage().contains("expert 5"), failed.getMessage());
    }
}
