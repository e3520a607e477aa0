package dev.sluice.models.family;

import dev.sluice.kernels.Kernels;
import dev.sluice.models.EncoderConfig;
import dev.sluice.models.EncoderOptions;
import dev.sluice.models.KvPlan;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.MemoryPlan;
import dev.sluice.models.ModelConfig;
import dev.sluice.models.TextEncoder;
import dev.sluice.models.file.GgufFile;
import dev.sluice.models.file.ModelGraph;
import dev.sluice.models.file.SafetensorsFolder;
import dev.sluice.models.file.TensorFile;
import java.lang.foreign.Arena;
import java.util.ArrayList;

/// From an opened file to an encoder that runs: what it is, what it takes, and the graph. One
/// thread.
public sealed interface EncoderLoader {

    /// Whether the file is an encoder. Reads metadata only.
    static boolean describes(TensorFile file) {
        return switch (file) {
            case GgufFile gguf -> GgufEncoder.describes(gguf);
            case SafetensorsFolder folder -> new FolderEncoder(folder).isEncoder();
            case ModelGraph _ -> false;
        };
    }

    /// @param copies  owns what has to be rewritten and must live as long as the encoder
    static EncoderLoader of(TensorFile file, EncoderOptions options, Arena copies) {
        return switch (file) {
            case GgufFile gguf -> {
                EncoderRole role = GgufEncoder.role(gguf);
                boolean bert = GgufEncoder.BERT.contains(
                        gguf.metadata().string("general.architecture"));
                yield bert ? new Bert(file, GgufEncoder.bert(gguf, wanted(options)), role,
                        options, copies) : decoder(file, role, options, copies);
            }
            case SafetensorsFolder folder -> {
                var described = new FolderEncoder(folder);
                yield described.isBert()
                        ? new Bert(file, described.bert(wanted(options)), described.role(),
                                options, copies)
                        : decoder(file, described.role(), options, copies);
            }
            case ModelGraph graph -> throw DecoderLoader.graphHasNoWeights(graph);
        };
    }

    private static int wanted(EncoderOptions options) {
        return options.contextTokens() > 0 ? options.contextTokens()
                : EncoderOptions.DEFAULT_CONTEXT_MAX;
    }

    private static Pooled decoder(TensorFile file, EncoderRole role, EncoderOptions options,
            Arena copies) {
        var loader = DecoderLoader.ofEncoder(file, options.contextTokens(), copies);
        return new Pooled(file, loader, role, options);
    }

    EncoderConfig config();

    MemoryPlan memory();

    /// Builds the encoder, which owns `kernels`, the file and the copies from then on.
    TextEncoder load(Kernels kernels);

    /// An encoder from the ground up.
    record Bert(TensorFile file, BertConfig bert, EncoderRole role, EncoderOptions options,
            Arena copies) implements EncoderLoader {

        @Override
        public EncoderConfig config() {
            return new EncoderConfig(role.task(), bert.architecture(), bert.name(),
                    role.pooling(), role.normalized(), role.outputs(bert.hidden()),
                    bert.contextTokens(), role.matryoshka(),
                    EncoderLoader.labels(role));
        }

        /// A text goes through whole, so there is room for the longest.
        private BertEncoder.Sizes sizes() {
            return new BertEncoder.Sizes(Math.max(options.maxRows(), bert.contextTokens()),
                    options.maxTexts());
        }

        @Override
        public MemoryPlan memory() {
            long keys = 8L * sizes().pages() * DecoderLoader.PAGE_SIZE * bert.hidden();
            long scratch = 4L * sizes().maxRows() * (8L * bert.hidden()
                    + bert.feedForward() * (bert.ropeBase() > 0 ? 2L : 1L));
            return EncoderLoader.plan(file, keys, scratch);
        }

        @Override
        public TextEncoder load(Kernels kernels) {
            return new BertLoader(file, bert, role, copies).load(kernels, config(), sizes());
        }
    }

    /// A decoder whose hidden states are pooled.
    record Pooled(TensorFile file, DecoderLoader loader, EncoderRole role,
            EncoderOptions options) implements EncoderLoader {

        @Override
        public EncoderConfig config() {
            ModelConfig model = loader.config();
            return new EncoderConfig(role.task(), model.architecture(), model.name(),
                    role.pooling(), role.normalized(), role.outputs(model.hidden()), context(),
                    role.matryoshka(), EncoderLoader.labels(role));
        }

        private int context() {
            return Math.min(wanted(options), loader.config().contextLength());
        }

        /// A batch may be a whole text; a step is a part of it.
        private DecoderEncoder.Sizes sizes() {
            return new DecoderEncoder.Sizes(
                    new Limits(options.maxRows(), options.maxTexts(), context()),
                    Math.max(options.maxRows(), context()), options.maxTexts());
        }

        private KvPlan kv() {
            KvPlan groups = loader.kvGroups(options.kvType());
            int pages = DecoderEncoder.pages(sizes().maxRows(), options.maxTexts(),
                    groups.pageSize());
            var planned = new ArrayList<KvPlan.Group>();
            for (KvPlan.Group group : groups.groups()) {
                planned.add(new KvPlan.Group(
                        group.layers(), pages, group.window(), group.bytesPerPage()));
            }
            return new KvPlan(groups.dtype(), groups.pageSize(), planned);
        }

        @Override
        public MemoryPlan memory() {
            ModelConfig model = loader.config();
            ModelConfig.AttentionConfig a = model.attention();
            long row = 5L * model.hidden() + 2L * model.feedForward()
                    + 2L * a.heads() * a.keyDim() + 2L * a.kvHeads() * a.keyDim();
            return EncoderLoader.plan(file, kv().byteSize(), 4L * options.maxRows() * row
                    + 12L * options.maxTexts() * model.hidden());
        }

        @Override
        public TextEncoder load(Kernels kernels) {
            return loader.loadEncoder(kernels, kv(), sizes(), role, config());
        }
    }

    private static java.util.List<String> labels(EncoderRole role) {
        return switch (role.task()) {
            case CLASSIFIER -> role.labels();
            case EMBEDDING, RERANKER -> java.util.List.of();
        };
    }

    private static MemoryPlan plan(TensorFile file, long kvBytes, long scratchBytes) {
        return new MemoryPlan(LoadedModel.weightBytes(file), new MemoryPlan.ExpertPlan(0, 0, 0),
                kvBytes, scratchBytes);
    }
}
