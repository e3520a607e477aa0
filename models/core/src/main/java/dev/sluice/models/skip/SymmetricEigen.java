package dev.sluice.models.skip;

/// Eigenvectors of a symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan, section 8.5):
/// slow beside a tridiagonal reduction, but short, and exact to rounding for every spectrum.
final class SymmetricEigen {
    /// Converges quadratically; a matrix of some hundred rows takes about ten.
    private static final int SWEEPS_MAX = 60;

    private final double[][] a;
    private final double[][] vectors;

    private SymmetricEigen(double[][] matrix) {
        int n = matrix.length;
        a = new double[n][];
        vectors = new double[n][n];
        for (int i = 0; i < n; i++) {
            a[i] = matrix[i].clone();
            vectors[i][i] = 1;
        }
    }

    /// The eigenvectors of `matrix` [n,n] that belong to the `count` largest eigenvalues, the
    /// largest first, each a row [n] of unit length.
    static double[][] largest(double[][] matrix, int count) {
        var eigen = new SymmetricEigen(matrix);
        double total = eigen.squares(false);
        for (int sweep = 0; sweep < SWEEPS_MAX && eigen.squares(true) > 1e-28 * total; sweep++) {
            eigen.sweep();
        }
        return eigen.top(count);
    }

    private double squares(boolean offDiagonal) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < a.length; j++) {
                sum += offDiagonal && i == j ? 0 : a[i][j] * a[i][j];
            }
        }
        return sum;
    }

    private void sweep() {
        for (int p = 0; p < a.length - 1; p++) {
            for (int q = p + 1; q < a.length; q++) {
                if (a[p][q] != 0) {
                    rotate(p, q);
                }
            }
        }
    }

    /// Rotates the plane (p,q) so that a[p][q] becomes zero. Rows of `vectors` are eigenvectors.
    private void rotate(int p, int q) {
        double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        double t = Math.signum(theta == 0 ? 1 : theta)
                / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        double c = 1 / Math.sqrt(t * t + 1);
        double s = t * c;
        for (double[] row : a) {
            double x = row[p];
            double y = row[q];
            row[p] = c * x - s * y;
            row[q] = s * x + c * y;
        }
        turn(a[p], a[q], c, s);
        turn(vectors[p], vectors[q], c, s);
    }

    private static void turn(double[] first, double[] second, double c, double s) {
        for (int k = 0; k < first.length; k++) {
            double x = first[k];
            double y = second[k];
            first[k] = c * x - s * y;
            second[k] = s * x + c * y;
        }
    }

    private double[][] top(int count) {
        var taken = new boolean[a.length];
        var out = new double[count][];
        for (int i = 0; i < count; i++) {
            int best = -1;
            for (int j = 0; j < a.length; j++) {
                if (!taken[j] && (best < 0 || a[j][j] > a[best][best])) {
                    best = j;
                }
            }
            taken[best] = true;
            out[i] = vectors[best];
        }
        return out;
    }
}
