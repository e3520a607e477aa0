package dev.sluice.models.family;

import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.skip.ActivationRecorder;
import dev.sluice.models.skip.SublayerKind;

/// A sublayer whose rows are shown to a recorder. Engine thread only.
record RecordedSublayer(Kernels kernels, Sublayer inner, int layer, SublayerKind kind,
        ActivationRecorder recorder) implements Sublayer {

    @Override
    public void forward(Step step, Matrix x, Matrix out) {
        Matrix in = onHost(x);
        inner.forward(step, x, out);
        recorder.onRows(layer, kind, in, onHost(out));
    }

    private Matrix onHost(Matrix device) {
        Matrix host = Matrix.host(new float[device.rows() * device.cols()], device.rows(),
                device.cols());
        kernels.read(device, host);
        return host;
    }
}
