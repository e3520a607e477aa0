package dev.sluice.models.family;

import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.models.EncoderConfig;
import dev.sluice.models.RopeScaling;
import dev.sluice.models.TextEncoder;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.WeightSource;
import dev.sluice.models.family.GroupedAttention.Linear;
import dev.sluice.models.file.GgufFile;
import dev.sluice.models.file.ModelGraph;
import dev.sluice.models.file.SafetensorsFolder;
import dev.sluice.models.file.TensorFile;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// From a BERT-family file to an encoder that runs. One thread.
final class BertLoader {
    /// Stored tensors that no output needs: position counters, the heads that only training uses,
    /// and a pooler where the file is used for embeddings.
    private static final Pattern IGNORED = Pattern.compile(
            "(.*[.])?(position_ids|token_type_ids)|cls[.](predictions|seq_relationship)[.].*"
            + "|lm_head[.].*|((bert|roberta)[.])?pooler[.].*|vocab_transform[.].*");

    private final TensorFile file;
    private final BertConfig config;
    private final EncoderRole role;
    private final Arena copies;

    BertLoader(TensorFile file, BertConfig config, EncoderRole role, Arena copies) {
        this.file = file;
        this.config = config;
        this.role = role;
        this.copies = copies;
    }

    TextEncoder load(Kernels kernels, EncoderConfig encoderConfig, BertEncoder.Sizes sizes) {
        WeightSource weights = switch (file) {
            case GgufFile gguf -> new GgufWeights(gguf);
            case SafetensorsFolder folder -> new BertWeights(folder);
            case ModelGraph graph -> throw DecoderLoader.graphHasNoWeights(graph);
        };
        var reader = new WeightReader(kernels, weights);
        int hidden = config.hidden();
        Matrix tokens = reader.table("token_embd.weight", config.vocab(), hidden);
        Matrix positions = config.positionRows() == 0 ? Matrix.none(hidden)
                : reader.table("position_embd.weight", config.positionRows(), hidden);
        Matrix segments = config.segments() == 0 ? Matrix.none(hidden)
                : reader.table("token_types.weight", config.segments(), hidden);
        BertLayer.Norm norm = norm(reader, "token_embd_norm");
        var scratch = BertLayer.Scratch.of(kernels, config, sizes.maxRows(), sizes.pages());
        var layers = new ArrayList<BertLayer>(config.layers());
        for (int layer = 0; layer < config.layers(); layer++) {
            layers.add(new BertLayer(kernels, layer(reader, "blk." + layer + "."), scratch));
        }
        ScoreHead head = ScoreHead.of(kernels, weights, role, hidden);
        requireAllUsed(weights);
        return new BertEncoder(kernels, encoderConfig, config, sizes, new BertEncoder.Built(
                tokens, positions, segments, norm, ropes(kernels), List.copyOf(layers), head,
                () -> {
                    copies.close();
                    file.close();
                }));
    }

    private BertLayer.Weights layer(WeightReader reader, String prefix) {
        int hidden = config.hidden();
        int inner = config.feedForward();
        List<Linear> projections = projections(reader, prefix);
        Linear gate = reader.has(prefix + "ffn_gate.weight")
                ? reader.linear(prefix + "ffn_gate", inner, hidden)
                : new Linear(Matrix.none(hidden), Matrix.none(inner));
        return new BertLayer.Weights(projections.get(0), projections.get(1), projections.get(2),
                reader.linear(prefix + "attn_output", hidden, hidden),
                norm(reader, prefix + "attn_output_norm"), gate,
                reader.linear(prefix + "ffn_up", inner, hidden),
                reader.linear(prefix + "ffn_down", hidden, inner),
                norm(reader, prefix + "layer_output_norm"));
    }

    /// Query, key and value, stored apart or as one matrix of three parts.
    private List<Linear> projections(WeightReader reader, String prefix) {
        int hidden = config.hidden();
        if (!reader.has(prefix + "attn_qkv.weight")) {
            return List.of(reader.linear(prefix + "attn_q", hidden, hidden),
                    reader.linear(prefix + "attn_k", hidden, hidden),
                    reader.linear(prefix + "attn_v", hidden, hidden));
        }
        Matrix fused = reader.shaped(prefix + "attn_qkv.weight", 3 * hidden, hidden);
        boolean biased = reader.has(prefix + "attn_qkv.bias");
        Matrix bias = biased ? reader.vector(prefix + "attn_qkv.bias", 3 * hidden)
                .reshape(3, hidden) : Matrix.none(hidden);
        var parts = new ArrayList<Linear>();
        for (int i = 0; i < 3; i++) {
            parts.add(new Linear(
                    reader.kernels().prepare(fused.rows(i * hidden, hidden)),
                    biased ? bias.rows(i, 1) : Matrix.none(hidden)));
        }
        return parts;
    }

    private BertLayer.Norm norm(WeightReader reader, String name) {
        return new BertLayer.Norm(reader.vector(name + ".weight", config.hidden()),
                reader.vector(name + ".bias", config.hidden()), config.epsilon());
    }

    private List<RopeSpec> ropes(Kernels kernels) {
        if (config.ropeBase() == 0) {
            return List.of();
        }
        float[] frequencies = new RopeScaling.None().inverseFrequencies(
                config.headDim(), config.ropeBase());
        return List.of(new RopeSpec(
                kernels.upload(Matrix.host(frequencies, 1, frequencies.length)), 1,
                RopeSpec.Pairing.HALVES));
    }

    /// A tensor that nothing has asked for would change the output: better no model.
    private void requireAllUsed(WeightSource weights) {
        for (String name : weights.unused()) {
            if (!IGNORED.matcher(name).matches()) {
                throw new UnsupportedModelException("%s: architecture '%s' has no use for tensor %s"
                        .formatted(file.path(), config.architecture(), name));
            }
        }
    }
}
