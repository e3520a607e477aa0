package dev.sluice.models.skip;

import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.router.RoutingObserver;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/// Runs texts through a model for its [Calibrator], opening it anew each time. One thread.
final class CalibrationRuns {
    /// Rows of a step.
    private static final int STEP_ROWS = 128;

    private final Path model;
    private final Supplier<Kernels> kernels;
    private final LoadOptions options;
    private final SublayerKind kind;

    CalibrationRuns(Path model, Supplier<Kernels> kernels, int context, SublayerKind kind) {
        this.model = model;
        this.kernels = kernels;
        this.kind = kind;
        options = new LoadOptions(LoadOptions.defaults().kvType(), context, 1,
                Math.min(context, STEP_ROWS));
    }

    LoadedModel open(SublayerMode mode) {
        return LoadedModel.open(model, kernels.get(), options, RoutingObserver.none(), mode,
                _ -> { });
    }

    /// Token ids of each text in windows of the context's length; what is a single token is left
    /// out, because nothing in it can be judged.
    List<int[]> encode(List<String> texts) {
        var out = new ArrayList<int[]>();
        try (LoadedModel opened = open(new SublayerMode.Exact())) {
            Tokenizer tokenizer = opened.texts().tokenizer();
            for (String text : texts) {
                int[] tokens = tokenizer.encodePrompt(text);
                for (int from = 0; from + 1 < tokens.length; from += options.contextTokens()) {
                    out.add(Arrays.copyOfRange(tokens, from,
                            Math.min(tokens.length, from + options.contextTokens())));
                }
            }
        }
        return out;
    }

    /// Shows `recorder` the rows of all sublayers of the kind.
    void record(List<int[]> sequences, ActivationRecorder recorder) {
        ActivationRecorder ofKind = (layer, seen, in, out) -> {
            if (seen == kind) {
                recorder.onRows(layer, seen, in, out);
            }
        };
        try (LoadedModel exact = open(new SublayerMode.Recorded(ofKind))) {
            var windows = new TokenWindows(exact.lm());
            sequences.forEach(windows::runAll);
        }
    }

    /// Hears row `row` of a sublayer's in and out, and what `plan` did to the token's output.
    interface HarmReader {
        void read(Matrix in, Matrix out, int row, double divergence);
    }

    /// Runs the exact model beside one that follows `plan`, and shows the exact rows of `layer`.
    void harm(List<int[]> sequences, SkipPlan plan, int layer, HarmReader reader) {
        var step = new RecordedStep(layer, reader);
        try (LoadedModel exact = open(new SublayerMode.Recorded(step::onRows));
                LoadedModel informed = open(new SublayerMode.Informed(plan, new SkipCounts()))) {
            compare(exact, informed, new Comparison(step::onHarm), sequences);
        }
    }

    /// What `plan` costs on `sequences`.
    SkipFigures figures(SkipPlan plan, List<int[]> sequences) {
        var counts = new SkipCounts();
        var comparison = new Comparison();
        try (LoadedModel exact = open(new SublayerMode.Exact());
                LoadedModel informed = open(new SublayerMode.Informed(plan, counts))) {
            compare(exact, informed, comparison, sequences);
        }
        return comparison.figures(
                (double) counts.skipped() / (comparison.judged() * plan.layers()));
    }

    private static void compare(LoadedModel exact, LoadedModel other, Comparison comparison,
            List<int[]> sequences) {
        var exactWindows = new TokenWindows(exact.lm());
        var otherWindows = new TokenWindows(other.lm());
        for (int[] tokens : sequences) {
            comparison.add(exactWindows, otherWindows, tokens);
        }
    }

    /// Brings the rows of a step, recorded first, together with their harm, known later.
    private final class RecordedStep {
        private final int layer;
        private final HarmReader reader;
        private Matrix in = Matrix.none(1);
        private Matrix out = Matrix.none(1);
        private int row;

        RecordedStep(int layer, HarmReader reader) {
            this.layer = layer;
            this.reader = reader;
        }

        void onRows(int of, SublayerKind seen, Matrix stepIn, Matrix stepOut) {
            if (of == layer && seen == kind) {
                in = stepIn;
                out = stepOut;
                row = 0;
            }
        }

        void onHarm(double divergence) {
            reader.read(in, out, row++, divergence);
        }
    }
}
