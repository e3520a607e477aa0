package dev.sluice.models.onnx;

import static dev.sluice.models.onnx.OnnxGraph.attribute;

import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec.Scoring;
import dev.sluice.models.ModelConfig;
import dev.sluice.models.WeightSource;
import java.util.List;

/// The feed-forward half of a layer: the gated layer (Shazeer 2020), or experts behind a router.
///
/// ONNX Runtime's `MoE` and `QMoE` know one router: softmax over the k largest logits. Ours (a
/// softmax over all, sigmoids with a correction bias for selection, groups, a scale) is therefore
/// computed by plain operators, and handed over so that theirs gives it back: the kept experts get
/// the logarithms of their weights and all others a number far below, and softmax over the kept is
/// then each weight divided by their sum, by which the result is multiplied. One thread.
final class ExpertGraph {
    /// The least weight whose logarithm is taken, and what experts that are not kept get.
    private static final float WEIGHT_MIN = 1e-30f;
    private static final float NOT_KEPT = -1000;

    private final OnnxGraph graph;
    private final GraphWeights weights;
    private final WeightSource source;
    private final ModelConfig config;
    private final DecoderFamily family;

    ExpertGraph(OnnxGraph graph, GraphWeights weights, WeightSource source, ModelConfig config,
            DecoderFamily family) {
        this.graph = graph;
        this.weights = weights;
        this.source = source;
        this.config = config;
        this.family = family;
    }

    /// Whether a layer has experts.
    boolean in(int layer) {
        return source.has(name(layer, "ffn_gate_inp.weight"));
    }

    /// down(silu(gate(x)) * up(x))
    String dense(int layer, String x) {
        return gated(layer, x, "");
    }

    private String gated(int layer, String x, String suffix) {
        String gate = product(layer, x, "ffn_gate" + suffix);
        String up = product(layer, x, "ffn_up" + suffix);
        String silu = graph.node("Mul", List.of(gate, graph.node("Sigmoid", List.of(gate))));
        return product(layer, graph.node("Mul", List.of(silu, up)), "ffn_down" + suffix);
    }

    private String product(int layer, String x, String part) {
        String weight = name(layer, part + ".weight");
        return weights.product(x, weight, source.matrix(weight));
    }

    /// The kept experts of x [B,S,D] and the shared one.
    String write(int layer, String x) {
        // Rows [B*S, D]: routing is per row.
        String rows = graph.node("Reshape", List.of(x,
                graph.integers(name(layer, "rows"), -1, config.hidden())));
        Kept kept = kept(layer, rows);
        String mixed = mixture(layer, rows, kept);
        String out = graph.node("Add", List.of(mixed, shared(layer, rows)));
        return graph.node("Reshape", List.of(out, graph.node("Shape", List.of(x))));
    }

    // ---- routing ------------------------------------------------------------------------

    /// @param ids      int64 [T,k]
    /// @param weights  [T,k], normalised and scaled as the family asks
    private record Kept(String logits, String ids, String weights) { }

    private Kept kept(int layer, String rows) {
        ModelConfig.ExpertConfig c = config.experts();
        String gate = name(layer, "ffn_gate_inp.weight");
        String logits = weights.product(rows, gate, source.matrix(gate), WeightForm.F32);
        String scores = switch (family.scoring()) {
            case SIGMOID -> graph.node("Sigmoid", List.of(logits));
            case SOFTMAX_ALL -> graph.node("Softmax", List.of(logits), attribute("axis", -1));
            case SOFTMAX_KEPT -> logits;
        };
        String bias = name(layer, "exp_probs_b.bias");
        String selection = source.has(bias)
                ? graph.node("Add", List.of(scores, weights.vector(bias, source.matrix(bias))))
                : scores;
        if (c.groups() > 1) {
            selection = inKeptGroups(layer, selection);
        }
        String ids = largest(name(layer, "topk"), selection, c.topK()).get(1);
        String raw = graph.node("GatherElements", List.of(scores, ids), attribute("axis", 1));
        return new Kept(logits, ids, scaled(layer, raw));
    }

    private String scaled(int layer, String raw) {
        ModelConfig.ExpertConfig c = config.experts();
        String out = family.scoring() == Scoring.SOFTMAX_KEPT
                ? graph.node("Softmax", List.of(raw), attribute("axis", -1)) : raw;
        if (c.normalize() && family.scoring() != Scoring.SOFTMAX_KEPT) {
            String sum = graph.node("Add", List.of(sum(layer, out, "norm"),
                    graph.scalar(name(layer, "norm.least"), 1e-20f)));
            out = graph.node("Div", List.of(out, sum));
        }
        return c.scale() == 1 ? out : graph.node("Mul",
                List.of(out, graph.scalar(name(layer, "scale"), c.scale())));
    }

    /// [T,1]
    private String sum(int layer, String x, String what) {
        return graph.node("ReduceSum",
                List.of(x, graph.integers(name(layer, what + ".axis"), -1)),
                attribute("keepdims", 1));
    }

