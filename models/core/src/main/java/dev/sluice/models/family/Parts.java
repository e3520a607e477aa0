package dev.sluice.models.family;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.Dequantiser;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.models.ModelConfig;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.WeightSource;
import dev.sluice.models.family.GroupedAttention.AttentionShape;
import dev.sluice.models.family.GroupedAttention.Linear;
import dev.sluice.router.ExpertCache;
import dev.sluice.router.ExpertDispatch;
import dev.sluice.router.ExpertStore;
import dev.sluice.router.MoeBlock;
import dev.sluice.router.RoutingObserver;
import dev.sluice.router.SharedExpert;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/// Builds the parts of a layer from the weights of a file. A bias, norm or sink is used where the
/// file has one; that nothing in the file stays unused is checked by [DecoderLoader].
/// Scratch is made once per width and shared by all layers. Used while a model is opened.
final class Parts {
    private final Kernels kernels;
    private final ModelConfig config;
    private final WeightSource weights;
    private final KvLayers kv;
    private final RoutingObserver observer;
    private final ExpertStore store;
    private final int maxRows;
    private final Map<Integer, GatedMlp.Scratch> mlpScratch = new HashMap<>();
    private final List<GroupedAttention.Scratch> attentionScratch = new ArrayList<>();
    private final List<LatentAttention.Scratch> latentScratch = new ArrayList<>();
    private final List<MoeBlock.Scratch> moeScratch = new ArrayList<>();
    private final List<MoeLayer.Shared.Scratch> sharedScratch = new ArrayList<>();

    Parts(Kernels kernels, ModelConfig config, WeightSource weights, KvLayers kv,
            ExpertHooks hooks, int maxRows) {
        this.kernels = kernels;
        this.config = config;
        this.weights = weights;
        this.kv = kv;
        observer = hooks.observer();
        store = hooks.store();
        this.maxRows = maxRows;
    }

    ModelConfig config() { return config; }

    /// The weight [1,C] of a norm that the family must have.
    Matrix norm(int layer, String name) {
        return vector(name(layer, name + ".weight"));
    }

    /// For the norms that a family does not have.
    Matrix noNorm() {
        return Matrix.none(config.hidden());
    }

    // ---- attention ----------------------------------------------------------------------

    Sublayer attention(int layer) {
        ModelConfig.AttentionConfig a = config.attention();
        var spec = new AttentionSpec(a.heads(), kv.attentionScale(), a.softcap(), kv.window(layer),
                optionalVector(name(layer, "attn_sinks.weight"), a.heads()));
        var norms = new GroupedAttention.Norms(optionalVector(name(layer, "attn_q_norm.weight"), 0),
                optionalVector(name(layer, "attn_k_norm.weight"), 0), config.normEpsilon(), 0);
        return new GroupedAttention(kernels, spec, projections(layer), norms, kv.place(layer),
                once(attentionScratch, () -> GroupedAttention.Scratch.of(kernels, maxRows,
                        new AttentionShape(a.heads(), a.kvHeads(), a.keyDim(), a.valueDim()))));
    }

    private GroupedAttention.Projections projections(int layer) {
        ModelConfig.AttentionConfig a = config.attention();
        int queryRows = a.heads() * a.keyDim();
        int keyRows = a.kvHeads() * a.keyDim();
        int valueRows = a.kvHeads() * a.valueDim();
        int attended = a.heads() * a.valueDim();
        Linear output = linear(layer, "attn_output", config.hidden(), attended);
        if (!weights.has(name(layer, "attn_qkv.weight"))) {
            return new GroupedAttention.Projections(
                    linear(layer, "attn_q", queryRows, config.hidden()),
                    linear(layer, "attn_k", keyRows, config.hidden()),
                    linear(layer, "attn_v", valueRows, config.hidden()), output);
        }
        String name = name(layer, "attn_qkv.weight");
        Matrix fused = shaped(name, queryRows + keyRows + valueRows, config.hidden());
        return new GroupedAttention.Projections(unbiased(fused.rows(0, queryRows)),
                unbiased(fused.rows(queryRows, keyRows)),
                unbiased(fused.rows(queryRows + keyRows, valueRows)), output);
    }

    Sublayer latentAttention(int layer, float scale) {
        ModelConfig.LatentConfig l = config.latent();
        int heads = config.attention().heads();
        int head = l.nopeDim() + l.ropeDim();
        boolean direct = l.queryRank() == 0;
        int queryIn = direct ? config.hidden() : l.queryRank();
        Matrix down = shaped(name(layer, "attn_kv_a_mqa.weight"), l.kvRank() + l.ropeDim(),
                config.hidden());
        var w = new LatentAttention.Weights(
                direct ? Matrix.none(config.hidden())
                        : prepared(name(layer, "attn_q_a.weight"), l.queryRank(), config.hidden()),
                direct ? Matrix.none(0) : norm(layer, "attn_q_a_norm"),
                prepared(name(layer, direct ? "attn_q.weight" : "attn_q_b.weight"),
                        heads * head, queryIn),
                kernels.prepare(down.rows(0, l.kvRank())),
                kernels.prepare(down.rows(l.kvRank(), l.ropeDim())),
                norm(layer, "attn_kv_a_norm"), keyUp(layer), valueUp(layer),
                prepared(name(layer, "attn_output.weight"), config.hidden(), heads * l.valueDim()),
                config.normEpsilon());
        var spec = new AttentionSpec(heads, scale, 0, 0, Matrix.none(heads));
        return new LatentAttention(kernels, spec, l, w, kv.place(layer).pages(), 0,
                once(latentScratch, () -> LatentAttention.Scratch.of(kernels, maxRows, heads, l)));
    }

