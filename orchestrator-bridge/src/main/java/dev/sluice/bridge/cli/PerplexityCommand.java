package dev.sluice.bridge.cli;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.json.Json;
import dev.sluice.models.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `sluice perplexity`: how surprised a model is by a text. The text's tokens are cut into windows
/// of the context's length; within each every token but the first is judged by those before it.
@Command(name = "perplexity",
        description = "Print each token's negative log-likelihood, and the perplexity.")
final class PerplexityCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private ModelOptions options;

    @Option(names = "--file", required = true, paramLabel = "F",
            description = "The text, UTF-8.")
    private Path file;

    @Option(names = "--context", paramLabel = "TOKENS", defaultValue = "0",
            description = "Tokens of a window (default: the model's limit, at most 4096).")
    private int context;

    @Option(names = "--summary", description = "Print the last line only.")
    private boolean summary;

    @Override
    public Integer call() throws IOException {
        String text = TextFiles.read(file);
        if (context == 1 || context < 0) {
            throw new ParameterException(spec.commandLine(), "--context must be at least 2");
        }
        BackendChoice backend = options.backend();
        var load = new LoadOptions(DType.F32, context, 1, LoadOptions.DEFAULT_MAX_ROWS);
        try (LoadedModel model = options.open(backend, load)) {
            spec.commandLine().getErr().println(options.note(backend, model));
            Tokenizer tokenizer = model.texts().tokenizer();
            int[] tokens = tokenizer.encodePrompt(text);
            if (tokens.length < 2) {
                throw new CommandFailedException(
                        file + ": %d tokens, at least 2 are needed".formatted(tokens.length));
            }
            judge(model, tokenizer, tokens);
        }
        return 0;
    }

    private void judge(LoadedModel model, Tokenizer tokenizer, int[] tokens) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        int window = Math.min(model.lm().contextLength(), tokens.length);
        var sum = new double[1];
        var judged = new int[1];
        try (var rows = new TokenRows(model.lm(), 1, window)) {
            for (int from = 0; from < tokens.length - 1; from += window) {
                int[] part = Arrays.copyOfRange(
                        tokens, from, Math.min(tokens.length, from + window));
                rows.readAll(part, (logits, row, position) -> {
                    if (position + 1 < part.length) {
                        int next = part[position + 1];
                        double surprise = negativeLogLikelihood(logits, row, next);
                        sum[0] += surprise;
                        judged[0]++;
                        if (!summary) {
                            out.println("%d\t%.6f\t%s".formatted(
                                    next, surprise, Json.write(tokenizer.name(next))));
                        }
                    }
                });
            }
        }
        double mean = sum[0] / judged[0];
        out.println("perplexity %.6f, mean negative log-likelihood %.6f, %d tokens"
                .formatted(Math.exp(mean), mean, judged[0]));
    }

    /// -ln softmax(logits)[token], with the sum in double.
    static double negativeLogLikelihood(Matrix logits, int row, int token) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < logits.cols(); i++) {
            max = Math.max(max, logits.f32(row, i));
        }
        double sum = 0;
        for (int i = 0; i < logits.cols(); i++) {
            sum += Math.exp(logits.f32(row, i) - (double) max);
        }
        return max + Math.log(sum) - logits.f32(row, token);
    }
}
