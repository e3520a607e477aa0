package dev.sluice.models.family;

import dev.sluice.kernels.Kernels;
import dev.sluice.models.Gunzipped;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// One model and the logits that it must give, whatever the backend. Immutable.
///
/// @param model      GGUF file or folder, maybe compressed
/// @param greedy     whether the golden has a greedy continuation too
/// @param libllama   libllama's own error where the model is quantised; 0 for float32 models
record GoldenCase(Path folder, Path model, String logitsFile, boolean greedy, double libllama) {
    /// Float32 sums in another order; measured 2e-7 to 4e-6.
    private static final double FLOAT_ERROR_MAX = 1e-4;
    /// Against libllama's own error, whose activations are quantised too. Experts may flip.
    private static final double DENSE_RATIO_MAX = 1.2;
    private static final double EXPERTS_RATIO_MAX = 1.5;
    private static final int CHUNK_ROWS = 17;

    /// The cases of the folders in `root`: families in float32, from GGUF and from safetensors.
    static List<GoldenCase> families(Path root) throws IOException {
        var cases = new ArrayList<GoldenCase>();
        for (Path folder : folders(root)) {
            addFloats(cases, folder, "model-f32.gguf", true);
            addFloats(cases, folder, "hf", true);
        }
        return cases;
    }

    /// Of 700 positions: attention splits and page borders are crossed.
    static List<GoldenCase> longPrompts(Path root) throws IOException {
        var cases = new ArrayList<GoldenCase>();
        for (Path folder : folders(root.resolve("long"))) {
            addFloats(cases, folder, "model-f32.gguf", false);
        }
        return cases;
    }

    static List<GoldenCase> encodings(Path root) throws IOException {
        var cases = new ArrayList<GoldenCase>();
        for (Path folder : folders(root.resolve("quantised"))) {
            var errors = (Map<?, ?>) Json.parse(
                    Files.readAllBytes(folder.resolve("libllama-error.json")));
            for (Map.Entry<?, ?> entry : errors.entrySet()) {
                Path model = folder.resolve("model-" + entry.getKey() + ".gguf");
                if (Files.exists(model)) {
                    cases.add(new GoldenCase(folder, model,
                            "golden-logits-" + entry.getKey() + ".f32", false,
                            (Double) entry.getValue()));
                }
            }
        }
        return cases;
    }

    private static void addFloats(List<GoldenCase> cases, Path folder, String model,
            boolean greedy) {
        if (Files.exists(folder.resolve(model)) || Files.exists(folder.resolve(model + ".gz"))) {
            cases.add(new GoldenCase(folder, folder.resolve(model), "golden-logits.f32", greedy,
                    0));
        }
    }

    /// Folders with a golden.json.
    private static List<Path> folders(Path root) throws IOException {
        if (!Files.isDirectory(root)) {
            return List.of();
        }
        try (var children = Files.list(root)) {
            return children.filter(f -> Files.exists(f.resolve("golden.json"))).sorted().toList();
        }
    }

    String name() {
        return "%s/%s %s".formatted(folder.getParent().getFileName(), folder.getFileName(),
                model.getFileName());
    }

    /// Runs the prompt in chunks of 17 rows on `kernels`, which it closes, and throws an
    /// AssertionError where the result is wrong. Returns the relative error of the logits.
    ///
    /// @param exactly  whether the backend computes as libllama's float32 models do, so that its
    ///                 error on quantised ones is held to that of float32
    double check(Kernels kernels, boolean exactly) throws IOException {
        GoldenLogits golden = GoldenLogits.read(folder, logitsFile);
        var continuation = new int[greedy ? golden.greedy().length : 0];
        int[] prompt = golden.prompt();
        float[] got;
        var options = new LoadOptions(dev.sluice.kernels.DType.F32,
                prompt.length + continuation.length, 1, 64);
        try (LoadedModel loaded = LoadedModel.open(Gunzipped.file(model), kernels, options,
                _ -> { })) {
            got = GoldenLogits.run(loaded.lm(), prompt, CHUNK_ROWS, continuation);
        }
        double error = GoldenLogits.relativeError(got, golden.logits());
        double allowed = allowed(exactly);
        if (!(error <= allowed)) {
            throw new AssertionError("relative error %.2e, allowed %.2e (libllama's own is %.2e)"
                    .formatted(error, allowed, libllama));
        }
        if (greedy && !Arrays.equals(golden.greedy(), continuation)) {
            throw new AssertionError("greedy continuation: want %s, got %s".formatted(
                    Arrays.toString(golden.greedy()), Arrays.toString(continuation)));
        }
        return error;
    }

    private double allowed(boolean exactly) {
        if (libllama == 0 || exactly) {
            return FLOAT_ERROR_MAX;
        }
        boolean experts = folder.getFileName().toString().contains("moe");
        return (experts ? EXPERTS_RATIO_MAX : DENSE_RATIO_MAX) * libllama;
    }
}
