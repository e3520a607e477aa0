package dev.sluice.models.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.models.CausalLm;
import dev.sluice.models.GraphOptions;
import dev.sluice.models.KvPlan;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.MalformedModelException;
import dev.sluice.models.MemoryPlan;
import dev.sluice.models.ModelConfig;
import dev.sluice.models.ModelPlan;
import dev.sluice.models.ModelTexts;
import dev.sluice.models.RopeScaling;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.file.FileTensor;
import dev.sluice.models.file.ModelGraph;
import dev.sluice.models.json.Json;
import dev.sluice.models.onnx.DecoderSignature.Cache;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// A folder with an ONNX decoder, its weights, and the texts beside it. Owns the mappings. Any
/// thread.
final class OnnxFolder implements ModelGraph {
    /// A sequence more than runs at once, and one copy under way: a page holds a whole sequence,
    /// so the prefixes that stay cached are few.
    private static final int SPARE_PAGES = 2;

    private final Path path;
    private final Path folder;
    private final Arena arena;
    private final GenAiConfig config;
    private final GraphFile graph;
    private final DecoderSignature signature;

    private OnnxFolder(Path path, Arena arena, boolean sharing) {
        this.path = path;
        this.arena = arena;
        folder = Files.isDirectory(path) ? path : path.toAbsolutePath().getParent();
        config = GenAiConfig.read(folder);
        graph = GraphFile.read(GraphPath.of(path, config), arena);
        DecoderSignature found = DecoderSignature.of(graph, config);
        signature = sharing ? found : found.unshared();
    }

    static OnnxFolder open(Path path) {
        return open(path, true);
    }

    /// @param sharing  whether caches are appended to in place where the graph can
    static OnnxFolder open(Path path, boolean sharing) {
        Arena arena = Arena.ofShared();
        boolean opened = false;
        try {
            var folder = new OnnxFolder(path, arena, sharing);
            opened = true;
            return folder;
        } finally {
            if (!opened) {
                arena.close();
            }
        }
    }

    @Override
    public Path path() { return path; }

    @Override
    public List<FileTensor> tensors() { return graph.weights(); }

    @Override
    public boolean has(String name) {
        return graph.weights().stream().anyMatch(tensor -> tensor.name().equals(name));
    }

    @Override
    public FileTensor tensor(String name) {
        return graph.weights().stream().filter(tensor -> tensor.name().equals(name)).findFirst()
                .orElseThrow(() -> new MalformedModelException(path, "no tensor '" + name + "'"));
    }

    @Override
    public ModelTexts texts() {
        ModelTexts texts = OnnxTexts.read(folder);
        return new ModelTexts(new MarkedTokenizer(texts.tokenizer(), config.marks()),
                texts.chatTemplate());
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }

    // ---- plan ---------------------------------------------------------------------------

    @Override
    public ModelPlan plan(LoadOptions options) {
        int context = config.contextLength();
        int usual = config.usualLength();
        int positions = options.contextTokens() > 0 ? options.contextTokens()
                : Math.min(usual > 0 ? usual : LoadOptions.DEFAULT_CONTEXT_MAX,
                        LoadOptions.DEFAULT_CONTEXT_MAX);
        if (context > 0 && positions > context) {
            throw new UnsupportedModelException("%s: %d positions, the graph is made for %d"
                    .formatted(path, positions, context));
        }
        long perPosition = 0;
        for (Cache cache : signature.caches()) {
            perPosition += cache.strips() * cache.stepBytes();
        }
        KvPlan kv = new KvPlan(kvType(), positions,
                List.of(new KvPlan.Group(layers(), 0, 0, perPosition * positions)));
        long pages = options.sequences() + SPARE_PAGES;
        kv = kv.within(options.kvBytes() > 0 ? options.kvBytes() : pages * perPosition * positions,
                options.sequences() + SPARE_PAGES, positions, options.maxRows());
        long weights = LoadedModel.weightBytes(this);
        // A session keeps the weights once more, in the order that its kernels read.
        long scratch = weights + 4L * Math.min(options.maxRows() * (long) vocab(), 16 << 20);
        return new ModelPlan(modelConfig(), positions, kv, new MemoryPlan(weights,
                new MemoryPlan.ExpertPlan(0, 0, 0), kv.byteSize(), scratch));
    }

    private DType kvType() {
        return switch (signature.caches().getFirst().past().type()) {
            case FLOAT16 -> DType.F16;
            case BFLOAT16 -> DType.BF16;
            default -> DType.F32;
        };
    }

    private int layers() {
        return config.layers() > 0 ? config.layers() : Math.ceilDiv(signature.caches().size(), 2);
    }

