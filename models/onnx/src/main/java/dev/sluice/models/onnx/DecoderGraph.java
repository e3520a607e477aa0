package dev.sluice.models.onnx;

import static dev.sluice.models.onnx.OnnxGraph.attribute;

import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.models.ModelConfig;
import dev.sluice.models.StoredModel;
import dev.sluice.models.WeightSource;
import java.util.List;
import java.util.function.IntConsumer;

/// Writes one of our models as an ONNX decoder with the inputs and outputs that ONNX Runtime GenAI
/// names: token ids and an attention mask in, logits of every position out, and for each layer the
/// past keys and values [1, kvHeads, positions, headDim], to which `GroupQueryAttention` appends in
/// place when the caller passes one buffer as past and as present. Rotation, with every scaling
/// applied, is in tables of cosines and sines. One thread.
final class DecoderGraph {
    static final String PAST_KEY = "past_key_values.%d.key";
    static final String PAST_VALUE = "past_key_values.%d.value";
    static final String PRESENT_KEY = "present.%d.key";
    static final String PRESENT_VALUE = "present.%d.value";

    private final ModelConfig config;
    private final WeightSource source;
    private final DecoderFamily family;
    private final OnnxGraph graph = new OnnxGraph();
    private final GraphWeights weights;
    private final ExpertGraph experts;

    private DecoderGraph(StoredModel model, WeightFile file, WeightForm form) {
        config = model.config();
        source = model.weights();
        family = DecoderFamily.of(config);
        weights = new GraphWeights(graph, file, form);
        experts = new ExpertGraph(graph, weights, source, config, family);
    }

    /// The graph's bytes; its weights go to `file`.
    static byte[] write(StoredModel model, WeightFile file, WeightForm form,
            IntConsumer layersDone) {
        return new DecoderGraph(model, file, form).write(layersDone);
    }

    private byte[] write(IntConsumer layersDone) {
        String ids = graph.input("input_ids", OnnxType.INT64, "batch_size", "sequence_length");
        Lengths lengths = lengths();
        Matrix table = source.matrix("token_embd.weight");
        String x = weights.embedded("model.embed_tokens", table, ids);
        for (int layer = 0; layer < config.layers(); layer++) {
            x = layer(layer, x, lengths);
            layersDone.accept(layer + 1);
        }
        String normed = norm(x, "output_norm.weight");
        graph.rename(head(normed, table), "logits");
        graph.output("logits", OnnxType.FLOAT, "batch_size", "sequence_length", config.vocab());
        for (int layer = 0; layer < config.layers(); layer++) {
            cacheOutput(PRESENT_KEY.formatted(layer));
            cacheOutput(PRESENT_VALUE.formatted(layer));
        }
        return graph.toBytes(config.architecture());
    }

    /// logits [B,S,V]. A tied float32 table is in the graph already.
    private String head(String x, Matrix table) {
        if (config.tied() && weights.form() == WeightForm.F32) {
            return weights.productOf(x, "model.embed_tokens");
        }
        WeightForm form = weights.form() == WeightForm.F32 ? WeightForm.F32 : WeightForm.INT8;
        return weights.product(x, "lm_head",
                config.tied() ? table : source.matrix("output.weight"), form);
    }

    // ---- what every layer shares --------------------------------------------------------

    /// @param past   int32 [B], positions that a sequence will have, minus one
    /// @param total  int32, positions of the longest sequence
    private record Lengths(String past, String total, String cos, String sin) { }

    private Lengths lengths() {
        String mask = graph.input("attention_mask", OnnxType.INT64,
                "batch_size", "total_sequence_length");
        for (int layer = 0; layer < config.layers(); layer++) {
            cacheInput(PAST_KEY.formatted(layer));
            cacheInput(PAST_VALUE.formatted(layer));
        }
        String ones = graph.node("ReduceSum",
                List.of(mask, graph.integers("axis_1", 1)), attribute("keepdims", 0));
        String last = graph.node("Sub", List.of(ones, graph.integers("one", 1)));
        String total = graph.node("Gather", List.of(graph.node("Shape", List.of(mask)),
                graph.scalar("index_1", 1L)), attribute("axis", 0));
        return new Lengths(integer32(last), integer32(total), table("cos_cache", Math::cos),
                table("sin_cache", Math::sin));
    }

    private String integer32(String value) {
        return graph.node("Cast", List.of(value), attribute("to", OnnxType.INT32.id()));
    }