    /// Per head [kvRank, nope]: stored so in newer files, transposed out of `attn_kv_b` in others.
    private List<Matrix> keyUp(int layer) {
        ModelConfig.LatentConfig l = config.latent();
        if (weights.has(name(layer, "attn_k_b.weight"))) {
            return perHead(shaped(name(layer, "attn_k_b.weight"),
                    config.attention().heads() * l.kvRank(), l.nopeDim()),
                            UnaryOperator.identity());
        }
        return perHead(expandedKv(layer), m -> transposed(m.rows(0, l.nopeDim())));
    }

    /// Per head [valueDim, kvRank].
    private List<Matrix> valueUp(int layer) {
        ModelConfig.LatentConfig l = config.latent();
        if (weights.has(name(layer, "attn_v_b.weight"))) {
            return perHead(shaped(name(layer, "attn_v_b.weight"),
                    config.attention().heads() * l.valueDim(), l.kvRank()),
                            UnaryOperator.identity());
        }
        return perHead(expandedKv(layer), m -> m.rows(l.nopeDim(), l.valueDim()));
    }

    private Matrix expandedKv(int layer) {
        ModelConfig.LatentConfig l = config.latent();
        return shaped(name(layer, "attn_kv_b.weight"),
                config.attention().heads() * (l.nopeDim() + l.valueDim()), l.kvRank());
    }

    private List<Matrix> perHead(Matrix stacked, UnaryOperator<Matrix> slice) {
        int heads = config.attention().heads();
        int rows = stacked.rows() / heads;
        var out = new ArrayList<Matrix>(heads);
        for (int h = 0; h < heads; h++) {
            out.add(kernels.prepare(slice.apply(stacked.rows(h * rows, rows))));
        }
        return out;
    }

    private static Matrix transposed(Matrix m) {
        var out = new float[m.rows() * m.cols()];
        var row = new float[m.cols()];
        for (int r = 0; r < m.rows(); r++) {
            Dequantiser.row(m, r, row);
            for (int c = 0; c < row.length; c++) {
                out[c * m.rows() + r] = row[c];
            }
        }
        return Matrix.host(out, m.cols(), m.rows());
    }

    // ---- feed-forward -------------------------------------------------------------------

    GatedMlp mlp(int layer, Activation activation) {
        int inner = config.feedForward();
        if (weights.has(name(layer, "ffn_gate.weight"))) {
            return mlp(layer, "", activation, inner);
        }
        Matrix fused = shaped(name(layer, "ffn_up.weight"), 2 * inner, config.hidden());
        return new GatedMlp(kernels, activation, kernels.prepare(fused.rows(0, inner)),
                kernels.prepare(fused.rows(inner, inner)),
                prepared(name(layer, "ffn_down.weight"), config.hidden(), inner), scratch(inner));
    }

    /// @param suffix  of the tensor names: `_shexp` for a shared expert
    private GatedMlp mlp(int layer, String suffix, Activation activation, int inner) {
        return new GatedMlp(kernels, activation,
                prepared(name(layer, "ffn_gate" + suffix + ".weight"), inner, config.hidden()),
                prepared(name(layer, "ffn_up" + suffix + ".weight"), inner, config.hidden()),
                prepared(name(layer, "ffn_down" + suffix + ".weight"), config.hidden(), inner),
                scratch(inner));
    }

    /// Some layers of an MoE model may be dense.
    boolean hasExperts(int layer) {
        return weights.has(name(layer, "ffn_gate_inp.weight"));
    }

    Sublayer experts(int layer, RouterSpec spec, Activation activation) {
        int hidden = config.hidden();
        int inner = config.experts().hidden();
        int count = spec.experts();
        var router = new MoeBlock.RouterWeights(
                prepared(name(layer, "ffn_gate_inp.weight"), count, hidden),
                optionalVector(name(layer, "ffn_gate_inp.bias"), count),
                observer.onLayer(kernels, layer, spec,
                        optionalVector(name(layer, "exp_probs_b.bias"), count)));
        var stored = new ExpertWeights(
                expertMatrices(layer, "ffn_gate_exps", count, inner, hidden),
                expertMatrices(layer, "ffn_up_exps", count, inner, hidden),
                expertMatrices(layer, "ffn_down_exps", count, hidden, inner),
                expertBias(layer, "ffn_gate_exps", count, inner),
                expertBias(layer, "ffn_up_exps", count, inner),
                expertBias(layer, "ffn_down_exps", count, hidden), activation);
        requireInFile(layer, stored);
        ExpertDispatch experts = store.add(kernels,
                new ExpertStore.Layer(layer, spec.topK(), maxRows), stored);
        var block = new MoeBlock(layer, spec, router, experts, shared(layer, activation), observer);
        return new MoeLayer(kernels, block,
                once(moeScratch, () -> new MoeBlock.Scratch(kernels, spec, maxRows)));
    }

