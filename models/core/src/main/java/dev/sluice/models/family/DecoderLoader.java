package dev.sluice.models.family;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.CausalLm;
import dev.sluice.models.EncoderConfig;
import dev.sluice.models.KvPlan;
import dev.sluice.models.ModelConfig;
import dev.sluice.models.TextEncoder;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.WeightSource;
import dev.sluice.models.file.GgufFile;
import dev.sluice.models.file.ModelGraph;
import dev.sluice.models.file.SafetensorsFolder;
import dev.sluice.models.file.TensorFile;
import dev.sluice.models.json.JsonObject;
import dev.sluice.models.skip.SublayerMode;
import dev.sluice.router.ResidentExperts;
import dev.sluice.router.RoutingObserver;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/// From an opened file to a model that runs: config, weights, layers. One thread.
public final class DecoderLoader {
    /// Positions of a page. Divides the attention split, is a multiple of the quantisation block,
    /// and wastes at most 31 positions of a sequence.
    public static final int PAGE_SIZE = 32;

    /// Stored tensors that no forward pass needs: rotary tables (read with the config), prediction
    /// layers, and the vision parts of multimodal checkpoints.
    private static final Pattern IGNORED = Pattern.compile(
            "rope_(freqs|factors_long|factors_short)[.]weight|.*[.]nextn[.].*|.*rotary_emb.*"
            + "|(model[.])?(vision_tower|visual|multi_modal_projector)[.].*");

    private final TensorFile file;
    private final Family family;
    private final ModelConfig config;
    private final Arena copies;
    private final Supplier<WeightSource> weights;

    private DecoderLoader(TensorFile file, Family family, ModelConfig config, Arena copies) {
        this.file = file;
        this.family = family;
        this.config = config;
        this.copies = copies;
        weights = this::stored;
        SoundConfig.require(file.path(), family, config);
    }

    private DecoderLoader(DecoderLoader other, WeightSource weights) {
        file = other.file;
        family = other.family;
        config = other.config;
        copies = other.copies;
        this.weights = () -> weights;
    }

    /// Reads the config; no weight is touched. `copies` owns what has to be rewritten and must
    /// live as long as the model.
    public static DecoderLoader of(TensorFile file, int contextTokens, Arena copies) {
        return switch (file) {
            case GgufFile gguf -> {
                Family family = Families.of(gguf.metadata().string("general.architecture"));
                yield new DecoderLoader(gguf, family,
                        GgufConfig.read(gguf, family, contextTokens), copies);
            }
            case SafetensorsFolder folder -> {
                var json = new JsonObject(folder.path().resolve("config.json"), folder.config());
                Family family = TransformersConfig.family(json);
                yield new DecoderLoader(folder, family,
                        TransformersConfig.read(json, family, contextTokens), copies);
            }
            case ModelGraph graph -> throw graphHasNoWeights(graph);
        };
    }

    /// The same for a folder whose class has no head of its own, or one that scores.
    static DecoderLoader ofEncoder(TensorFile file, int contextTokens, Arena copies) {
        if (!(file instanceof SafetensorsFolder folder)) {
            return of(file, contextTokens, copies);
        }
        var json = new JsonObject(folder.path().resolve("config.json"), folder.config());
        Family family = TransformersConfig.encoderFamily(json);
        return new DecoderLoader(folder, family,
                TransformersConfig.read(json, family, contextTokens), copies);
    }

    public ModelConfig config() { return config; }

    /// The groups of layers that forget alike, as yet without pages.
    public KvPlan kvGroups(DType kvType) {
        return KvGroups.of(config, family, kvType, PAGE_SIZE);
    }

    /// The same model with other weights of the same names and shapes: a model of a given shape
    /// can then be timed where no file of it is.
    public DecoderLoader withWeights(WeightSource other) {
        return new DecoderLoader(this, other);
    }

    /// The file's weights by GGUF names, as views of it, unless others were put in their place.
    public WeightSource weights() { return weights.get(); }

    private WeightSource stored() {
        return switch (file) {
            case GgufFile gguf -> new GgufWeights(gguf);
            case SafetensorsFolder folder ->
                    new TransformersWeights(folder, family.architecture(), copies);
            case ModelGraph graph -> throw graphHasNoWeights(graph);
        };
    }