    private List<String> largest(String name, String x, int count) {
        return graph.nodes("TopK", 2, List.of(x, graph.integers(name, count)),
                attribute("axis", -1), attribute("largest", 1), attribute("sorted", 1));
    }

    /// The selection scores [T,E] with all but the best groups far below: a group is as good as
    /// the sum of its two best experts (DeepSeek-V3 report, section 2.1.2).
    private String inKeptGroups(int layer, String selection) {
        ModelConfig.ExpertConfig c = config.experts();
        int size = c.experts() / c.groups();
        String grouped = graph.node("Reshape", List.of(selection,
                graph.integers(name(layer, "groups"), -1, c.groups(), size)));
        String best = sum(layer, largest(name(layer, "best"), grouped, Math.min(2, size))
                .getFirst(), "best");
        String scores = graph.node("Reshape",
                List.of(best, graph.integers(name(layer, "scores"), -1, c.groups())));
        String ids = largest(name(layer, "groups.kept"), scores, c.groupsKept()).get(1);
        String mask = graph.node("ScatterElements", List.of(
                        filled(layer, scores, NOT_KEPT, "groups.fill"), ids,
                        filled(layer, ids, 0, "groups.none")), attribute("axis", 1));
        String column = graph.node("Reshape",
                List.of(mask, graph.integers(name(layer, "mask"), -1, c.groups(), 1)));
        return graph.node("Reshape", List.of(graph.node("Add", List.of(grouped, column)),
                graph.integers(name(layer, "ungrouped"), -1, c.experts())));
    }

    /// A matrix of the shape of `like` that is `value` everywhere.
    private String filled(int layer, String like, float value, String what) {
        return graph.node("Expand", List.of(graph.scalar(name(layer, what), value),
                graph.node("Shape", List.of(like))));
    }

    // ---- experts ------------------------------------------------------------------------

    private String mixture(int layer, String rows, Kept kept) {
        ModelConfig.ExpertConfig c = config.experts();
        String logs = graph.node("Log", List.of(graph.node("Max", List.of(kept.weights,
                graph.scalar(name(layer, "weight.least"), WEIGHT_MIN)))));
        String handed = graph.node("ScatterElements", List.of(
                filled(layer, kept.logits, NOT_KEPT, "fill"), kept.ids, logs),
                attribute("axis", 1));
        boolean coded = weights.form() != WeightForm.F32
                && config.hidden() % BlockCodes.BLOCK == 0 && c.hidden() % BlockCodes.BLOCK == 0;
        GraphWeights.Stack in = weights.experts(name(layer, "ffn_gate_up_exps"), List.of(
                stack(layer, "ffn_gate_exps"), stack(layer, "ffn_up_exps")), coded);
        GraphWeights.Stack down = weights.experts(name(layer, "ffn_down_exps"),
                List.of(stack(layer, "ffn_down_exps")), coded);
        String out = coded
                ? graph.contrib("QMoE", List.of(rows, handed, in.values(), in.scales(), "",
                        down.values(), down.scales()),
                        mixtureAttributes(c.topK(), weights.form().bits()))
                : graph.contrib("MoE", List.of(rows, handed, in.values(), "", down.values()),
                        mixtureAttributes(c.topK(), 0));
        boolean sumIsOne = c.scale() == 1
                && (c.normalize() || family.scoring() == Scoring.SOFTMAX_KEPT);
        return sumIsOne ? out
                : graph.node("Mul", List.of(out, sum(layer, kept.weights, "mixture")));
    }

    private static OnnxGraph.Attribute[] mixtureAttributes(int topK, int bits) {
        var all = new java.util.ArrayList<>(List.of(attribute("k", topK),
                attribute("activation_type", "swiglu"), attribute("swiglu_fusion", 1),
                attribute("activation_alpha", 1f), attribute("activation_beta", 0f),
                attribute("normalize_routing_weights", 1)));
        if (bits > 0) {
            all.add(attribute("expert_weight_bits", bits));
            all.add(attribute("block_size", BlockCodes.BLOCK));
        }
        return all.toArray(OnnxGraph.Attribute[]::new);
    }

    private List<Matrix> stack(int layer, String part) {
        return source.experts(name(layer, part + ".weight"), config.experts().experts());
    }

    /// The shared expert of rows [T,D], weighted by the sigmoid of a gate where it has one.
    private String shared(int layer, String rows) {
        if (!source.has(name(layer, "ffn_down_shexp.weight"))) {
            return graph.scalar(name(layer, "no_shared"), 0f);
        }
        String out = gated(layer, rows, "_shexp");
        String gate = name(layer, "ffn_gate_inp_shexp.weight");
        if (!source.has(gate)) {
            return out;
        }
        Matrix m = source.matrix(gate);
        String logit = weights.product(rows, gate,
                m.reshape(1, config.hidden()), WeightForm.F32);
        return graph.node("Mul", List.of(out, graph.node("Sigmoid", List.of(logit))));
    }

    private static String name(int layer, String rest) {
        return "blk." + layer + "." + rest;
    }
}
