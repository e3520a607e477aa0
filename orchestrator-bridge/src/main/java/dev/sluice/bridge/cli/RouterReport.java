package dev.sluice.bridge.cli;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.ModelConfig;
import dev.sluice.router.RoutingObserver;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// `inspect --router`: how each layer routes, and with a text where its tokens went. One thread.
final class RouterReport {
    private RouterReport() { }

    /// One expert layer, as the model hands it to its observer while it is opened.
    ///
    /// @param biasLeast  of the correction bias, which there is when `biased`
    private record Row(int layer, RouterSpec spec, boolean biased, float biasLeast,
            float biasMost) { }

    private record Survey(List<Row> rows) implements RoutingObserver {
        @Override
        public Matrix onLayer(Kernels kernels, int layer, RouterSpec spec, Matrix stored) {
            float least = 0;
            float most = 0;
            if (stored.rows() > 0) {
                var bias = new float[stored.cols()];
                kernels.read(stored, Matrix.host(bias, 1, bias.length));
                least = bias[0];
                most = bias[0];
                for (float b : bias) {
                    least = Math.min(least, b);
                    most = Math.max(most, b);
                }
            }
            rows.add(new Row(layer, spec, stored.rows() > 0, least, most));
            return stored;
        }

        @Override
        public void onRouting(Kernels kernels, int layer, Matrix logits, Matrix expertIds,
                Matrix expertWeights) { }
    }

    /// Prints the table of a model, and the statistics of a text if there is one. Without a text
    /// the file stays mapped and nothing is computed.
    static void print(PrintWriter out, Path path, Optional<Path> text) throws IOException {
        var survey = new Survey(new ArrayList<>());
        String backend = text.isPresent() ? BackendChoice.of(BackendChoice.AUTO).name()
                : "reference";
        LoadOptions options = text.isPresent() ? LoadOptions.defaults()
                : new LoadOptions(DType.F16, 32, 1, 1);
        try (LoadedModel model = LoadedModel.open(path,
                Kernels.open(backend, BackendOptions.defaults()), options, survey, _ -> { })) {
            RoutedText.requireExperts(model, path);
            table(out, survey.rows(), model.config().experts());
            if (text.isPresent()) {
                RoutedText.run(model, text.get());
                out.println();
                ExpertTable.of(model).print(out);
            }
        }
    }

    private static void table(PrintWriter out, List<Row> rows, ModelConfig.ExpertConfig config) {
        out.println("layer  experts  kept  scores        normalised  scale  groups kept  "
                + "correction bias");
        for (Row row : rows) {
            RouterSpec spec = row.spec();
            out.println(String.format(Locale.ROOT, "%5d  %7d  %4d  %-12s  %-10s  %5s  %6d %4d  %s",
                    row.layer(), spec.experts(), spec.topK(), scoring(spec.scoring()),
                    spec.normalize() ? "yes" : "no", spec.scale(), spec.groups(),
                    spec.groupsKept(), row.biased()
                            ? String.format(Locale.ROOT, "%.4f to %.4f",
                                    row.biasLeast(), row.biasMost())
                            : "none"));
        }
        out.println("width of an expert %d, of the shared expert %s, layers without experts %d"
                .formatted(config.hidden(), config.sharedHidden() == 0 ? "none"
                        : String.valueOf(config.sharedHidden()), config.denseLayers()));
    }

    private static String scoring(RouterSpec.Scoring scoring) {
        return switch (scoring) {
            case SOFTMAX_ALL -> "softmax";
            case SOFTMAX_KEPT -> "softmax kept";
            case SIGMOID -> "sigmoid";
        };
    }
}
