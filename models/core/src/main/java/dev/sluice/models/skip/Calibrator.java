package dev.sluice.models.skip;

import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.ModelConfig;
import dev.sluice.router.RoutingObserver;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/// Makes [SkipPlan]s, offline, with neither training nor gradients ("informed routing",
/// arXiv 2510.13831, whose trained forecasters and routers are replaced by regressions):
///
///     3/5 of the text   rows (x, y) of every sublayer -> maps of low rank
///     1/5               errors of the maps -> gates; what a sublayer's errors do to the output
///                       -> which rows of which sublayers are forecast
///     1/5               judges the plan; one that costs too much is refused
///
/// Gates estimate the logarithm of a row's squared error. What such an error does to the output
/// differs by sublayer, so each is tried alone, and its divergence by error is its weight; rows are
/// then taken in the order of weight * expected error, over all sublayers together. One thread.
public final class Calibrator {
    /// A sublayer whose forecast explains less of held-out rows is never skipped.
    static final double R2_MIN = 0.05;

    /// Rows of a step while calibrating.
    private static final int STEP_ROWS = 128;
    /// Times that thresholds are corrected after a trial: skips change later inputs a little.
    private static final int CORRECTIONS = 3;

    private final Path model;
    private final Supplier<Kernels> kernels;
    private final LoadOptions options;
    private final CalibrationSettings settings;

    /// @param kernels  opens the backend, once for each time that the model is opened
    /// @param context  longest sequence of tokens
    public Calibrator(Path model, Supplier<Kernels> kernels, int context,
            CalibrationSettings settings) {
        this.model = model;
        this.kernels = kernels;
        this.settings = settings;
        LoadOptions defaults = LoadOptions.defaults();
        options = new LoadOptions(defaults.kvType(), context, 1, Math.min(context, STEP_ROWS));
    }

    /// A plan of the rate in the settings, or [SkipRateRefusedException]. Each sequence is the
    /// token ids of one text, at most the context's length; at least five.
    public SkipPlan calibrate(List<int[]> sequences) {
        SkipPlan plan = draft(sequences);
        if (!plan.judged().acceptable()) {
            throw new SkipRateRefusedException(settings.rate(), plan.judged());
        }
        return plan;
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
        var recording = new Recording();
        record(fit, recording, SublayerFit::addPairs);
        recording.fits.forEach(each -> each.fitMap(settings));
        record(tune, recording, SublayerFit::addErrors);
        recording.fits.forEach(each -> each.fitGate(settings));
        record(tune, recording, (each, in, _) -> each.addScores(in));
        return judged(tuned(recording, tune), judge);
    }

    /// What `plan` costs on `sequences`.
    public SkipFigures judge(SkipPlan plan, List<int[]> sequences) {
        return figures(plan, sequences);
    }

    private SkipPlan judged(SkipPlan plan, List<int[]> sequences) {
        return plan.with(figures(plan, sequences));
    }

    // ---- recording ----------------------------------------------------------------------

    /// One pass's use of a sublayer's rows.
    private interface Pass {
        void rows(SublayerFit fit, Matrix in, Matrix out);
    }

    /// What the passes leave behind.
    private static final class Recording {
        private final List<SublayerFit> fits = new ArrayList<>();
        private String modelKey = "";
        private int layers;
        private int hidden;
    }

    private void record(List<int[]> sequences, Recording recording, Pass pass) {
        ActivationRecorder recorder = (layer, kind, in, out) -> {
            if (kind == settings.kind()) {
                pass.rows(recording.fits.get(layer), in, out);
            }
        };
        try (LoadedModel opened = open(new SublayerMode.Recorded(recorder))) {
            if (recording.fits.isEmpty()) {
                ModelConfig config = opened.config();
                recording.modelKey = ModelKey.of(opened.file());
                recording.layers = config.layers();
                recording.hidden = config.hidden();
                for (int layer = 0; layer < config.layers(); layer++) {
                    recording.fits.add(new SublayerFit(layer, settings.kind(), config.hidden()));
                }
            }
            var windows = new TokenWindows(opened.lm());
            sequences.forEach(windows::runAll);
        }
    }