    private int vocab() {
        long[] dims = signature.logits().dims();
        long last = dims.length > 0 ? dims[dims.length - 1] : -1;
        int vocab = last > 0 ? Math.toIntExact(last) : config.vocab();
        if (vocab < 1) {
            throw new UnsupportedModelException(
                    path + ": neither the graph nor a config beside it gives the vocabulary");
        }
        return vocab;
    }

    /// What is known of the graph; the rest of a graph is its own affair.
    private ModelConfig modelConfig() {
        Cache cache = signature.caches().getFirst();
        int rank = cache.past().dims().length;
        int keys = (int) cache.past().dims()[rank - 3];
        int size = (int) cache.past().dims()[rank - 1];
        GenAiConfig.Heads heads = config.heads();
        var attention = new ModelConfig.AttentionConfig(Math.max(keys, heads.queries()), keys,
                size, size, 0, 0, 0, new boolean[0], new boolean[0]);
        var rope = new ModelConfig.RopeConfig(size - size % 2, 10_000, 10_000, true,
                new RopeScaling.None(), RopeSpec.Pairing.HALVES);
        return new ModelConfig("onnx " + config.family(), folder.getFileName().toString(), vocab(),
                config.contextLength(), layers(), Math.max(1, heads.hidden()), 0, 0, false,
                attention, rope, new ModelConfig.Scales(0, 1, 1, 0),
                ModelConfig.ExpertConfig.NONE, ModelConfig.LatentConfig.NONE);
    }

    // ---- running ------------------------------------------------------------------------

    @Override
    public String runner(GraphOptions options) {
        return GraphProvider.choose(options).toString();
    }

    @Override
    public CausalLm load(ModelPlan plan, LoadOptions options) {
        var sizes = new OnnxCausalLm.Sizes(vocab(), plan.positions(), options.maxRows(),
                options.sequences());
        OrtSession session = session(options.graph());
        return new OnnxCausalLm(session, signature, sizes, plan.kv(), () -> {
            try {
                session.close();
            } catch (OrtException e) {
                throw new GraphRunException("closing a session: " + e.getMessage(), e);
            } finally {
                close();
            }
        });
    }

    private OrtSession session(GraphOptions options) {
        GraphProvider provider = GraphProvider.choose(options).provider();
        try (var session = new OrtSession.SessionOptions()) {
            provider.addTo(session);
            session.setIntraOpNumThreads(options.threads());
            session.setInterOpNumThreads(1);
            // Threads that wait in a loop take the processors from the engine and from other
            // models; on a busy machine that cost three quarters of the speed.
            session.addConfigEntry("session.intra_op.allow_spinning", "0");
            session.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
            return OnnxRuntime.environment().createSession(graph.path().toString(), session);
        } catch (OrtException e) {
            throw new MalformedModelException(graph.path(), "ONNX Runtime refuses the graph: "
                    + e.getMessage().lines().findFirst().orElse(""));
        }
    }

    // ---- what is worth telling ----------------------------------------------------------

    @Override
    public Map<String, String> notes() {
        var notes = new LinkedHashMap<String, String>();
        notes.put("graph", graph.path().getFileName() + ", " + graph.nodes().size() + " nodes");
        var operators = new TreeMap<String, Integer>();
        graph.nodes().forEach(node -> operators.merge(node.operator(), 1, Integer::sum));
        notes.put("operators", operators.toString());
        notes.put("inputs", String.join(", ", signature.feeds().stream()
                .map(feed -> feed.input().name() + " " + feed.input().shape()).toList()));
        Cache cache = signature.caches().getFirst();
        notes.put("caches", "%d, the first %s %s".formatted(signature.caches().size(),
                cache.past().name(), cache.past().shape()));
        notes.put("keys and values", signature.shared()
                ? "one buffer per sequence, appended to in place; a fork copies what is in it"
                : "each run returns longer ones, so a step copies them all; a fork copies nothing");
        TokenMarks marks = config.marks();
        notes.put("marks", "a generation ends at %s; begin %s, padding %s".formatted(
                marks.ends().isEmpty() ? "what the tokenizer says" : marks.ends(),
                marks.begin().isPresent() ? marks.begin().getAsInt() : "none",
                marks.pad().isPresent() ? marks.pad().getAsInt() : "none"));
        if (!config.search().values().isEmpty()) {
            notes.put("search", Json.write(config.search().values())
                    + "; max_length bounds the context unless --context is given, sampling is the "
                    + "request's");
        }
        notes.put("logits", signature.logits().shape()
                + (signature.lastRowOnly() ? ", of the last row only" : ""));
        return notes;
    }
}
