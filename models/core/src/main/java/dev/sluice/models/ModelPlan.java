package dev.sluice.models;

import dev.sluice.models.family.DecoderLoader;
import dev.sluice.models.file.FileTensor;
import dev.sluice.models.file.ModelGraph;
import dev.sluice.models.file.TensorFile;
import java.lang.foreign.Arena;
import java.util.regex.Pattern;

/// What opening a model would give: its graph's config and the memory it would take. Nothing is
/// loaded.
///
/// @param positions of one sequence, as far as the pages of `kv` go
public record ModelPlan(ModelConfig config, int positions, KvPlan kv, MemoryPlan memory) {

    /// Weights of routed experts, by the names of GGUF files and of transformers'.
    private static final Pattern EXPERT = Pattern.compile(
            "blk[.]\\d+[.]ffn_(gate|up|down|gate_up)(_exps|[.]\\d+)[.]weight"
            + "|.*[.]experts[.](?!.*bias).*"
            + "|.*[.]block_sparse_moe[.](input|output)_linear[.]weight");

    /// Reads the config of an opened file. A family that is not supported is an
    /// [UnsupportedModelException].
    public static ModelPlan of(TensorFile file, LoadOptions options) {
        if (file instanceof ModelGraph graph) {
            return graph.plan(options);
        }
        try (Arena arena = Arena.ofConfined()) {
            var loader = DecoderLoader.of(file, options.contextTokens(), arena);
            return of(loader, file, options);
        }
    }

    /// Refuses a KV budget that is too small with an [InsufficientMemoryException].
    static ModelPlan of(DecoderLoader loader, TensorFile file, LoadOptions options) {
        ModelConfig config = loader.config();
        int wanted = options.contextTokens() > 0 ? options.contextTokens()
                : Math.min(config.contextLength(), LoadOptions.DEFAULT_CONTEXT_MAX);
        KvPlan kv = loader.kvGroups(options.kvType()).within(
                options.kvBytes(), options.sequences(), wanted, options.maxRows());
        return new ModelPlan(config, kv.positions(wanted, options.maxRows()), kv,
                MemoryPlan.of(config, options.maxRows(), kv, LoadedModel.weightBytes(file),
                        experts(config, file, options)));
    }

    private static MemoryPlan.ExpertPlan experts(ModelConfig config, TensorFile file,
            LoadOptions options) {
        long stored = 0;
        for (FileTensor tensor : file.tensors()) {
            stored += EXPERT.matcher(tensor.name()).matches() ? tensor.byteSize() : 0;
        }
        ModelConfig.ExpertConfig c = config.experts();
        long layers = Math.max(1, config.layers() - c.denseLayers());
        long one = c.experts() == 0 ? 0 : stored / layers / c.experts();
        return new MemoryPlan.ExpertPlan(stored, Math.min(stored, options.expertBytes()),
                Math.min(stored, (c.topK() + 1) * one));
    }
}
