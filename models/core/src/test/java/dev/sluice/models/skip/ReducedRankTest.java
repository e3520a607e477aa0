package dev.sluice.models.skip;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.Matrix;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Goal: the closed forms are right. Method: a planted map of rank 3 with a bias is found again
/// from random rows; with noise, the error falls with the rank up to 3 and no further; eigenvectors
/// are orthogonal and diagonalise.
class ReducedRankTest {
    private static final int D = 12;
    private static final int ROWS = 600;
    private static final int PLANTED = 3;

    @Test
    void aPlantedMapIsFound() {
        var planted = new Planted(17, 0);
        LowRank map = ReducedRank.fit(planted.moments, 1e-9, PLANTED);
        assertEquals(0, planted.error(map), 1e-6 * planted.energy());
    }

    @Test
    void theRankIsTheOneThatHelps() {
        var planted = new Planted(18, 0.1);
        double[] errors = new double[PLANTED + 2];
        for (int rank = 0; rank < errors.length; rank++) {
            errors[rank] = planted.error(ReducedRank.fit(planted.moments, 1e-6, rank));
        }
        for (int rank = 1; rank <= PLANTED; rank++) {
            assertTrue(errors[rank] < 0.9 * errors[rank - 1],
                    "rank " + rank + ": " + errors[rank] + " after " + errors[rank - 1]);
        }
        assertEquals(errors[PLANTED], errors[PLANTED + 1], 0.02 * errors[PLANTED]);
    }

    @Test
    void eigenvectorsDiagonalise() {
        var random = new SplittableRandom(19);
        var a = new double[D][D];
        for (int i = 0; i < D; i++) {
            for (int j = 0; j <= i; j++) {
                a[i][j] = random.nextDouble() - 0.5;
                a[j][i] = a[i][j];
            }
        }
        double[][] v = SymmetricEigen.largest(a, D);
        double before = Double.POSITIVE_INFINITY;
        for (int p = 0; p < D; p++) {
            for (int q = 0; q < D; q++) {
                double product = 0;
                double rotated = 0;
                for (int i = 0; i < D; i++) {
                    product += v[p][i] * v[q][i];
                    for (int j = 0; j < D; j++) {
                        rotated += v[p][i] * a[i][j] * v[q][j];
                    }
                }
                assertEquals(p == q ? 1 : 0, product, 1e-12);
                if (p == q) {
                    assertTrue(rotated <= before, "eigenvalue " + rotated + " after " + before);
                    before = rotated;
                } else {
                    assertEquals(0, rotated, 1e-12);
                }
            }
        }
    }

    /// Rows x, and y = B A x + c with noise.
    private static final class Planted {
        private final Matrix x;
        private final double[][] y = new double[ROWS][D];
        private final Moments moments = new Moments(D, D);

        Planted(long seed, double noise) {
            var random = new SplittableRandom(seed);
            double[][] down = gaussian(random, PLANTED, D);
            double[][] up = gaussian(random, D, PLANTED);
            var values = new float[ROWS * D];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian(1, 2);
            }
            x = Matrix.host(values, ROWS, D);
            for (int row = 0; row < ROWS; row++) {
                for (int r = 0; r < PLANTED; r++) {
                    double narrow = 0;
                    for (int i = 0; i < D; i++) {
                        narrow += down[r][i] * x.f32(row, i);
                    }
                    for (int i = 0; i < D; i++) {
                        y[row][i] += up[i][r] * narrow;
                    }
                }
                for (int i = 0; i < D; i++) {
                    y[row][i] += i + noise * random.nextGaussian();
                }
                moments.add(x, row, y[row]);
            }
        }

        private static double[][] gaussian(SplittableRandom random, int rows, int cols) {
            var out = new double[rows][cols];
            for (double[] row : out) {
                for (int i = 0; i < cols; i++) {
                    row[i] = random.nextGaussian();
                }
            }
            return out;
        }

        double error(LowRank map) {
            var got = new double[D];
            double sum = 0;
            for (int row = 0; row < ROWS; row++) {
                map.apply(x, row, got);
                for (int i = 0; i < D; i++) {
                    sum += (got[i] - y[row][i]) * (got[i] - y[row][i]);
                }
            }
            return sum;
        }

        double energy() {
            double sum = 0;
            for (double[] row : y) {
                for (double value : row) {
                    sum += value * value;
                }
            }
            return sum;
        }
    }
}