    static UnsupportedModelException graphHasNoWeights(ModelGraph graph) {
        return new UnsupportedModelException(
                graph.path() + ": a graph is run as it is; no weights can be taken from it");
    }

    /// Builds the model with the pages of `kvPlan`, which came from [#kvGroups]. `layersDone` hears
    /// how many layers are ready. The caller's `kernels` and the file belong to the model from then
    /// on, which closes them, and so does the store of `hooks`.
    public CausalLm load(Kernels kernels, KvPlan kvPlan, Limits limits, ExpertHooks hooks,
            SublayerMode mode, IntConsumer layersDone) {
        WeightSource source = weights();
        var kv = new KvLayers(kernels, config, family, kvPlan);
        var parts = new Parts(kernels, config, source, kv, hooks, limits.maxRows());
        Matrix table = parts.shaped("token_embd.weight", config.vocab(), config.hidden());
        var sublayers = new Sublayers(kernels, config, kv.ropes().getFirst().dims(),
                limits.maxRows(), mode);
        var layers = new ArrayList<DecoderLayer>(config.layers());
        for (int layer = 0; layer < config.layers(); layer++) {
            layers.add(sublayers.around(layer, family.layer(parts, layer)));
            layersDone.accept(layer + 1);
        }
        Matrix output = config.tied() ? kernels.prepare(table)
                : parts.prepared("output.weight", config.vocab(), config.hidden());
        var head = new LogitsHead(kernels, config, parts.vector("output_norm.weight"), output);
        requireAllUsed(source);
        hooks.store().ready();
        var stack = new DecoderStack(kernels, config, limits, kv, new DecoderStack.Weights(
                kernels.upload(table), family.embeddingScale(config), List.copyOf(layers)));
        return new Decoder(kernels, config, limits,
                new Decoder.Built(stack, head, kv, hooks, this::free));
    }

    /// Builds the same layers without a head that generates.
    TextEncoder loadEncoder(Kernels kernels, KvPlan kvPlan, DecoderEncoder.Sizes sizes,
            EncoderRole role, EncoderConfig encoderConfig) {
        WeightSource source = weights();
        var kv = new KvLayers(kernels, config, family, kvPlan);
        var hooks = new ExpertHooks(RoutingObserver.none(), new ResidentExperts());
        Limits limits = sizes.step();
        var parts = new Parts(kernels, config, source, kv, hooks, limits.maxRows());
        Matrix table = parts.shaped("token_embd.weight", config.vocab(), config.hidden());
        var layers = new ArrayList<DecoderLayer>(config.layers());
        for (int layer = 0; layer < config.layers(); layer++) {
            layers.add(family.layer(parts, layer));
        }
        var stack = new DecoderStack(kernels, config, limits, kv, new DecoderStack.Weights(
                kernels.upload(table), family.embeddingScale(config), List.copyOf(layers)));
        Matrix norm = parts.vector("output_norm.weight");
        ScoreHead head = ScoreHead.of(kernels, source, role, config.hidden());
        if (source.has("output.weight")) {
            source.matrix("output.weight");
        }
        requireAllUsed(source);
        hooks.store().ready();
        return new DecoderEncoder(kernels, encoderConfig, config, new DecoderEncoder.Built(
                stack, norm, head, kv.plan(), sizes, this::free));
    }

    private void free() {
        copies.close();
        file.close();
    }

    /// A tensor that the family does not know of would change the output: better no model.
    private void requireAllUsed(WeightSource source) {
        var unknown = new ArrayList<String>();
        for (String name : source.unused()) {
            if (!IGNORED.matcher(name).matches() && !isPredictionLayer(name)
                    && !(config.tied() && name.endsWith("lm_head.weight"))) {
                unknown.add(name);
            }
        }
        if (!unknown.isEmpty()) {
            throw new UnsupportedModelException(
                    "%s: %d tensors that family '%s' has no use for, the first: %s".formatted(
                            file.path(), unknown.size(), family.architecture(),
                            unknown.getFirst()));
        }
    }

    /// Layers behind the last one that runs (DeepSeek-V3's multi-token prediction).
    private boolean isPredictionLayer(String name) {
        var matcher = Pattern.compile("(?:blk|.*layers)[.](\\d{1,4})[.].*").matcher(name);
        return matcher.matches() && Integer.parseInt(matcher.group(1)) >= config.layers();
    }
}
