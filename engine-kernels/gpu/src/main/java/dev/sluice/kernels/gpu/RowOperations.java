package dev.sluice.kernels.gpu;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RopeSpec;

/// Operations on rows of floats, element by element or with one reduction a row. Engine thread
/// only. Shapes are those of [dev.sluice.kernels.spi.KernelBackend].
final class RowOperations {
    private final Launch launch;

    RowOperations(Launch launch) {
        this.launch = launch;
    }

    private static long elements(Matrix m) {
        return (long) m.rows() * m.cols();
    }

    void embed(Matrix table, Matrix tokenIds, float scale, Matrix out) {
        launch.of(GpuKernel.EMBED_ROWS, table.dtype()).matrix(table).matrix(tokenIds).real(scale)
                .matrix(out).integer(out.rows()).integer(out.cols())
                .lanes((long) out.rows() * ((out.cols() + 31) / 32));
    }

    void gatherRows(Matrix x, Matrix rows, Matrix out) {
        launch.of(GpuKernel.GATHER_ROWS).matrix(x).matrix(rows).matrix(out).integer(x.cols())
                .over(elements(out));
    }

    void rmsNorm(Matrix x, Matrix weight, float epsilon, Matrix out) {
        launch.of(GpuKernel.RMS_NORM).matrix(x).matrix(weight).real(epsilon).matrix(out)
                .integer(x.cols()).groups(x.rows(), 1);
    }

    void layerNorm(Matrix x, Matrix weight, Matrix bias, float epsilon, Matrix out) {
        launch.of(GpuKernel.LAYER_NORM).matrix(x).matrix(weight).matrix(bias).real(epsilon)
                .matrix(out).integer(x.cols()).groups(x.rows(), 1);
    }

    void gelu(Matrix x) {
        launch.of(GpuKernel.GELU_ROWS).matrix(x).over(elements(x));
    }

    void addBias(Matrix x, Matrix bias) {
        launch.of(GpuKernel.ADD_BIAS).matrix(x).matrix(bias).integer(x.cols()).over(elements(x));
    }

    void add(Matrix x, Matrix y, float factor) {
        launch.of(GpuKernel.ADD_ROWS).matrix(x).matrix(y).real(factor).over(elements(x));
    }

    void addGated(Matrix x, Matrix gate, Matrix y) {
        launch.of(GpuKernel.ADD_GATED).matrix(x).matrix(gate).matrix(y).integer(x.cols())
                .over(elements(x));
    }

    void scale(Matrix x, float factor) {
        launch.of(GpuKernel.SCALE_ROWS).matrix(x).real(factor).over(elements(x));
    }

    void softcap(Matrix x, float cap) {
        launch.of(GpuKernel.SOFTCAP_ROWS).matrix(x).real(cap).over(elements(x));
    }

    void clamp(Matrix x, float limit) {
        launch.of(GpuKernel.CLAMP_ROWS).matrix(x).real(limit).over(elements(x));
    }

    void gatedActivation(Activation activation, Matrix gate, Matrix up, Matrix out) {
        int kind = switch (activation) {
            case SILU -> 0;
            case GELU_TANH -> 1;
            case SWIGLU_CLAMPED -> 2;
        };
        launch.of(GpuKernel.GATED_ACTIVATION).integer(kind).matrix(gate).matrix(up).matrix(out)
                .over(elements(gate));
    }

    void copyColumns(Matrix from, int fromColumn, Matrix to, int toColumn, int count) {
        launch.of(GpuKernel.COPY_COLUMNS).matrix(from).integer(from.cols()).integer(fromColumn)
                .matrix(to).integer(to.cols()).integer(toColumn).integer(count)
                .over((long) from.rows() * count);
    }

    void rotaryAngles(RopeSpec spec, Matrix positions, Matrix angles) {
        int half = spec.dims() / 2;
        launch.of(GpuKernel.ROTARY_ANGLES).matrix(spec.inverseFrequencies()).matrix(positions)
                .real(spec.magnitude()).matrix(angles).integer(half)
                .over((long) angles.rows() * half);
    }

    void rope(Matrix x, int column, Matrix angles, RopeSpec.Pairing pairing) {
        if (x.rows() == 0) {
            return;
        }
        int half = angles.cols() / 2;
        launch.of(GpuKernel.ROPE_ROWS).matrix(x).integer(x.cols()).integer(column).matrix(angles)
                .integer(x.rows() / angles.rows()).integer(half)
                .flag(pairing == RopeSpec.Pairing.INTERLEAVED).over((long) x.rows() * half);
    }
}
