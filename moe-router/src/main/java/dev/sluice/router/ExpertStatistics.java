package dev.sluice.router;

import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/// Counts where tokens go: per layer and expert, in pairs within a token (co-activation), and from
/// a layer's experts to the next expert layer's (affinity). Cheap enough to be always on: in a
/// step it allocates nothing, and what is quadratic in the experts of a token is taken of a
/// sample.
///
/// **Batches.** MaxVio of a step of one token says nothing, so a batch is as many whole steps as
/// hold [#BATCH_TOKENS] rows or more.
///
/// **Samples.** Pairs are counted for row r, numbered over all steps, when r is a multiple of
/// `rowStride`: which rows does not depend on time or chance. Pairs take 8 bytes for each two
/// experts and layer; layers beyond [#PAIR_BYTES_MAX] count none.
///
/// **On a device** whose memory the host can not read, counting is queued (see [DeviceTally]) and
/// read once in [#DEVICE_STEPS] steps: until then counts lag, a batch is what lies between two
/// readings, and pairs come from the first rows of the steps that are read.
///
/// Engine thread only, but for [#latest]. As a predictor it answers from the counts of the moment,
/// on the engine thread; for other threads take [#affinity].
public final class ExpertStatistics implements RoutingObserver, AffinityPredictor {
    /// The batch of the paper's MaxVio is a training batch; from 2,048 tokens on its noise is
    /// small against an imbalance that matters.
    public static final int BATCH_TOKENS = 2048;
    /// Covers 256 experts in 61 layers.
    public static final long PAIR_BYTES_MAX = 64L << 20;
    /// A reading waits for the device twice a layer, some 10 microseconds each.
    static final int DEVICE_STEPS = 64;
    /// One row in four: the pairs of eight experts of a prompt's row then cost less than the
    /// counting of the row itself.
    static final int ROW_STRIDE = 4;

    private final int rowStride;
    private final boolean alwaysQueued;
    private final List<LayerTally> tallies = new ArrayList<>();
    private final List<DeviceTally> deviceTallies = new ArrayList<>();
    private final List<PairCounts> affinities = new ArrayList<>();
    private final AtomicBoolean wanted = new AtomicBoolean();
    private volatile ExpertSnapshot latest = new ExpertSnapshot(0, 0, List.of());
    private HostIds current = new HostIds();
    private HostIds previous = new HostIds();
    private int reached;
    private long pairBytes;
    private boolean queued;
    private int stepRows;
    private long tokens;
    private long steps;
    private long batchTokens;

    /// Takes a sample of pairs.
    public ExpertStatistics() {
        this(ROW_STRIDE);
    }

    /// @param rowStride  pairs are counted of one row in so many
    public ExpertStatistics(int rowStride) {
        this(rowStride, false);
    }

    /// @param alwaysQueued  whether host memory, too, is treated like a device's: for tests
    ExpertStatistics(int rowStride, boolean alwaysQueued) {
        if (rowStride < 1) {
            throw new IllegalArgumentException("row stride must be at least 1, got " + rowStride);
        }
        this.rowStride = rowStride;
        this.alwaysQueued = alwaysQueued;
    }

    /// Memory that the counts of so many layers take, nearly all of it for pairs.
    public static long bytes(int layers, int experts) {
        long pairs = 8L * experts * experts;
        long paired = pairs == 0 ? 0 : Math.min(layers, PAIR_BYTES_MAX / pairs);
        return paired * pairs + 48L * layers * experts;
    }

    @Override
    public Matrix onLayer(Kernels kernels, int layer, RouterSpec spec, Matrix stored) {
        pairBytes += 8L * spec.experts() * spec.experts();
        boolean pairs = pairBytes <= PAIR_BYTES_MAX;
        if (!tallies.isEmpty()) {
            int from = pairs ? tallies.getLast().spec().experts() : 0;
            affinities.add(new PairCounts(from, from == 0 ? 0 : spec.experts()));
        }
        tallies.add(new LayerTally(layer, spec, pairs));
        deviceTallies.add(new DeviceTally(kernels, spec, stored));
        return stored;
    }

    @Override
    public void onRouting(Kernels kernels, int layer, Matrix logits, Matrix expertIds,
            Matrix expertWeights) {
        // Layers come in the order in which they were made; a step that failed half way ends here.
        if (reached == tallies.size() || tallies.get(reached).layer() != layer) {
            reached = indexOf(layer);
        }
        stepRows = expertIds.rows();
        queued = alwaysQueued || expertIds.memory().byteSize() == 0;
        if (queued) {
            deviceTallies.get(reached).queue(kernels, logits, expertIds);
        } else {
            HostIds swap = previous;
            previous = current;
            current = swap;
            current.read(kernels, expertIds);
            tallies.get(reached).add(current.values(), current.count());
            addPairs(reached, Math.floorMod(-tokens, rowStride), rowStride);
        }
        reached++;
    }