    private LoadedModel open(SublayerMode mode) {
        return LoadedModel.open(model, kernels.get(), options, RoutingObserver.none(), mode,
                _ -> { });
    }

    // ---- choosing -----------------------------------------------------------------------

    private SkipPlan tuned(Recording recording, List<int[]> tune) {
        var scored = new ArrayList<ScoredSublayer>();
        for (SublayerFit fit : recording.fits) {
            if (fit.r2() >= R2_MIN) {
                scored.add(weighed(recording, fit, tune));
            }
        }
        double wanted = settings.rate();
        SkipPlan plan = plan(recording, forecasts(recording, scored, wanted));
        for (int i = 0; i < CORRECTIONS; i++) {
            SkipFigures f = figures(plan, tune);
            wanted = Math.clamp(wanted * settings.rate() / f.skipped(), 0, 1);
            plan = plan(recording, forecasts(recording, scored, wanted));
        }
        return plan;
    }

    private static SkipPlan plan(Recording recording, List<Forecast> forecasts) {
        return new SkipPlan(recording.modelKey, recording.layers, recording.hidden, forecasts,
                new SkipFigures(0, 0, 0, 0, 0));
    }

    /// @param logWeight  what is added to a row's score to give the logarithm of its expected harm
    private record ScoredSublayer(SublayerFit fit, float[] scores, double logWeight) { }

    /// Tries the sublayer alone, with the wanted share of its own rows.
    private ScoredSublayer weighed(Recording recording, SublayerFit fit, List<int[]> tune) {
        float[] scores = fit.scores();
        float[] sorted = scores.clone();
        Arrays.sort(sorted);
        int end = (int) Math.round(settings.rate() * sorted.length);
        double errors = 0;
        for (int i = 0; i < end; i++) {
            errors += Math.exp(sorted[i]);
        }
        var alone = plan(recording, List.of(fit.forecast(sorted[end])));
        SkipFigures harm = figures(alone, tune);
        double weight = harm.divergence() * sorted.length / errors;
        return new ScoredSublayer(fit, scores, Math.log(weight));
    }

    /// Forecasts with thresholds such that `rate` of all sublayers' rows have a lower harm.
    private List<Forecast> forecasts(Recording recording, List<ScoredSublayer> scored,
            double rate) {
        int rows = scored.isEmpty() ? 0 : scored.getFirst().scores.length;
        var harms = new double[rows * scored.size()];
        int at = 0;
        for (ScoredSublayer sublayer : scored) {
            for (float score : sublayer.scores) {
                harms[at++] = score + sublayer.logWeight;
            }
        }
        Arrays.sort(harms);
        long wanted = Math.round(rate * rows * recording.layers);
        if (wanted >= harms.length) {
            wanted = harms.length - 1;
        }
        var out = new ArrayList<Forecast>();
        for (ScoredSublayer sublayer : scored) {
            out.add(sublayer.fit.forecast(harms[(int) wanted] - sublayer.logWeight));
        }
        return out;
    }

    // ---- judging ------------------------------------------------------------------------

    private SkipFigures figures(SkipPlan plan, List<int[]> sequences) {
        var counts = new SkipCounts();
        var comparison = new Comparison();
        try (LoadedModel exact = open(new SublayerMode.Exact());
                LoadedModel informed = open(new SublayerMode.Informed(plan, counts))) {
            var exactWindows = new TokenWindows(exact.lm());
            var informedWindows = new TokenWindows(informed.lm());
            for (int[] tokens : sequences) {
                comparison.add(exactWindows, informedWindows, tokens);
            }
        }
        return comparison.figures(
                (double) counts.skipped() / (comparison.judged() * plan.layers()));
    }
}
