package dev.sluice.bridge.cli;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `sluice logits`: what a model computes for given tokens, for comparing it with a reference.
/// Tokens are taken as they are, and keys and values are float32 unless asked otherwise.
@Command(name = "logits",
        description = "Write the logits of every position, float32 little-endian "
                + "[positions][vocab].")
final class LogitsCommand implements Callable<Integer> {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @Spec
    private CommandSpec spec;

    @Mixin
    private ModelOptions options;

    @Option(names = "--tokens", required = true, split = ",", paramLabel = "ID",
            description = "Token ids; nothing is added.")
    private int[] tokens;

    @Option(names = "--out", required = true, paramLabel = "FILE",
            description = "The file to write.")
    private Path out;

    @Override
    public Integer call() throws IOException {
        BackendChoice backend = options.backend();
        LoadOptions load = new LoadOptions(DType.F32, tokens.length, 1,
                Math.min(tokens.length, LoadOptions.DEFAULT_MAX_ROWS));
        try (LoadedModel model = options.open(backend, load)) {
            requireInVocabulary(model.lm().vocab());
            try (var rows = new TokenRows(model.lm(), 1, tokens.length);
                    OutputStream file = Files.newOutputStream(out)) {
                rows.readAll(tokens, (logits, row, _) -> file.write(bytes(logits, row)));
            }
            spec.commandLine().getErr().println("%d positions of %d logits; %s; %s".formatted(
                    tokens.length, model.lm().vocab(), options.note(backend, model),
                    model.memory()));
            model.expertCacheStatistics().ifPresent(spec.commandLine().getErr()::println);
        }
        return 0;
    }

    private static byte[] bytes(Matrix logits, int row) {
        var bytes = new byte[4 * logits.cols()];
        MemorySegment to = MemorySegment.ofArray(bytes);
        for (int i = 0; i < logits.cols(); i++) {
            to.set(FLOAT, 4L * i, logits.f32(row, i));
        }
        return bytes;
    }

    private void requireInVocabulary(int vocab) {
        for (int token : tokens) {
            if (token < 0 || token >= vocab) {
                throw new CommandFailedException(
                        "token %d is not in the vocabulary of %d".formatted(token, vocab));
            }
        }
    }
}
