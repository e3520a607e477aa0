package dev.sluice.router;

import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Moves the correction bias of a running model ([BalanceMode#ONLINE]): each expert layer gets a
/// [BiasController], fed with the counts of the steps that were run, and its bias changes between
/// steps. **This changes which experts run, so it changes the output**; a model is opened with
/// this observer on purpose, and whoever serves it puts [Report#describe] into the response. An
/// answer then also depends on what the model served before.
///
/// Two limits hold the change down. No bias moves further than `driftMax` from the file's. And
/// before a bias is put in force, the latest rows are routed with it and with the file's: if more
/// than `changedShareMax` of the selections differ, or would within two standard deviations, the
/// whole move is halved until they do not, at worst back to the file's bias. The rows that come
/// after are new, so the share of a single batch can be larger; it is measured in turn, reported,
/// and pulled back at the next change.
///
/// How it reaches the model: [#onLayer] hands the layer a matrix of its own as correction bias,
/// which the layer's `routeTopK` reads, and [#onStepEnd], on the engine thread when nothing is in
/// flight, writes it. Only the counts and logits of finished steps are used. Engine thread only,
/// but for [#report].
public final class OnlineBalancing implements RoutingObserver {
    private final Limits limits;
    private final BiasController.Settings settings;
    private final List<OnlineLayer> layers = new ArrayList<>();
    private final List<Integer> numbers = new ArrayList<>();
    private volatile Report report;
    private int stepRows;
    private long tokens;
    private long updates;

    /// @param driftMax         most that a bias may be away from the file's, in units of the scores
    /// @param changedShareMax  most share of selections that may differ from the file's
    /// @param updateTokens     rows between two changes
    /// @param sampleRows       latest rows by which a change is judged; each layer keeps the logits
    ///                         of so many
    public record Limits(double driftMax, double changedShareMax, int updateTokens,
            int sampleRows) {
        public Limits {
            if (!(driftMax > 0) || !(changedShareMax >= 0) || changedShareMax > 1
                    || updateTokens < 1 || sampleRows < 1) {
                throw new IllegalArgumentException(
                        "drift %s, share %s, %d tokens between updates, %d rows sampled".formatted(
                                driftMax, changedShareMax, updateTokens, sampleRows));
            }
        }

        /// A twentieth of a sigmoid's range, and one selection in a hundred.
        public static Limits usual() {
            return new Limits(0.05, 0.01, 512, 1024);
        }
    }

    /// What has been changed, at the end of one step. Immutable, any thread.
    ///
    /// @param layers           with experts
    /// @param updates          times that the biases were changed
    /// @param drift            max|b - b0| over all layers
    /// @param changedShare     share of all judged selections that differ from the file's
    /// @param changedShareLast the same between the last two changes, in the worst layer
    /// @param changedShareMost the largest that `changedShareLast` ever was
    public record Report(int layers, long updates, Limits limits, double drift,
            double changedShare, double changedShareLast, double changedShareMost) {

        /// One line for people, to be put where an answer is shown.
        public String describe() {
            return String.format(Locale.ROOT, "router balanced online: this changes the output. "
                    + "%d layers, %d updates; max |b - b0| %.4f of at most %.4f; "
                    + "%.2f %% of the selections changed "
                    + "(worst layer since the last update %.2f %%, ever %.2f %%, limit %.2f %%)",
                    layers, updates, drift, limits.driftMax(), 100 * changedShare,
                    100 * changedShareLast, 100 * changedShareMost,
                    100 * limits.changedShareMax());
        }
    }

    public OnlineBalancing(Limits limits, BiasController.Settings settings) {
        this.limits = limits;
        this.settings = settings;
        report = new Report(0, 0, limits, 0, 0, 0, 0);
    }

    @Override
    public Matrix onLayer(Kernels kernels, int layer, RouterSpec spec, Matrix stored) {
        var online = new OnlineLayer(kernels, spec, stored, limits, settings);
        layers.add(online);
        numbers.add(layer);
        publish();
        return online.biasInForce();
    }

    @Override
    public void onRouting(Kernels kernels, int layer, Matrix logits, Matrix expertIds,
            Matrix expertWeights) {
        stepRows = logits.rows();
        layers.get(numbers.indexOf(layer)).watch(kernels, logits, expertIds);
    }

    @Override
    public void onStepEnd(Kernels kernels) {
        tokens += stepRows;
        stepRows = 0;
        if (tokens < limits.updateTokens()) {
            return;
        }
        tokens = 0;
        for (OnlineLayer layer : layers) {
            layer.adjust(kernels);
        }
        updates++;
        publish();
    }

    /// As of the last change. Any thread.
    public Report report() { return report; }

    private void publish() {
        double drift = 0;
        long judged = 0;
        long differing = 0;
        double last = 0;
        double most = 0;
        for (OnlineLayer layer : layers) {
            drift = Math.max(drift, layer.drift());
            judged += layer.judged();
            differing += layer.differing();
            last = Math.max(last, layer.shareLast());
            most = Math.max(most, layer.shareMax());
        }
        report = new Report(layers.size(), updates, limits, drift,
                judged == 0 ? 0 : (double) differing / judged, last, most);
    }
}
