package dev.sluice.router;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RowBuffer;
import java.util.ArrayList;
import java.util.List;

/// The routing half of a model, as [MoeBlock] does it: layers that route given logits with the
/// bias that the observer has given them, and share their matrices. Remembers what was chosen.
final class RoutedSteps implements AutoCloseable {
    private final Kernels kernels;
    private final RouterSpec spec;
    private final RoutingObserver observer;
    private final int[] layers;
    private final List<Matrix> biases = new ArrayList<>();
    private final RowBuffer logits;
    private final RowBuffer ids;
    private final RowBuffer weights;
    /// [step][layer] -> ids [T,K]
    final List<int[][]> chosen = new ArrayList<>();
    /// [step][layer] -> weights [T,K]
    final List<float[][]> chosenWeights = new ArrayList<>();

    /// @param stored  the file's bias of every layer, or empty
    RoutedSteps(String backend, RouterSpec spec, RoutingObserver observer, float[] stored,
            int... layers) {
        kernels = Kernels.open(backend, BackendOptions.defaults());
        this.spec = spec;
        this.observer = observer;
        this.layers = layers;
        for (int layer : layers) {
            biases.add(observer.onLayer(kernels, layer, spec, stored.length == 0
                    ? Matrix.none(spec.experts()) : Matrix.host(stored, 1, spec.experts())));
        }
        logits = new RowBuffer(kernels, DType.F32, 512, spec.experts());
        ids = new RowBuffer(kernels, DType.I32, 512, spec.topK());
        weights = new RowBuffer(kernels, DType.F32, 512, spec.topK());
    }

    Kernels kernels() { return kernels; }

    Matrix bias(int index) { return biases.get(index); }

    /// Runs one step of `rows` rows; layerLogits[layer] are [rows, E].
    void step(int rows, float[][] layerLogits) {
        var stepIds = new int[layers.length][rows * spec.topK()];
        var stepWeights = new float[layers.length][rows * spec.topK()];
        for (int l = 0; l < layers.length; l++) {
            Matrix x = logits.rows(rows);
            kernels.write(Matrix.host(layerLogits[l], rows, spec.experts()), x);
            kernels.routeTopK(spec, x, biases.get(l), ids.rows(rows), weights.rows(rows));
            observer.onRouting(kernels, layers[l], x, ids.rows(rows), weights.rows(rows));
            kernels.read(ids.rows(rows), Matrix.host(stepIds[l], rows, spec.topK()));
            kernels.read(weights.rows(rows), Matrix.host(stepWeights[l], rows, spec.topK()));
        }
        observer.onStepEnd(kernels);
        chosen.add(stepIds);
        chosenWeights.add(stepWeights);
    }

    @Override
    public void close() {
        kernels.close();
    }
}