    private void cacheInput(String name) {
        ModelConfig.AttentionConfig a = config.attention();
        graph.input(name, OnnxType.FLOAT, "batch_size", a.kvHeads(), "past_sequence_length",
                a.keyDim());
    }

    private void cacheOutput(String name) {
        ModelConfig.AttentionConfig a = config.attention();
        graph.output(name, OnnxType.FLOAT, "batch_size", a.kvHeads(), "total_sequence_length",
                a.keyDim());
    }

    /// [positions, pairs], in double and rounded once, times the magnitude of YaRN or LongRoPE.
    private String table(String name, java.util.function.DoubleUnaryOperator function) {
        ModelConfig.RopeConfig rope = config.rope();
        float[] frequencies = rope.scaling().inverseFrequencies(rope.dims(), rope.base());
        var values = new float[Math.multiplyExact(config.contextLength(), frequencies.length)];
        for (int i = 0; i < values.length; i++) {
            double angle = (double) (i / frequencies.length) * frequencies[i % frequencies.length];
            values[i] = (float) (function.applyAsDouble(angle) * rope.scaling().magnitude());
        }
        return weights.floats(name, values, config.contextLength(), frequencies.length);
    }

    // ---- layers -------------------------------------------------------------------------

    private String layer(int layer, String x, Lengths lengths) {
        String attended = attention(layer, norm(x, name(layer, "attn_norm.weight")), lengths);
        String middle = graph.node("Add", List.of(x, attended));
        String normed = norm(middle, name(layer, family.secondNorm() + ".weight"));
        String fed = experts.in(layer) ? experts.write(layer, normed)
                : experts.dense(layer, normed);
        return graph.node("Add", List.of(middle, fed));
    }

    private String norm(String x, String name) {
        return graph.node("SimplifiedLayerNormalization",
                List.of(x, weights.vector(name, source.matrix(name))),
                attribute("axis", -1), attribute("epsilon", config.normEpsilon()),
                attribute("stash_type", 1));
    }

    private String attention(int layer, String x, Lengths lengths) {
        ModelConfig.AttentionConfig a = config.attention();
        String q = perHead(linear(layer, x, "attn_q"), layer, "attn_q_norm", a.heads());
        String k = perHead(linear(layer, x, "attn_k"), layer, "attn_k_norm", a.kvHeads());
        String v = linear(layer, x, "attn_v");
        String out = "attended_" + layer;
        boolean sliding = a.window() > 0 && a.slidingLayers().length > 0
                && a.slidingLayers()[layer];
        graph.contrib("GroupQueryAttention", List.of(q, k, v, PAST_KEY.formatted(layer),
                        PAST_VALUE.formatted(layer), lengths.past, lengths.total, lengths.cos,
                        lengths.sin),
                List.of(out, PRESENT_KEY.formatted(layer), PRESENT_VALUE.formatted(layer)),
                attribute("num_heads", a.heads()), attribute("kv_num_heads", a.kvHeads()),
                attribute("scale", config.attentionScale()), attribute("do_rotary", 1),
                attribute("rotary_interleaved",
                        config.rope().pairing() == RopeSpec.Pairing.INTERLEAVED ? 1 : 0),
                attribute("local_window_size", sliding ? a.window() : -1),
                attribute("softcap", a.softcap()));
        return linear(layer, out, "attn_output");
    }

    private String linear(int layer, String x, String part) {
        String weight = name(layer, part + ".weight");
        String bias = name(layer, part + ".bias");
        String y = weights.product(x, weight, source.matrix(weight));
        return source.has(bias)
                ? graph.node("Add", List.of(y, weights.vector(bias, source.matrix(bias)))) : y;
    }

    /// A norm of each head before the rotation, where the family has one: [B,S,H*C] as [B,S,H,C]
    /// and back.
    private String perHead(String x, int layer, String part, int heads) {
        String weight = name(layer, part + ".weight");
        if (!source.has(weight)) {
            return x;
        }
        int dim = config.attention().keyDim();
        String split = graph.node("Reshape",
                List.of(x, graph.integers(weight + ".split", 0, 0, heads, dim)));
        return graph.node("Reshape", List.of(norm(split, weight),
                graph.integers(weight + ".joined", 0, 0, (long) heads * dim)));
    }

    private static String name(int layer, String rest) {
        return "blk." + layer + "." + rest;
    }
}
