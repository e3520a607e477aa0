package dev.sluice.bridge.cli;

import dev.sluice.models.HostMemory;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.MalformedModelException;
import dev.sluice.models.MemoryPlan;
import dev.sluice.models.ModelConfig;
import dev.sluice.models.ModelPlan;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.file.FileTensor;
import dev.sluice.models.file.GgufFile;
import dev.sluice.models.file.GgufMetadata;
import dev.sluice.models.file.ModelGraph;
import dev.sluice.models.file.ModelPath;
import dev.sluice.models.file.SafetensorsFolder;
import dev.sluice.models.file.TensorFile;
import dev.sluice.models.json.Json;
import dev.sluice.router.ExpertCachePolicy;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `sluice inspect`: what a model file says, and what running it would take. Nothing is loaded,
/// unless `--router` is given a text to run.
@Command(name = "inspect",
        description = "Print a model's metadata, tensors, memory plan, router and chat template.")
final class InspectCommand implements Callable<Integer> {
    private static final int VALUE_CHARS = 90;
    private static final String TEMPLATE_KEY = "tokenizer.chat_template";

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "MODEL", description = "A .gguf file, a folder with safetensors or "
            + "ONNX, or a name that 'list' shows.")
    private String model;

    @Option(names = "--expert-memory", paramLabel = "SIZE", converter = ByteSize.Converter.class,
            description = "Plan for experts that may take so much memory.")
    private Optional<ByteSize> expertMemory;

    @Option(names = "--tensors", description = "List every tensor.")
    private boolean everyTensor;

    @Option(names = "--router",
            description = "Print how each layer of a mixture of experts routes, and no more.")
    private boolean router;

    @Option(names = "--file", paramLabel = "TEXT",
            description = "With --router: run this text, and print where its tokens went.")
    private Optional<Path> text;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        if (text.isPresent() && !router) {
            throw new ParameterException(spec.commandLine(), "--file goes with --router");
        }
        if (router) {
            RouterReport.print(out, ModelChoice.path(model), text);
            return 0;
        }
        try (TensorFile file = ModelPath.open(ModelChoice.path(model))) {
            switch (file) {
                case GgufFile gguf -> metadata(out, gguf);
                case SafetensorsFolder folder -> metadata(out, folder);
                case ModelGraph graph -> metadata(out, graph);
            }
            tensors(out, file.tensors());
            plan(out, file);
            String template = switch (file) {
                case GgufFile gguf -> gguf.metadata().string(TEMPLATE_KEY, "");
                case SafetensorsFolder folder -> template(folder);
                case ModelGraph graph -> template(graph);
            };
            heading(out, "chat template");
            out.println(template.isEmpty() ? "none" : template);
        }
        return 0;
    }

    private static void metadata(PrintWriter out, GgufFile file) {
        out.println("== metadata");
        out.println("GGUF version %d, %d file%s".formatted(
                file.version(), file.parts(), file.parts() == 1 ? "" : "s"));
        GgufMetadata metadata = file.metadata();
        for (String key : metadata.keys()) {
            if (!key.equals(TEMPLATE_KEY)) {
                out.println("%-46s %s".formatted(key, metadata.preview(key, VALUE_CHARS)));
            }
        }
    }

    private static void metadata(PrintWriter out, SafetensorsFolder folder) {
        out.println("== metadata");
        folder.config().forEach((key, value) -> {
            String text = Json.write(value);
            out.println("%-46s %s".formatted(key, text.length() <= VALUE_CHARS ? text
                    : text.substring(0, VALUE_CHARS) + "..."));
        });
    }

    private static void metadata(PrintWriter out, ModelGraph graph) {
        out.println("== metadata");
        graph.notes().forEach((name, note) -> out.println("%-18s %s".formatted(name, note)));
    }

    private record Total(int count, long elements, long bytes) {
        Total plus(FileTensor tensor) {
            return new Total(count + 1, elements + tensor.elements(), bytes + tensor.byteSize());
        }
    }

    private void tensors(PrintWriter out, List<FileTensor> tensors) {
        heading(out, "tensors");
        var totals = new TreeMap<String, Total>();
        for (FileTensor tensor : tensors) {
            totals.merge(tensor.type().toString(), new Total(0, 0, 0).plus(tensor),
                    (sum, _) -> sum.plus(tensor));
            if (everyTensor) {
                out.println("%-46s %-8s %s".formatted(
                        tensor.name(), tensor.type(), tensor.shape()));
            }
        }
        totals.forEach((type, total) -> out.println("%-10s %5d tensors %,16d elements %10s"
                .formatted(type, total.count(), total.elements(), ByteSize.text(total.bytes()))));
    }

    private void plan(PrintWriter out, TensorFile file) {
        heading(out, "memory plan");
        if (file.tensors().isEmpty()) {
            out.println("a vocabulary without weights: it can be tokenized with, but not run");
            return;
        }
        ModelPlan plan;
        LoadOptions options = LoadOptions.defaults().withExpertMemory(
                expertMemory.map(ByteSize::bytes).orElse(LoadOptions.ALL_EXPERTS),
                ExpertCachePolicy.LRU);
        try {
            plan = ModelPlan.of(file, options);
        } catch (UnsupportedModelException e) {
            out.println("can not be run: " + e.getMessage());
            return;
        }
        out.println("weights          %10s".formatted(ByteSize.text(plan.memory().weightBytes())));
        experts(out, plan.memory().experts());
        out.println("keys and values  %10s  one sequence of %d positions: %s".formatted(
                ByteSize.text(plan.memory().kvBytes()), plan.positions(), plan.kv()));
        out.println("scratch          %10s".formatted(ByteSize.text(plan.memory().scratchBytes())));
        out.println("together         %10s  of %s available".formatted(
                ByteSize.text(plan.memory().totalBytes()),
                ByteSize.text(HostMemory.now().availableBytes())));
        router(out, plan.config());
    }

    private static void experts(PrintWriter out, MemoryPlan.ExpertPlan experts) {
        if (experts.storedBytes() == 0) {
            return;
        }
        out.println("  of them experts%10s  %s; --expert-memory may be %s or more".formatted(
                ByteSize.text(experts.memoryBytes()), experts.cached()
                        ? "of %s, the others stay in the file".formatted(
                                ByteSize.text(experts.storedBytes())) : "all of them",
                ByteSize.text(experts.minimumBytes())));
    }

    private static void router(PrintWriter out, ModelConfig config) {
        ModelConfig.ExpertConfig experts = config.experts();
        heading(out, "router");
        if (experts.experts() == 0) {
            out.println("none: a dense model of %d layers".formatted(config.layers()));
            return;
        }
        Map<String, Object> table = new java.util.LinkedHashMap<>();
        table.put("layers with experts", config.layers() - experts.denseLayers());
        table.put("layers without", experts.denseLayers());
        table.put("experts", experts.experts());
        table.put("kept per token", experts.topK());
        table.put("width of an expert", experts.hidden());
        table.put("width of the shared expert", experts.sharedHidden());
        table.put("scores", experts.sigmoid() ? "sigmoid" : "softmax");
        table.put("kept weights normalised", experts.normalize() ? "yes" : "no");
        table.put("scale of the weights", experts.scale());
        table.put("groups", experts.groups());
        table.put("groups kept", experts.groupsKept());
        table.forEach((name, value) -> out.println("%-28s %s".formatted(name, value)));
    }

    private static String template(SafetensorsFolder folder) throws IOException {
        if (folder.chatTemplate().isPresent()) {
            return Files.readString(folder.chatTemplate().get());
        }
        return folder.tokenizerConfig().get("chat_template") instanceof String text ? text : "";
    }

    /// A graph runs without texts, so their absence is no reason to stop.
    private static String template(ModelGraph graph) {
        try {
            return graph.texts().chatTemplate();
        } catch (MalformedModelException e) {
            return e.getMessage();
        }
    }

    private static void heading(PrintWriter out, String text) {
        out.println();
        out.println("== " + text);
    }
}
