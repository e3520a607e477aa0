package dev.sluice.models.skip;

import dev.sluice.kernels.Kernels;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.ModelConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/// Makes [SkipPlan]s, offline, with neither training nor gradients ("informed routing",
/// arXiv 2510.13831, whose trained forecasters and routers are replaced by regressions):
///
///     3/5 of the text   rows (x, y) of every sublayer -> maps of low rank
///                       what each map alone, put in for all rows, does to each token's output
///                       -> gates
///     1/5               how much harm rows of a score do -> thresholds
///     1/5               judges the plan; one that costs too much is refused
///
/// Rows are taken in the order of their expected harm, over all sublayers together. A second round
/// fits the maps again to those rows alone, since a map need not be right for the others.
/// One thread.
public final class Calibrator {
    /// A sublayer whose forecast explains less of held-out rows is never skipped.
    static final double R2_MIN = 0.05;

    /// Rounds of fitting maps to the rows that the gates of the round before would take.
    private static final int ROUNDS = 2;
    /// In a round that is not the last the maps are fitted to so many times the rows wanted: more
    /// rows than columns are needed, and thresholds still move.
    private static final double ROWS_TO_FIT = 1.5;
    /// Times that thresholds are corrected after a trial: skips change later inputs a little.
    private static final int CORRECTIONS = 3;
    /// Half a point: what text of another kind moves a rate by is more.
    private static final double RATE_TOLERANCE = 0.005;
    /// A plan that falls so far short of its rate on held-out text, for want of sublayers that can
    /// be forecast, is not the plan that was asked for.
    private static final double RATE_SHORT_MAX = 0.05;

    private final CalibrationRuns runs;
    private final CalibrationSettings settings;

    /// @param kernels  opens the backend, once for each time that the model is opened
    /// @param context  longest sequence of tokens
    public Calibrator(Path model, Supplier<Kernels> kernels, int context,
            CalibrationSettings settings) {
        this.settings = settings;
        runs = new CalibrationRuns(model, kernels, context, settings.kind());
    }

    /// The sequences of [#calibrate] and [#judge]: token ids of each text, control tokens parsed,
    /// in windows of the context's length.
    public List<int[]> encode(List<String> texts) {
        return runs.encode(texts);
    }

    /// A plan of the rate in the settings, or [SkipRateRefusedException]. Each sequence is the
    /// token ids of one text, at most the context's length; at least five.
    public SkipPlan calibrate(List<int[]> sequences) {
        SkipPlan plan = draft(sequences);
        boolean reached = plan.judged().skipped() >= settings.rate() - RATE_SHORT_MAX;
        if (!reached || !plan.judged().acceptable()) {
            throw new SkipRateRefusedException(settings.rate(), plan.judged());
        }
        return plan;
    }

    /// What `plan` costs on `sequences`.
    public SkipFigures judge(SkipPlan plan, List<int[]> sequences) {
        return runs.figures(plan, sequences);
    }

    /// The plan, whatever it costs: for looking at one that is refused.
    SkipPlan draft(List<int[]> sequences) {
        if (sequences.size() < 5) {
            throw new IllegalArgumentException(
                    "%d sequences can not be split into fit, tune and judge: at least 5"
                            .formatted(sequences.size()));
        }
        var fit = new ArrayList<int[]>();
        var tune = new ArrayList<int[]>();
        var judge = new ArrayList<int[]>();
        for (int i = 0; i < sequences.size(); i++) {
            (i % 5 < 3 ? fit : i % 5 == 3 ? tune : judge).add(sequences.get(i));
        }
        var work = new Work();
        for (int round = 0; round < ROUNDS; round++) {
            work.learn(fit, tune);
        }
        SkipPlan plan = work.choose(tune);
        return plan.with(runs.figures(plan, judge));
    }

    /// One plan in the making.
    private final class Work {
        private final String modelKey;
        private final int layers;
        private final int hidden;
        private final List<SublayerFit> fits = new ArrayList<>();
        private double[] thresholds;

        Work() {
            try (LoadedModel opened = runs.open(new SublayerMode.Exact())) {
                ModelConfig config = opened.config();
                modelKey = ModelKey.of(opened.file());
                layers = config.layers();
                hidden = config.hidden();
            }
            for (int layer = 0; layer < layers; layer++) {
                fits.add(new SublayerFit(layer, settings.kind(), hidden));
            }
            thresholds = new double[layers];
            Arrays.fill(thresholds, Double.POSITIVE_INFINITY);
        }

        /// Judged by the rows that the round before would take.
        private boolean usable(SublayerFit sublayer) {
            return sublayer.r2(thresholds[sublayer.layer()]) >= R2_MIN;
        }

        void learn(List<int[]> fit, List<int[]> tune) {
            runs.record(fit, (layer, _, in, out) ->
                    fits.get(layer).addPairs(in, out, thresholds[layer]));
            for (SublayerFit sublayer : fits) {
                if (sublayer.pairCount() > hidden) {
                    sublayer.fitMap(settings);
                }
            }
            for (SublayerFit sublayer : fits) {
                SkipPlan alone = plan(List.of(sublayer.forecast(Float.POSITIVE_INFINITY)));
                runs.harm(fit, alone, sublayer.layer(),
                        (in, _, row, harm) -> sublayer.addHarm(in, row, harm));
                sublayer.fitGate(settings);
                sublayer.forgetHeldOut();
                runs.harm(tune, alone, sublayer.layer(), sublayer::addHeldOut);
            }
            thresholds = thresholds(Math.min(1, ROWS_TO_FIT * settings.rate()));
        }

        SkipPlan plan(List<Forecast> forecasts) {
            return new SkipPlan(modelKey, layers, hidden, forecasts,
                    new SkipFigures(0, 0, 0, 0, 0));
        }

        SkipPlan choose(List<int[]> tune) {
            double share = settings.rate();
            SkipPlan plan = plan(forecasts(share));
            for (int i = 0; i < CORRECTIONS; i++) {
                double got = runs.figures(plan, tune).skipped();
                if (Math.abs(got - settings.rate()) < RATE_TOLERANCE || got == 0) {
                    return plan;
                }
                share = Math.clamp(share * settings.rate() / got, 0, 1);
                plan = plan(forecasts(share));
            }
            return plan;
        }

        private List<Forecast> forecasts(double share) {
            double[] limits = thresholds(share);
            var out = new ArrayList<Forecast>();
            for (SublayerFit sublayer : fits) {
                double limit = limits[sublayer.layer()];
                if (limit > Double.NEGATIVE_INFINITY) {
                    out.add(sublayer.forecast(limit));
                }
            }
            return out;
        }

        /// Per layer, such that `share` of all sublayers' rows are below them.
        private double[] thresholds(double share) {
            var curves = new ArrayList<HarmCurve>();
            for (SublayerFit sublayer : fits) {
                curves.add(usable(sublayer) ? sublayer.curve()
                        : HarmCurve.of(new float[0], new float[0]));
            }
            return HarmCurve.thresholds(curves,
                    Math.round(share * fits.getFirst().heldOutRows() * layers));
        }
    }
}