    /// Pairs of rows first, first + stride, ... of expert layer `index`, whose ids are `current`.
    private void addPairs(int index, int first, int stride) {
        LayerTally tally = tallies.get(index);
        int topK = tally.spec().topK();
        boolean follows = index > 0 && previous.rows() == current.rows()
                && affinities.get(index - 1).rows() > 0;
        for (int row = first; row < current.rows(); row += stride) {
            tally.addTogether(current.values(), row * topK);
            if (follows) {
                addAffinity(index, row);
            }
        }
    }

    private void addAffinity(int index, int row) {
        PairCounts affinity = affinities.get(index - 1);
        int fromCount = tallies.get(index - 1).spec().topK();
        int toCount = tallies.get(index).spec().topK();
        int[] from = previous.values();
        int[] to = current.values();
        for (int i = row * fromCount; i < (row + 1) * fromCount; i++) {
            for (int j = row * toCount; j < (row + 1) * toCount; j++) {
                affinity.add(from[i], to[j]);
            }
        }
    }

    @Override
    public void onStepEnd(Kernels kernels) {
        if (tallies.isEmpty()) {
            return;
        }
        reached = 0;
        tokens += stepRows;
        batchTokens += stepRows;
        steps++;
        boolean counted = !queued;
        if (queued && steps % DEVICE_STEPS == 0) {
            drain(kernels);
            sample(kernels);
            counted = true;
        }
        if (counted && batchTokens >= BATCH_TOKENS) {
            for (int i = 0; i < tallies.size(); i++) {
                tallies.get(i).closeBatch();
            }
            batchTokens = 0;
        }
        if (wanted.get()) {
            publish();
        }
    }

    private void drain(Kernels kernels) {
        for (int i = 0; i < tallies.size(); i++) {
            deviceTallies.get(i).drain(kernels, tallies.get(i));
        }
    }

    private void sample(Kernels kernels) {
        for (int i = 0; i < tallies.size(); i++) {
            HostIds swap = previous;
            previous = current;
            current = swap;
            deviceTallies.get(i).sample(kernels, current);
            addPairs(i, 0, 1);
        }
    }

    /// Reads what a device has counted but not told yet.
    public void synchronize(Kernels kernels) {
        if (queued && steps > 0) {
            drain(kernels);
        }
    }

    /// What was counted so far.
    public ExpertSnapshot snapshot() {
        var layers = new ArrayList<ExpertSnapshot.Layer>(tallies.size());
        for (LayerTally tally : tallies) {
            layers.add(tally.snapshot());
        }
        return new ExpertSnapshot(tokens, steps, layers);
    }

    /// Makes [#latest] the snapshot of now. The end of a step does it when someone has asked; an
    /// engine that is about to wait for work does it too, so that an idle model's figures are
    /// complete.
    public void publish() {
        wanted.set(false);
        latest = snapshot();
    }

    /// The snapshot published last; asks for a new one at the end of the next step. Any thread.
    public ExpertSnapshot latest() {
        wanted.set(true);
        return latest;
    }

    /// A copy of the counts from layer to layer, without pairs when the model is too large.
    public ExpertAffinity affinity() {
        var layers = new int[tallies.size()];
        for (int i = 0; i < layers.length; i++) {
            layers[i] = tallies.get(i).layer();
        }
        var pairs = new ArrayList<PairCounts>(affinities.size());
        for (PairCounts affinity : affinities) {
            pairs.add(affinity.copy());
        }
        return new ExpertAffinity(layers, pairs);
    }

    /// A copy of how often two experts of a layer served the same token: element [p,q] with p < q.
    /// Empty, 0 x 0, when the model is too large.
    public PairCounts coActivation(int layer) {
        return tallies.get(indexOf(layer)).together().copy();
    }

    @Override
    public int rank(int layer, int[] experts, int count, float[] scores, int[] ranked) {
        for (int i = 0; i < affinities.size(); i++) {
            if (tallies.get(i).layer() == layer) {
                return affinities.get(i).rank(experts, count, scores, ranked);
            }
        }
        return 0;
    }

    private int indexOf(int layer) {
        for (int i = 0; i < tallies.size(); i++) {
            if (tallies.get(i).layer() == layer) {
                return i;
            }
        }
        throw new IllegalArgumentException("layer " + layer + " has no experts");
    }
}