    /// Experts that were rewritten when the file was opened are in memory whatever the budget.
    private void requireInFile(int layer, ExpertWeights stored) {
        if (store instanceof ExpertCache
                && !(stored.gate().getFirst().memory().isMapped()
                && stored.down().getFirst().memory().isMapped())) {
            throw new UnsupportedModelException(("the experts of layer %d are stored in an order "
                    + "that is rewritten when the model is opened, so that no expert memory can "
                    + "be kept; a GGUF file of the model can").formatted(layer));
        }
    }

    private SharedExpert shared(int layer, Activation activation) {
        if (!weights.has(name(layer, "ffn_down_shexp.weight"))) {
            return SharedExpert.none();
        }
        String gate = name(layer, "ffn_gate_inp_shexp.weight");
        return new MoeLayer.Shared(
                mlp(layer, "_shexp", activation, config.experts().sharedHidden()),
                weights.has(gate) ? prepared(gate, 1, config.hidden())
                        : Matrix.none(config.hidden()),
                once(sharedScratch,
                        () -> MoeLayer.Shared.Scratch.of(kernels, maxRows, config.hidden())));
    }

    private List<Matrix> expertMatrices(int layer, String name, int count, int rows, int cols) {
        var out = new ArrayList<Matrix>(count);
        for (Matrix expert : weights.experts(name(layer, name + ".weight"), count)) {
            requireShape(name(layer, name + ".weight"), expert, rows, cols);
            out.add(expert);
        }
        return out;
    }

    private Matrix expertBias(int layer, String name, int count, int cols) {
        String bias = name(layer, name + ".bias");
        return weights.has(bias) ? kernels.upload(floats(shaped(bias, count, cols)))
                : Matrix.none(cols);
    }

    // ---- single matrices ----------------------------------------------------------------

    private Linear linear(int layer, String name, int rows, int cols) {
        return new Linear(prepared(name(layer, name + ".weight"), rows, cols),
                optionalVector(name(layer, name + ".bias"), rows));
    }

    private Linear unbiased(Matrix weight) {
        return new Linear(kernels.prepare(weight), Matrix.none(weight.rows()));
    }

    Matrix prepared(String name, int rows, int cols) {
        return kernels.prepare(shaped(name, rows, cols));
    }

    Matrix shaped(String name, int rows, int cols) {
        Matrix m = weights.matrix(name);
        requireShape(name, m, rows, cols);
        return m;
    }

    Matrix vector(String name) {
        Matrix m = weights.matrix(name);
        return kernels.upload(floats(m.reshape(1, m.rows() * m.cols())));
    }

    /// @param cols  expected length, or 0 for whatever the file has
    private Matrix optionalVector(String name, int cols) {
        if (!weights.has(name)) {
            return Matrix.none(cols);
        }
        Matrix v = vector(name);
        if (cols != 0) {
            requireShape(name, v, 1, cols);
        }
        return v;
    }

    private static void requireShape(String name, Matrix m, int rows, int cols) {
        if (m.rows() != rows || m.cols() != cols) {
            throw new UnsupportedModelException(
                    "tensor %s is [%d,%d] where the model's sizes ask for [%d,%d]"
                            .formatted(name, m.rows(), m.cols(), rows, cols));
        }
    }

    /// `m` as F32: the same view, or a decoded copy of a small matrix.
    private static Matrix floats(Matrix m) {
        if (m.dtype() == dev.sluice.kernels.DType.F32) {
            return m;
        }
        var out = new float[m.rows() * m.cols()];
        var row = new float[m.cols()];
        for (int r = 0; r < m.rows(); r++) {
            Dequantiser.row(m, r, row);
            System.arraycopy(row, 0, out, r * row.length, row.length);
        }
        return Matrix.host(out, m.rows(), m.cols());
    }

    private GatedMlp.Scratch scratch(int inner) {
        return mlpScratch.computeIfAbsent(inner, n -> GatedMlp.Scratch.of(kernels, maxRows, n));
    }

    private static <T> T once(List<T> holder, java.util.function.Supplier<T> maker) {
        if (holder.isEmpty()) {
            holder.add(maker.get());
        }
        return holder.getFirst();
    }

    private static String name(int layer, String rest) {
        return "blk." + layer + "." + rest;
    }
}
